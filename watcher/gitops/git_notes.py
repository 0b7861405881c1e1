"""Migration notes in Git: those that came between the commits of two versions, and hook Jobs that changed there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from watcher.config.gitops import ConfigRepository, bare
from watcher.core.gitops import Application, GitSource
from watcher.core.migrations import MigrationNote
from watcher.core.model import Workload
from watcher.gitops.hooks import changed_hooks
from watcher.gitops.means import Means
from watcher.gitops.noted import MOST, Noted, read
from watcher.gitops.origin import came
from watcher.ports import Rejected
from watcher.ports.git import Rendered, Repository
from watcher.ports.migrations import MigrationQuestion


@dataclass(frozen=True, slots=True)
class Span:
    """Commits of one repository: the one at which the target ran, and the one that brought the release."""

    entry: ConfigRepository
    repo: str
    good: str
    brought: str
    source: GitSource | None = None  # of the application; None: a repository with code


class GitNotes:
    """Looks into the repositories that are configured with notes."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def between(self, question: MigrationQuestion) -> Noted:
        """What came between.  Raises Unavailable, Forbidden, Rejected."""
        spans, unknown = self._spans(question)
        notes: list[MigrationNote] = []
        for span in spans:
            notes += await self._notes(question.view.workload, span)
        noted = [each for each in spans if each.entry.migrations]
        hooks = await self._hooks(question, spans) if not notes else ()
        return Noted(tuple(notes), tuple(unknown), bool(noted) and not unknown, hooks=hooks)

    def holds_notes(self, question: MigrationQuestion) -> bool:
        """Whether notes on this workload are in one of the repositories."""
        spans, unknown = self._spans(question)
        return bool(unknown) or any(each.entry.migrations for each in spans)

    def _spans(self, question: MigrationQuestion) -> tuple[list[Span], list[str]]:
        """The commits to look at, and what is not known of those that should be."""
        spans: list[Span] = []
        unknown: list[str] = []
        application = question.view.application
        for source in application.sources if application is not None else ():
            entry = self._means.configured().repository(source.repo)
            if application is None or entry is None:
                continue
            span = _of_source(question, application, source, entry)
            if span is not None:
                spans.append(span)
            elif entry.migrations:
                unknown.append(f"which commits of {bare(source.repo)} lie between is not known")
        for entry in self._means.configured().repositories:
            if entry.images and _is_built_from(question, entry):
                code = _of_code(question, entry)
                spans += [code] if code is not None else []
                unknown += [] if code is not None else [_no_commit(entry)]
        return spans, unknown

    async def _notes(self, workload: Workload, span: Span) -> list[MigrationNote]:
        """Notes that are there at the newer commit and were not, or were of another migration, at the older one."""
        globs = [_filled(each, workload) for each in span.entry.migrations]
        if not globs or span.good == span.brought:
            return []
        repository = self._means.repositories.repository(span.repo)
        changed = await repository.changed(span.good, span.brought, sorted({_directory(each) for each in globs}))
        files = [each for each in changed if any(_fits(each, glob) for glob in globs)]
        if len(files) > MOST:
            raise Rejected(f"more than {MOST} migration notes of {bare(span.repo)} changed in between")
        found = [await self._note(repository, span, file) for file in files]
        return [each for each in reversed(found) if each is not None]

    async def _note(self, repository: Repository, span: Span, file: str) -> MigrationNote | None:
        content = await repository.read(span.brought, file)
        if content is None:
            return None
        after = read(content, file, f"{file} at {span.brought[:12]} of {bare(span.repo)}")
        earlier = await repository.read(span.good, file)
        before = read(earlier, file, "") if earlier is not None else None
        return None if before is not None and before.name == after.name else after

    async def _hooks(self, question: MigrationQuestion, spans: Sequence[Span]) -> tuple[str, ...]:
        """Hook Jobs that changed.  Where they cannot be looked at, that is said only where notes are required."""
        found: list[str] = []
        for span in spans:
            if span.source is None or span.good == span.brought:
                continue
            before, after = await self._rendered(span, span.good), await self._rendered(span, span.brought)
            if before.objects is not None and after.objects is not None:
                found += [f"{each} ({bare(span.repo)})" for each in changed_hooks(before.objects, after.objects)]
            elif question.required and not span.entry.migrations:
                found.append(f"whether a hook Job changed cannot be told: {before.why or after.why}")
        return tuple(found[:MOST])

    async def _rendered(self, span: Span, revision: str) -> Rendered:
        source = span.source
        if source is None or source.beyond:
            return Rendered(None, f"it is rendered with {source.beyond if source else 'nothing'} too")
        repository = self._means.repositories.repository(span.repo)
        try:
            return await self._means.manifests.render(repository, revision, source.paths)
        except Rejected as error:
            return Rendered(None, str(error))


def _of_source(
    question: MigrationQuestion, application: Application, source: GitSource, entry: ConfigRepository
) -> Span | None:
    """The commits of one source; None: they are not known.  Where the target's was not noted, the oldest counts."""
    release = came(application, source, question.began, question.known)
    if release is None:
        return None
    index = application.sources.index(source)
    noted = question.known[index] if len(question.known) == len(application.sources) else ""
    good = noted or next(reversed(release.before), release.brought)
    return Span(entry, source.repo, good, release.brought, source)


def _of_code(question: MigrationQuestion, entry: ConfigRepository) -> Span | None:
    """The commits that the pod templates say they were made from; None: they do not."""
    view = question.view
    target, release = view.with_template(question.target), view.with_template(question.template)
    if target is None or release is None or not target.commit or not release.commit:
        return None
    return Span(entry, entry.urls[0], target.commit, release.commit)


def _no_commit(entry: ConfigRepository) -> str:
    return f"which commits of {bare(entry.urls[0])} lie between is not known: pod templates lack watcher.dev/commit"


def _is_built_from(question: MigrationQuestion, entry: ConfigRepository) -> bool:
    release = question.view.with_template(question.template)
    images = release.images if release is not None else ()
    return any(fnmatchcase(_bare_image(image), glob) for image in images for glob in entry.images)


def _bare_image(image: str) -> str:
    """The name of an image without tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def _filled(glob: str, workload: Workload) -> str:
    return glob.replace("{namespace}", workload.namespace).replace("{name}", workload.name)


def _directory(glob: str) -> str:
    """The directory that all files of a glob are below."""
    return "/".join(_plain_parts(glob.split("/")[:-1]))


def _plain_parts(parts: Sequence[str]) -> Iterator[str]:
    for part in parts:
        if any(character in part for character in "*?["):
            return
        yield part


def _fits(file: str, glob: str) -> bool:
    return any(fnmatchcase(file, form) for form in (glob, glob.replace("**/", "")))
