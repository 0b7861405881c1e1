"""A commit that takes others back, made from trees and a temporary index: there is no work tree.

First each file is taken back commit by commit, newest first: to what it was before where it is still what the commit
made of it, else by a three-way merge.  Where that leads nowhere, because of a conflict, a merge commit or a history
that was rewritten, the files that differ between the good revision and the newest commit are put back as they were at
the good one.  What was done since to other files stays in either case.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from watcher.adapters.git.clones import Clone
from watcher.adapters.git.history import newest_since, notes
from watcher.adapters.git.making import Files, committed, tree_with
from watcher.adapters.git.objects import Change, Objects
from watcher.adapters.git.paths import below, cleaned, untouchable
from watcher.adapters.git.signing import Author
from watcher.adapters.git.threeway import Conflict, ThreeWay
from watcher.ports import Rejected
from watcher.ports.git import NothingToRevert, Prepared, Revert

_ASKED_BY_NAME = 200
"""So many files are named to Git in one command; of more, any below the paths counts."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A tree, the files that differ from head in it, and whether they were put back as they were."""

    tree: str
    files: tuple[str, ...]
    restores: bool


class Reverting:
    """One revert in the making."""

    def __init__(self, clone: Clone, revert: Revert, author: Author) -> None:
        self._clone, self._revert, self._author = clone, revert, author
        self._objects = Objects(clone)
        self._paths = cleaned(revert.paths)
        self._newest = revert.commits[0] if revert.commits else revert.head

    async def prepared(self) -> Prepared:
        """Make the commit.  Raises NothingToRevert, Rejected, Unavailable, Damaged."""
        revert = self._revert
        if not revert.commits or self._paths == ():
            raise Rejected("there are no commits, or no paths, to take back")
        await self._objects.known(revert.head, revert.good, *revert.commits)
        lost = await self._objects.differing(revert.good, self._newest, self._paths)
        await self._still_there(lost)
        made = await self._without(lost)
        if not made.files:
            raise await self._nothing(lost)
        self._check(made.files)
        commit = await committed(self._clone, self._author, revert.head, made.tree, revert.message)
        return Prepared(commit, made.files, made.restores)

    async def _still_there(self, lost: list[Change]) -> None:
        """Raises NothingToRevert when every file is as it was at the good revision."""
        now = {each.name for each in await self._objects.differing(self._revert.good, self._revert.head, self._paths)}
        if not any(each.name in now for each in lost):
            raise await self._nothing(lost)

    async def _without(self, lost: list[Change]) -> _Made:
        """The tree without what the commits did."""
        steps = await self._steps(lost)
        if steps is not None:
            now = await self._now({each.name for step in steps for each in step})
            try:
                files = await self._taken_back(steps, now)
                made = await self._made(files, restores=False)
                if set(made.files) <= set(files):  # else a file has taken the place of a directory
                    return made
            except Conflict:
                pass
        return await self._made({each.name: each.before for each in lost}, restores=True)

    async def _steps(self, lost: list[Change]) -> list[list[Change]] | None:
        """What each commit did, newest first; None where that cannot be taken back one by one."""
        commits, good = self._revert.commits, self._revert.good
        parents = await self._objects.parents(commits)
        if any(len(parents[each]) > 1 for each in commits):
            return None
        if (await self._clone.local("merge-base", "--is-ancestor", good, self._newest, ok=(0, 1))).code:
            return None
        steps = list((await self._objects.changes(commits, self._paths)).values())
        between = await notes(self._clone, good, self._newest, self._paths)
        complete = {each.sha for each in between} == set(commits)
        return None if complete and not _explained(lost, steps) else steps

    async def _now(self, names: set[str]) -> Files:
        entries = await self._objects.entries(self._revert.head, self._paths)
        return dict.fromkeys(names) | {name: each for name, each in entries if name in names}

    async def _taken_back(self, steps: list[list[Change]], now: Files) -> Files:
        """The files without the steps.  Raises Conflict."""
        files = dict(now)
        with tempfile.TemporaryDirectory(dir=self._clone.path, prefix="merge-") as directory:
            merging = ThreeWay(self._clone, self._objects, Path(directory))
            for change in (each for step in steps for each in step):
                files[change.name] = await merging.without(change, files[change.name])
        return files

    async def _made(self, files: Files, *, restores: bool) -> _Made:
        tree = await tree_with(self._clone, self._revert.head, files)
        changed = tuple(each.name for each in await self._objects.differing(self._revert.head, tree, None))
        return _Made(tree, changed, restores)

    def _check(self, files: tuple[str, ...]) -> None:
        """Raises Rejected for files that must not be changed."""
        if outside := [each for each in files if not below(each, self._paths)]:
            raise Rejected(f"the revert would change {', '.join(outside[:5])}, outside of its paths: a fault here")
        if kept := untouchable(files, self._revert.never_touch):
            raise Rejected(f"the revert would change {', '.join(kept[:5])}, which neverTouch keeps")

    async def _nothing(self, lost: list[Change]) -> NothingToRevert:
        names = tuple(each.name for each in lost)
        asked = names if 0 < len(names) <= _ASKED_BY_NAME else self._paths
        by = await newest_since(self._clone, self._newest, self._revert.head, asked)
        since = f": {by} has done it" if by else ""
        return NothingToRevert(f"nothing is left of {self._newest} at {self._revert.head}{since}", by)


def _explained(lost: list[Change], steps: list[list[Change]]) -> bool:
    """Whether the steps are all that lies between both revisions: a merge may have dropped what others had done."""
    newest = {each.name: each.after for each in lost}
    for change in (each for step in steps for each in step):
        newest.setdefault(change.name, change.after)  # it is the same at both: what the newest step made of it
    files = dict(newest)
    for change in (each for step in steps for each in step):
        if files[change.name] != change.after:
            return False
        files[change.name] = change.before
    good = newest | {each.name: each.before for each in lost}
    return files == good
