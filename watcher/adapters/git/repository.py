"""A remote repository, by its clone in the cache."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from watcher.adapters.git import history
from watcher.adapters.git.clones import Clone, disk
from watcher.adapters.git.errors import Damaged
from watcher.adapters.git.export import export
from watcher.adapters.git.making import edited
from watcher.adapters.git.objects import MODULE, Objects
from watcher.adapters.git.paths import cleaned, raw
from watcher.adapters.git.pushing import Pushing, fetched
from watcher.adapters.git.reverting import Reverting
from watcher.adapters.git.signing import Author
from watcher.core.gitops import CommitNote
from watcher.ports import Rejected, Unavailable
from watcher.ports.git import Prepared, Revert

LARGEST_FILE = 1024 * 1024

T = TypeVar("T")


class GitRepository:
    """The `Repository` of one URL."""

    def __init__(self, clone: Clone, author: Author) -> None:
        self._clone, self._author = clone, author
        self._objects, self._pushing = Objects(clone), Pushing(clone)

    async def fetch(self, branch: str) -> str:
        """Fetch the branch (HEAD: the default one); the id of its newest commit."""

        async def work() -> str:
            tip = await fetched(self._clone, branch)
            await self._clone.keep_house()
            return tip

        return await self._mended(work)

    async def default_branch(self) -> str:
        """The name of the branch that HEAD stands for."""

        async def work() -> str:
            doing = f"ask {self._clone.address.url} for its default branch"
            done = await self._clone.remote(doing, "ls-remote", "--symref", "origin", "HEAD")
            found = [line.split() for line in done.out.decode("utf-8", "replace").splitlines()]
            names = [line[1] for line in found if len(line) == 3 and line[0] == "ref:" and line[2] == "HEAD"]
            if not names:
                raise Rejected(f"{self._clone.address.url} has no default branch; is it empty?")
            return names[0].removeprefix("refs/heads/")

        return await self._mended(work)

    async def commits(self, good: str, bad: str, paths: Sequence[str]) -> tuple[CommitNote, ...]:
        """Commits of `bad` that are not in `good` and change something below `paths`, newest first."""

        async def work() -> tuple[CommitNote, ...]:
            await self._objects.known(good, bad)
            where = cleaned(paths)
            return () if where == () else await history.notes(self._clone, good, bad, where)

        return await self._mended(work)

    async def changed(self, good: str, bad: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Files below `paths` that differ between both."""

        async def work() -> tuple[str, ...]:
            await self._objects.known(good, bad)
            where = cleaned(paths)
            return () if where == () else tuple(each.name for each in await self._objects.differing(good, bad, where))

        return await self._mended(work)

    async def contains(self, commit: str, revision: str) -> bool:
        """Whether `revision` is `commit` or a descendant of it."""

        async def work() -> bool:
            await self._objects.known(commit, revision)
            return not (await self._clone.local("merge-base", "--is-ancestor", commit, revision, ok=(0, 1))).code

        return await self._mended(work)

    async def carrying(self, trailer: str, value: str, revision: str, since: str) -> str:
        """The newest commit of `since..revision` whose message has this trailer; empty: none."""

        async def work() -> str:
            await self._objects.known(revision, *([since] if since else []))
            return await history.carrying(self._clone, trailer, value, revision, since)

        return await self._mended(work)

    async def trailer(self, commit: str, name: str) -> str:
        """The value of a trailer in a commit's message; empty: it has no such."""

        async def work() -> str:
            await self._objects.known(commit)
            return await history.trailer(self._clone, commit, name)

        return await self._mended(work)

    async def export(self, revision: str, paths: Sequence[str], into: Path) -> None:
        """Write the files below `paths` as they are at `revision` into an empty directory.  No link leads out of it."""

        async def work() -> None:
            await self._objects.known(revision)
            if (where := cleaned(paths)) != ():
                await export(self._objects, revision, where, into)

        await self._mended(work)

    async def files(self, revision: str) -> tuple[str, ...]:
        """Names of all files at `revision`."""

        async def work() -> tuple[str, ...]:
            await self._objects.known(revision)
            return tuple(name for name, _ in await self._objects.entries(revision, None))

        return await self._mended(work)

    async def read(self, revision: str, path: str) -> bytes | None:
        """One file at `revision`, or None where there is none; Rejected beyond a megabyte.  A link: where it leads."""

        async def work() -> bytes | None:
            await self._objects.known(revision)
            where = cleaned([path])
            found = dict(await self._objects.entries(revision, where)) if where else {}
            entry = found.get(where[0]) if where else None
            if entry is None or entry.mode == MODULE:
                return None
            sizes = await self._objects.sizes([entry.oid])
            if sizes[entry.oid] > LARGEST_FILE:
                raise Rejected(f"{path!r} at {revision} is larger than {LARGEST_FILE >> 20} MiB")
            return dict([each async for each in self._objects.contents(sizes)])[entry.oid]

        return await self._mended(work)

    async def prepare(self, revert: Revert) -> Prepared:
        """Make the commit in the local clone.  Raises NothingToRevert too."""
        raw("".join(revert.paths))
        return await self._mended(Reverting(self._clone, revert, self._author).prepared)

    async def edited(self, head: str, path: str, content: bytes, message: str) -> Prepared:
        """Make a commit on `head` in which one file has another content, in the local clone."""
        return await self._mended(lambda: edited(self._clone, self._author, head, path, content, message))

    async def push(self, commit: str, branch: str, expected: str) -> None:
        """Bring a commit, made on `expected`, into the branch; `expected` empty: a new branch."""

        async def work() -> None:
            await self._pushing.push(commit, branch, expected)

        await self._mended(work)

    async def may_push(self, branch: str) -> None:
        """Try a push that changes nothing.  No hook of the server runs, so that of a protected branch is not asked."""

        async def work() -> None:
            await self._pushing.try_push(await self.default_branch() if branch == "HEAD" else branch)

        await self._mended(work)

    async def _mended(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it; where the clone turns out to be damaged, once more with a new one."""
        with disk(self._clone.path.parent):
            await self._clone.ready()
            try:
                return await work()
            except Damaged:
                await self._clone.remake()
            try:
                return await work()
            except Damaged as error:
                raise Unavailable(f"{error}; a new one was made, and is no better. Check the volume") from None
