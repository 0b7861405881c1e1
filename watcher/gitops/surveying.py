"""What going back in Git would mean for a release: which commits, whose, and how a revert may come into the branch."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watcher.config.gitops import ConfigRepository, Write, bare
from watcher.core.gitops import CLOCKS, Application, GitSource, Prospect, Route, unpinned
from watcher.core.model import Workload
from watcher.gitops.drafting import Draft, Drafting, Wanted, path_set
from watcher.gitops.durations import Durations
from watcher.gitops.means import Means
from watcher.gitops.naming import Naming
from watcher.gitops.origin import MOST_LOOKED_AT, automation_of, came
from watcher.gitops.protections import Protections
from watcher.gitops.versions import marks_of
from watcher.ports import Rejected, Unavailable, WatcherError
from watcher.ports.git import NothingToRevert, Protected, Repository

AT_ONCE = 600.0
"""Seconds in which commits may come to be deployed together, where nothing tells how they were."""


@dataclass(frozen=True, slots=True)
class Question:
    """A release, and the version that is to come back.

    `began` is when the release did, Unix seconds.  `known` are the commits at which the target ran, one for each source
    of the application; empty: not noted.  `target` is the template that is to come back.
    """

    workload: Workload
    release: str
    began: float
    target_images: tuple[str, ...]
    bad_images: tuple[str, ...]
    application: Application
    known: tuple[str, ...] = ()
    target: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A source that changed since the target ran, and the repository it is in."""

    entry: ConfigRepository
    repository: Repository
    branch: str
    wanted: Wanted
    brought: bool  # whether the version came by its commits


