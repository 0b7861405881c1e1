"""A Lease in memory, as the API server keeps it; passes the contract suite of the port `LeaseLock`."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from watcher.core.election import KeptLease, Lease
from watcher.ports import LeaseChanged, Unavailable, WatcherError


@dataclass
class KeptInMemory:
    """The API server's side: what is kept, and every write that was carried out."""

    kept: KeptLease | None = None
    versions: int = 0
    history: list[Lease] = field(default_factory=list)

    def delete(self) -> None:
        """Somebody deletes it."""
        self.kept = None


class MemoryLease:
    """The port `LeaseLock`, as one process reaches it.

    `seconds` is how long an answer takes; while `failing` is set it is raised; while `partitioned` nothing answers.
    """

    def __init__(self, server: KeptInMemory) -> None:
        self.seconds = 0.01
        self.failing: WatcherError | None = None
        self.partitioned = False
        self._server = server

    def __str__(self) -> str:
        return "watcher/watcher"

    async def read(self, within: float) -> KeptLease | None:
        await self._answered(within)
        return self._server.kept

    async def write(self, lease: Lease, version: str, within: float) -> KeptLease:
        await self._answered(within)
        server = self._server
        if version != (server.kept.version if server.kept is not None else ""):
            raise LeaseChanged("the object has been modified")
        server.versions += 1
        server.kept = KeptLease(lease, str(server.versions))
        server.history.append(lease)
        return server.kept

    async def _answered(self, within: float) -> None:
        if self.partitioned:
            await asyncio.sleep(within)
            raise Unavailable(f"no answer within {within:.1f} s")
        if self.failing is not None:
            raise self.failing
        await asyncio.sleep(self.seconds)
