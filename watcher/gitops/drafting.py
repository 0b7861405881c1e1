"""A revert as it would be on the head of a branch, and why it should not come into the branch by a push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from watcher.config.gitops import ConfigRepository, bare
from watcher.core.gitops import CommitNote, GitSource
from watcher.core.paths import outermost
from watcher.ports.git import Manifests, Prepared, Repository, Revert

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
    """The commit, ready in the local clone; `doubts` are reasons for which a person should look at it first."""

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
        key = (bare(wanted.source.repo), wanted.head, wanted.good, *wanted.paths, *wanted.commits)
        if key not in self._known:
            if len(self._known) >= MOST_REMEMBERED:
                del self._known[next(iter(self._known))]
            self._known[key] = await self._doubts(repository, wanted, prepared)
        return Draft(prepared, self._known[key])

    async def _doubts(self, repository: Repository, wanted: Wanted, prepared: Prepared) -> tuple[str, ...]:
        doubts = []
        if prepared.restores:
            later = await repository.commits(wanted.source.deployed, wanted.head, wanted.paths)
            doubts += [f"it would take back {_named(later)} too, which came later"] if later else []
        return tuple(doubts)


def _named(notes: Sequence[CommitNote]) -> str:
    """Commits as people are told of them; the newest by name."""
    newest = f"{notes[0].sha[:12]} of {notes[0].author} ({notes[0].subject})"
    return newest if len(notes) == 1 else f"{newest} and {len(notes) - 1} more"
