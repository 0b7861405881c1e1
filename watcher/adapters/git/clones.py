"""Clones in the cache: bare, without the contents of files until these are asked for, and made anew when damaged.

Everything in them can be had again from the server, but for a commit that was prepared and not yet pushed; that one is
then prepared anew.  Whoever writes to a clone holds its lock file, so several processes may share a cache.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from watcher.adapters.git.addresses import Address
from watcher.adapters.git.command import LARGEST_OUTPUT, LOCAL_SECONDS, Access, Done, Git
from watcher.adapters.git.credentials import Credentials
from watcher.adapters.git.errors import Damaged, damaged, failed, full, said
from watcher.adapters.git.room import make_room
from watcher.ports import Forbidden, Rejected, Unavailable

MOST_PACKS = 50
"""Each fetch adds a pack; from so many on they are made one."""

REMOTE_SECONDS = 120.0
FIRST_SECONDS = 900.0
"""How long a command may take that asks the server, and how long the first fetch, which brings the whole history."""

_LOCK_SECONDS = 60.0
_STALE_SECONDS = 3600.0
_CONFIG = """\
[core]
	repositoryformatversion = 1
	bare = true
"""
_PARTIAL = (("remote.origin.promisor", "true"), ("remote.origin.partialCloneFilter", "blob:none"))
"""That contents are left out is known to those commands only that ask the server.  To all others what is missing is
missing, so that nothing asks the server behind our back, without credentials, one file at a time."""


class Clone:
    """The clone of one repository."""

    def __init__(self, git: Git, cache: Path, address: Address, credentials: Credentials) -> None:
        self._git, self._credentials = git, credentials
        self.address = address
        self.path = cache / f"{address.digest}.git"
        self._lock_path = cache / f"{address.digest}.lock"
        self._turn = asyncio.Lock()
        self.seen: set[str] = set()
        """Commits that were found in it."""

    async def local(
        self,
        *arguments: str,
        stdin: bytes = b"",
        settings: tuple[tuple[str, str], ...] = (),
        variables: dict[str, str] | None = None,
        ok: tuple[int, ...] = (0,),
        most: int = LARGEST_OUTPUT,
    ) -> Done:
        """Run a command that needs the clone only.  Raises Damaged, Unavailable, Rejected."""
        access = Access(settings, variables or {})
        done = await self._git.run(
            f"--git-dir={self.path}", *arguments, stdin=stdin, access=access, seconds=LOCAL_SECONDS, most=most
        )
        if done.code in ok:
            return done
        if full(done):
            raise Unavailable(f"no space is left in {self.path.parent}: free some, or make the volume larger")
        if done.code == -signal.SIGKILL:
            raise Unavailable(f"git {arguments[0]} was killed; is there too little memory?")
        if damaged(done) or done.code < 0:
            raise Damaged(f"the clone {self.path} is damaged: {said(done.err)}")
        raise Rejected(f"git {arguments[0]} failed for {self.address.url}: {said(done.err)}")

    async def remote(self, doing: str, *arguments: str, stdin: bytes = b"", ok: tuple[int, ...] = (0,)) -> Done:
        """Run a command that asks the server, under the lock.

        Raises what its complaint means (`errors.failed`); `doing` says for that what is tried.
        """
        async with self._locked():
            self._tidy()
            return await self._asked(doing, *arguments, stdin=stdin, ok=ok)

    async def _asked(self, doing: str, *arguments: str, stdin: bytes, ok: tuple[int, ...]) -> Done:
        access = await self._credentials.access()
        settings = (("remote.origin.url", self.address.url), *_PARTIAL, *access.settings)
        access = Access(settings, access.variables)
        try:
            begun = any(self.path.glob("objects/pack/*.pack"))
            seconds = REMOTE_SECONDS if begun else FIRST_SECONDS
            done = await self._git.run(
                f"--git-dir={self.path}", *arguments, stdin=stdin, access=access, seconds=seconds, remote=True
            )
        except Unavailable as error:
            raise Unavailable(f"cannot {doing}: {error}") from None
        if done.code in ok:
            return done
        found = failed(doing, done, str(self.path))
        if isinstance(found, Forbidden):
            self._credentials.refused()
        raise found

    async def ready(self) -> None:
        """Make it if it is not there.  Raises Unavailable when that cannot be."""
        if not (self.path / "config").is_file():
            async with self._locked():
                await self._make()

    async def remake(self) -> None:
        """Set the damaged clone aside, and begin a new one."""
        async with self._locked():
            with disk(self.path.parent):
                if self.path.exists():
                    aside = self.path.with_suffix(".damaged")
                    await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
                    self.path.rename(aside)
                    await asyncio.to_thread(shutil.rmtree, aside, ignore_errors=True)
            await self._make()

    async def keep_house(self) -> None:
        """Make one pack of many, when there are many, and room for other clones.  Raises as `local`."""
        await asyncio.to_thread(make_room, self.path.parent, self.path)
        if sum(1 for _ in self.path.glob("objects/pack/*.pack")) >= MOST_PACKS:
            async with self._locked():
                await self.local("repack", "-a", "-d", "-q", settings=_PARTIAL)

    async def _make(self) -> None:
        """An empty clone, in place as a whole: what was interrupted is never taken for one."""
        if (self.path / "config").is_file():
            return
        with disk(self.path.parent):
            fresh = self.path.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            done = await self._git.run("init", "--bare", "--quiet", "--template=", str(fresh))
            if done.code:
                raise Unavailable(f"cannot make a clone in {self.path.parent}: {said(done.err)}")
            (fresh / "config").write_text(_CONFIG)
            self.seen.clear()
            shutil.rmtree(self.path, ignore_errors=True)
            fresh.rename(self.path)

    def _tidy(self) -> None:
        """Remove what interrupted commands left behind; under the lock nobody else is at it."""
        for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/info/**/*.lock"):
            for left in self.path.glob(pattern):
                left.unlink(missing_ok=True)
        for left in (*self.path.glob("index-*"), *self.path.glob("merge-*")):  # these are in use without the lock
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_SECONDS:
                    shutil.rmtree(left)

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Alone in this process and among all.  Raises Unavailable when another one holds it too long."""
        async with self._turn:
            with disk(self._lock_path.parent):
                self._lock_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                await self._take(descriptor)
                os.utime(descriptor)  # so it is known which clone was not used for longest
                yield
            finally:
                os.close(descriptor)

    async def _take(self, descriptor: int) -> None:
        """The lock of the file; a thread that waits for it could not be ended, so it is tried again and again."""
        waited = 0.0
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if waited >= _LOCK_SECONDS:
                    raise Unavailable(f"another process holds {self._lock_path}") from None
                await asyncio.sleep(0.1)
                waited += 0.1
            else:
                return


@contextmanager
def disk(directory: Path) -> Iterator[None]:
    """Name the directory where the disk is at fault.  Raises Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"cannot write to {directory}: {error.strerror}; it holds the clones of Git") from None
