"""A stand-in for a repository: one revision after the other, each a dict of files.  Nothing else of Git is in it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from watcher.core.gitops import CommitNote
from watcher.core.keepers.paths import covered
from watcher.ports import Rejected
from watcher.ports.git import Prepared, Revert


class FilesOnly:
    """The reading verbs of a repository, over files in memory; `exported` counts the files asked for."""

    def __init__(self, files: Mapping[str, str], **revisions: Mapping[str, str]) -> None:
        self._revisions = {"head": files, **revisions}
        self.exported = 0

    async def files(self, revision: str) -> tuple[str, ...]:
        return tuple(sorted(self._revisions[revision]))

    async def read(self, revision: str, path: str) -> bytes | None:
        text = self._revisions[revision].get(path)
        return None if text is None else textwrap.dedent(text).encode()

    async def export(self, revision: str, paths: Sequence[str], into: Path) -> None:
        wanted = frozenset(paths)
        for path, text in self._revisions[revision].items():
            if covered(path, wanted):
                self.exported += 1
                (into / path).parent.mkdir(parents=True, exist_ok=True)
                (into / path).write_text(textwrap.dedent(text))

    async def fetch(self, branch: str) -> str:
        raise NotImplementedError

    async def default_branch(self) -> str:
        raise NotImplementedError

    async def commits(self, good: str, bad: str, paths: Sequence[str]) -> tuple[CommitNote, ...]:
        raise NotImplementedError

    async def changed(self, good: str, bad: str, paths: Sequence[str]) -> tuple[str, ...]:
        if good not in self._revisions:
            raise Rejected(f"there is no {good}")
        one, other = self._revisions[good], self._revisions[bad]
        places = frozenset(paths)
        return tuple(
            sorted(
                each for each in one.keys() | other.keys() if one.get(each) != other.get(each) if covered(each, places)
            )
        )

    def forget(self, revision: str) -> None:
        """As after a forced push."""
        del self._revisions[revision]

    async def contains(self, commit: str, revision: str) -> bool:
        raise NotImplementedError

    async def carrying(self, trailer: str, value: str, revision: str, since: str) -> str:
        raise NotImplementedError

    async def trailer(self, commit: str, name: str) -> str:
        raise NotImplementedError

    async def prepare(self, revert: Revert) -> Prepared:
        raise NotImplementedError

    async def push(self, commit: str, branch: str, expected: str) -> None:
        raise NotImplementedError

    async def may_push(self, branch: str) -> None:
        raise NotImplementedError