class Surveying:
    """Looks at repositories and forges; nothing is written there."""

    def __init__(self, means: Means, drafting: Drafting, protections: Protections, durations: Durations) -> None:
        self._means, self._drafting, self._naming = means, drafting, Naming(means)
        self._protections, self._durations = protections, durations

    async def survey(self, question: Question) -> Prospect:
        """What a revert would mean now.  Never raises for what others answer: there is no way then, and why."""
        try:
            return await self._surveyed(question)
        except Unavailable as error:
            return self._no_way(question, f"could not be looked at: {error}")
        except WatcherError as error:
            return self._no_way(question, str(error))

    async def _surveyed(self, question: Question) -> Prospect:
        application = question.application
        if application.refused or not application.sources:
            return self._no_way(question, application.refused or f"{application} has no source in Git")
        places = [each for source in application.sources for each in await self._places(question, source)]
        if not places:
            return self._no_way(question, _not_by_commit(application, "changes what it is rendered from"))
        brought = [each for each in places if each.brought]
        if not brought:
            text = f"has brought {', '.join(question.bad_images)} in place of {', '.join(question.target_images)}"
            return self._no_way(question, _not_by_commit(application, text), places[0].wanted)
        if len(brought) > 1:
            named = ", ".join(bare(each.wanted.source.repo) for each in brought)
            return self._no_way(question, f"commits in several sources came with it ({named}); take them back by hand")
        try:
            return await self._weighed(question, brought[0])
        except Unavailable:
            raise
        except WatcherError as error:
            return self._no_way(question, str(error), brought[0].wanted)

    async def _places(self, question: Question, source: GitSource) -> list[Place]:
        """The source, if commits have changed it since.  Raises Rejected where that cannot be told."""
        application = question.application
        release = came(application, source, question.began, question.known)
        if release is None or not source.deployed:
            what = "is deployed" if not source.deployed else "was deployed before the release"
            raise Rejected(f"it is not known which commit of {bare(source.repo)} {what}, so none can be taken back")
        if not release.before:
            return []
        entry = self._means.entry(source.repo)
        repository = self._means.repositories.repository(source.repo)
        source = replace(unpinned(application, source), deployed=release.brought)
        branch = await self._means.branch(repository, source)
        head = await repository.fetch(branch)
        found = []
        for good in release.before:
            paths = await path_set(self._means.manifests, repository, source, good)
            notes = await repository.commits(good, source.deployed, paths)
            wanted = Wanted(head, source, good, notes, paths)
            if release.guessed:
                wanted = _without_later(question, wanted)
            wanted = await self._without_what_cancels_out(repository, wanted)
            if release.guessed or good in question.known:
                wanted = await self._narrowed(question, repository, wanted)
            if notes and await self._brought(question, repository, wanted, proven=good in question.known):
                return [Place(entry, repository, branch, wanted, brought=True)]
            found += [Place(entry, repository, branch, wanted, brought=False)] if notes else []
        return found[:1]

    async def _without_what_cancels_out(self, repository: Repository, wanted: Wanted) -> Wanted:
        """Without older commits that together changed nothing, as a bad version and its revert."""
        for older in wanted.notes[1 : 1 + MOST_LOOKED_AT]:
            if not await repository.changed(wanted.good, older.sha, wanted.paths):
                notes = await repository.commits(older.sha, wanted.source.deployed, wanted.paths)
                return replace(wanted, good=older.sha, notes=notes)
        return wanted

    async def _narrowed(self, question: Question, repository: Repository, wanted: Wanted) -> Wanted:
        """Without what was deployed long before the release: as few of the newest commits as lead to the target."""
        target = marks_of(question.target_images, question.bad_images)
        for newer, older in enumerate(wanted.notes[1:], start=1):
            if older.at > question.began - AT_ONCE:
                continue  # it may have come with the release
            files = await repository.changed(older.sha, wanted.source.deployed, wanted.paths)
            if not target or await self._naming.names(repository, older.sha, files, wanted, target):
                return replace(wanted, good=older.sha, notes=wanted.notes[:newer])
        return wanted

    async def _brought(self, question: Question, repository: Repository, wanted: Wanted, *, proven: bool) -> bool:
        """Whether the version came by these commits: Git names it, and before them the target and not the version.

        Somebody may have set it past Git, and commits of the same time have nothing to do with it.
        """
        bad = marks_of(question.bad_images, question.target_images)
        target = marks_of(question.target_images, question.bad_images)
        if not bad:  # the same images: no text tells at which commit the target ran, so where that was noted it counts
            return (proven or not any(question.known)) and not question.application.overridden
        files = await repository.changed(wanted.good, wanted.source.deployed, wanted.paths)
        if not await self._naming.names(repository, wanted.source.deployed, files, wanted, bad):
            return False
        if target and not await self._naming.names(repository, wanted.good, files, wanted, target):
            return False
        return proven or not await self._naming.was_bad(question.workload, repository, files, wanted, bad)

    async def _weighed(self, question: Question, place: Place) -> Prospect:
        wanted = place.wanted
        prospect = Prospect(
            at=self._means.clock.now(),
            release=question.release,
            source=wanted.source,
            good=wanted.good,
            commits=wanted.notes,
            route=Route.PUSH,
            automation=automation_of(wanted.notes[0]),
            seconds=self._durations.seconds(question.application),
        )
        try:
            draft = await self._drafting.draft(
                place.repository, place.entry, wanted, "A look at what a revert would do\n"
            )
        except NothingToRevert as error:
            return replace(prospect, reverted_by=error.by or wanted.head)
        why = await self._no_push(place, draft)
        if not why:
            return prospect
        try:
            self._means.forge(wanted.source.repo)
        except Rejected as error:
            return replace(prospect, route=Route.NONE, why=f"{why}; {error}")
        return replace(prospect, route=Route.PULL_REQUEST, why=why)

    async def _no_push(self, place: Place, draft: Draft) -> str:
        """Why it would not be pushed; empty: it would.  Raises Forbidden, Rejected where nothing may be written."""
        url = place.wanted.source.repo
        if place.entry.write is Write.PULL_REQUEST:
            return "pull requests are asked for in this repository (write: pullRequest)"
        why = self._protections.why(url, place.branch) or "; ".join(draft.doubts)
        if why or self._protections.is_open(url, place.branch):
            return why
        if await self._protected(url, place.branch):
            why = f"the branch {place.branch} is protected"
            self._protections.note(url, place.branch, why)
            return why
        try:
            await place.repository.may_push(place.branch)
        except Protected as error:
            self._protections.note(url, place.branch, str(error))
            return str(error)
        self._protections.note_open(url, place.branch)
        return ""

    async def _protected(self, url: str, branch: str) -> bool:
        """What the forge says; where it says nothing, a push finds out."""
        forge = self._means.forges.forge(url)
        try:
            return forge is not None and await forge.protected(branch)
        except WatcherError:
            return False

    def _no_way(self, question: Question, why: str, wanted: Wanted | None = None) -> Prospect:
        """`wanted`: commits that were found all the same, for people to see."""
        sources = question.application.sources
        source = wanted.source if wanted is not None else sources[0] if sources else GitSource("", "", "", ())
        good, commits = (wanted.good, wanted.notes) if wanted is not None else ("", ())
        return Prospect(self._means.clock.now(), question.release, source, good, commits, Route.NONE, why)


def _without_later(question: Question, wanted: Wanted) -> Wanted:
    """Without the newest commits that were made after the release had begun: what is deployed now may have them too.

    Where that would be all of them, the clocks of those who commit tell nothing.
    """
    newest = next((each for each, note in enumerate(wanted.notes) if note.at <= question.began + CLOCKS), 0)
    if not newest:
        return wanted
    notes = wanted.notes[newest:]
    return replace(wanted, source=replace(wanted.source, deployed=notes[0].sha), notes=notes)


def _not_by_commit(application: Application, what: str) -> str:
    if application.overridden:
        return (
            f"the version did not come by a commit: {application.overridden} is set in {application} itself;"
            " suspend whatever sets it (an image updater), and set it back there"
        )
    return (
        f"no commit {what} since the target ran, so the version came another way"
        " (a change in the cluster, a moved tag, another source)"
    )
