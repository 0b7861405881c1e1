"""A repository in memory that stands in for a clone of a real one: it knows whole files only, and no conflicts in them.

Where a file has been changed again since the commits that are to be reverted, that is a conflict.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from watcher.core.gitops import CommitNote
from watcher.core.keepers.paths import within
from watcher.ports import Rejected, WatcherError
from watcher.ports.git import Moved, NothingToRevert, Prepared, Protected, Revert


@dataclass(frozen=True)
class Made:
    sha: str
    parent: str
    files: Mapping[str, str]
    message: str
    author: str
    at: float = 0.0

    def within(self, paths: Sequence[str]) -> dict[str, str]:
        return {name: text for name, text in self.files.items() if any(within(name, each) for each in paths)}


@dataclass
class MemoryRepository:
    """`before_push` runs as a colleague who is quicker; `refusals` are raised by the next pushes, one each."""

    url: str = "https://git.example.com/team/shop-config.git"
    branches: dict[str, str] = field(default_factory=lambda: {"main": ""})
    protected: set[str] = field(default_factory=set)
    made: dict[str, Made] = field(default_factory=dict)
    refusals: deque[WatcherError] = field(default_factory=deque)
    before_push: Callable[[], object] = lambda: None
    fetches: int = 0

    def commit(
        self,
        message: str,
        files: Mapping[str, str | None],
        *,
        author: str = "alice",
        branch: str = "main",
        at: float = 0.0,
    ) -> str:
        """`at` is when it was made, Unix seconds; others are long ago."""
        parent = self.branches[branch]
        merged = {**(self.made[parent].files if parent else {}), **files}
        kept = {name: text for name, text in merged.items() if text is not None}
        self.branches[branch] = self._make(parent, kept, message, author, at)
        return self.branches[branch]

    def protect(self, branch: str) -> None:
        self.protected.add(branch)

    def unprotect(self) -> None:
        self.protected.clear()

    def message(self, sha: str) -> str:
        return self.made[sha].message

    def files_of(self, revision: str) -> Mapping[str, str]:
        return self.made[self.branches.get(revision, revision)].files

    async def fetch(self, branch: str) -> str:
        self.fetches += 1
        if branch not in self.branches:
            raise Rejected(f"{self.url} has no branch {branch}")
        return self.branches[branch]

    async def default_branch(self) -> str:
        return "main"

    async def commits(self, good: str, bad: str, paths: Sequence[str]) -> tuple[CommitNote, ...]:
        known = set(self._line(good))
        found = [each for each in self._line(bad) if each not in known and self._changed_by(each, paths)]
        return tuple(
            CommitNote(sha, each.author, each.message.partition("\n")[0], each.at)
            for sha, each in ((sha, self.made[sha]) for sha in found)
        )

    async def changed(self, good: str, bad: str, paths: Sequence[str]) -> tuple[str, ...]:
        return _differing(self.made[good].within(paths), self.made[bad].within(paths))

    async def contains(self, commit: str, revision: str) -> bool:
        return commit in self._line(revision)

    async def carrying(self, trailer: str, value: str, revision: str, since: str) -> str:
        known = set(self._line(since))
        line = (each for each in self._line(revision) if each not in known)
        return next((sha for sha in line if self._trailer(sha, trailer) == value), "")

    async def trailer(self, commit: str, name: str) -> str:
        return self._trailer(commit, name)

    def _trailer(self, commit: str, name: str) -> str:
        last = self.made[commit].message.strip().split("\n\n")[-1]
        found = re.search(rf"^{re.escape(name)}: (.*)$", last, re.MULTILINE)
        return found[1] if found else ""

    async def export(self, revision: str, paths: Sequence[str], into: Path) -> None:
        raise NotImplementedError

    async def files(self, revision: str) -> tuple[str, ...]:
        return tuple(self.made[revision].files)

    async def read(self, revision: str, path: str) -> bytes | None:
        text = self.made[revision].files.get(path)
        return None if text is None else text.encode()

    async def prepare(self, revert: Revert) -> Prepared:
        good, head = self.made[revert.good].within(revert.paths), self.made[revert.head].within(revert.paths)
        bad = self.made[revert.commits[0]].within(revert.paths)
        wanted = {name: good.get(name) for name in _differing(good, bad)}
        conflict = any(head.get(name) not in (bad.get(name), good.get(name)) for name in wanted)
        if conflict:
            wanted = {name: good.get(name) for name in _differing(good, head)}
        changes = {name: text for name, text in wanted.items() if head.get(name) != text}
        if not changes:
            by = next((sha for sha in self._line(revert.head) if self._changed_by(sha, tuple(wanted))), "")
            raise NothingToRevert("nothing is left of it", by)
        if set(changes) & set(revert.never_touch):
            raise Rejected(f"the revert would change {', '.join(changes)}, which neverTouch keeps")
        merged = {**self.made[revert.head].files, **changes}
        kept = {name: text for name, text in merged.items() if text is not None}
        commit = self._make(revert.head, kept, revert.message, "watcher")
        return Prepared(commit, tuple(changes), restores=conflict)

    async def push(self, commit: str, branch: str, expected: str) -> None:
        self.before_push()
        if self.refusals:
            raise self.refusals.popleft()
        if branch in self.protected:
            raise Protected(f"Protected branch update failed for refs/heads/{branch}.")
        if self.branches.get(branch, "") not in (expected, commit):
            raise Moved(f"{branch} is at another commit")
        self.branches[branch] = commit

    async def may_push(self, branch: str) -> None:
        if self.refusals:
            raise self.refusals.popleft()

    def _make(self, parent: str, files: Mapping[str, str], message: str, author: str, at: float = 0.0) -> str:
        sha = f"{len(self.made) + 1:040x}"
        self.made[sha] = Made(sha, parent, files, message, author, at)
        return sha

    def _line(self, revision: str) -> list[str]:
        line = []
        while revision:
            line.append(revision)
            revision = self.made[revision].parent
        return line

    def _changed_by(self, sha: str, paths: Sequence[str]) -> bool:
        parent = self.made[sha].parent
        return bool(_differing(self.made[parent].within(paths) if parent else {}, self.made[sha].within(paths)))


def _differing(one: Mapping[str, str], other: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name)))
