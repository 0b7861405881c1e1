"""A revert as it would be on the head of a branch, and why it should not come into the branch by a push."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.config.gitops import ConfigRepository, bare
from watcher.core.gitops import CommitNote, GitSource
from watcher.core.keepers.blast import objections
from watcher.core.keepers.paths import outermost
from watcher.gitops.versions import only_versions
from watcher.ports import Rejected
from watcher.ports.git import Manifests, Prepared, Rendered, Repository, Revert

MOST_REMEMBERED = 100
"""Drafts of which it is remembered what was found."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be taken back, as one look at the head of the branch finds it; `paths` are all that it may change."""

    head: str
    source: GitSource
    good: str
    notes: tuple[CommitNote, ...]  # newest first
    paths: tuple[str, ...]

    @property
    def commits(self) -> tuple[str, ...]:
        """Ids, newest first."""
        return tuple(each.sha for each in self.notes)


@dataclass(frozen=True, slots=True)
class Draft:
    """The commit on `head`, ready in the local clone; `doubts` are reasons why a person should look at it first."""

    head: str
    prepared: Prepared
    doubts: tuple[str, ...]


async def path_set(manifests: Manifests, repository: Repository, source: GitSource, good: str) -> tuple[str, ...]:
    """All that the source is rendered from: as deployed, and as it was at `good`, which may have had other bases."""
    deployed = await manifests.path_set(repository, source.deployed, source.paths)
    return outermost([*deployed, *await manifests.path_set(repository, good, source.paths)])


class Drafting:
    """Makes drafts.  What was found of one is remembered: mostly a survey has made the same on the same head before."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._known: dict[tuple[str, ...], tuple[str, ...]] = {}

    async def draft(self, repository: Repository, entry: ConfigRepository, wanted: Wanted, message: str) -> Draft:
        """Make the commit in the local clone.  Raises NothingToRevert, and as the repository does."""
        revert = Revert(wanted.head, wanted.good, wanted.commits, wanted.paths, message, entry.never_touch)
        prepared = await repository.prepare(revert)
        limit = str(entry.most_objects)  # a reload may have changed it
        key = (bare(wanted.source.repo), limit, wanted.head, wanted.good, *wanted.paths, *wanted.commits)
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = await self._doubts(repository, entry, wanted, prepared)
        return Draft(wanted.head, prepared, self._known[key])

    async def _doubts(
        self, repository: Repository, entry: ConfigRepository, wanted: Wanted, prepared: Prepared
    ) -> tuple[str, ...]:
        shared = await self._manifests.shared_with(repository, wanted.head, wanted.source.paths, prepared.files)
        before, after = await asyncio.gather(
            self._rendered(repository, wanted.head, wanted), self._rendered(repository, prepared.commit, wanted)
        )
        if before.objects is not None and after.objects is not None:
            doubts = objections(before.objects, after.objects, entry.most_objects, shared)
        else:
            doubts = objections((), (), entry.most_objects, shared)
            if not await _only_versions(repository, wanted, prepared):
                doubts += (f"how far it would reach cannot be told: {before.why or after.why}",)
        if prepared.restores:
            later = await repository.commits(wanted.source.deployed, wanted.head, prepared.files)
            doubts += (f"it would take back {_named(later)} too, which came later",) if later else ()
        return doubts

    async def _rendered(self, repository: Repository, revision: str, wanted: Wanted) -> Rendered:
        if wanted.source.beyond:
            return Rendered(None, f"it is rendered with {wanted.source.beyond} too")
        try:
            return await self._manifests.render(repository, revision, wanted.source.paths)
        except Rejected as error:  # what does not render says nothing, and must not keep a good version out
            return Rendered(None, str(error))


async def _only_versions(repository: Repository, wanted: Wanted, prepared: Prepared) -> bool:
    """Whether the commit changes nothing but images, their tags and digests, in files that stay."""
    for file in prepared.files:
        before, after = await repository.read(wanted.head, file), await repository.read(prepared.commit, file)
        if before is None or after is None or not only_versions(_text(before), _text(after)):
            return False
    return True


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")


def _named(notes: Sequence[CommitNote]) -> str:
    """Commits as people are told of them; the newest by name."""
    newest = f"{notes[0].sha[:12]} of {notes[0].author} ({notes[0].subject})"
    return newest if len(notes) == 1 else f"{newest} and {len(notes) - 1} more"
