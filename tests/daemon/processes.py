"""Whole processes over an outside in memory: each with its own reach of the Lease, on one decision log or on two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from tests.daemon import outside as o
from tests.daemon.lease import KeptInMemory, MemoryLease
from watcher import app
from watcher.adapters.store.errors import StoreInUse
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.worker import StoreThread
from watcher.daemon.leading import ByLease, Leading
from watcher.daemon.reloading import Reloading
from watcher.daemon.telemetry import Telemetry
from watcher.process import Means, Process
from watcher.web.standby import STANDBY


@dataclass
class Disk:
    """A decision log and the lock on it."""

    store: MemoryStore
    writer: str = ""


class LockedStore(o.InlineStore):
    """A decision log that one process may write."""

    def __init__(self, disk: Disk, crashes: o.Crashes) -> None:
        super().__init__(disk.store, crashes)
        self._disk = disk

    async def close(self) -> None:
        await super().close()
        self._disk.writer = ""


@dataclass
class Running:
    """One process, from start to end.  Its steady clock runs ahead by `paused`: it stood still for so long."""

    name: str
    outside: o.Outside
    disk: Disk
    lock: MemoryLease
    thresholds: Path
    observing: Leading | None = None
    crash_at: int | None = None
    paused: float = 0.0
    acting: list[o.Acting] = field(default_factory=list)
    application: web.Application | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    def start(self) -> Running:
        self.crashes = o.Crashes(self.crash_at)
        self.cluster = o.SeenCluster(self.outside)
        loop = asyncio.get_running_loop()
        self.leading = self.observing or ByLease(
            self.lock, self.name, self.outside.clock, lambda: loop.time() + self.paused, chance=lambda: 0.5
        )
        means = Means(
            cluster=self.cluster,
            outside=self._outside,
            open_log=self._open,
            log=o.InlineStore(self.disk.store, o.Crashes()),
            sourcing=lambda: o.Measuring(self.outside),
            serve=self._serve,
            clock=self.outside.clock,
            grace=20.0,
            read_only=self.observing is not None,
        )
        self.process = Process(means, self.leading, Reloading(self.thresholds, Telemetry()))
        self.task = asyncio.create_task(self.process.run(self.stop))
        return self

    @property
    def leads(self) -> bool:
        """Whether it is the daemon now."""
        return self.process.daemon is not None

    def says(self) -> tuple[bool, str]:
        """What /readyz of a standby says."""
        assert self.application is not None
        ready, lines = self.application[STANDBY].readiness()
        return ready, "\n".join(lines)

    async def until(self, true: Callable[[], object], within: float = 60.0) -> float:
        """Let virtual time pass until this is so; the seconds that it took."""
        began = asyncio.get_running_loop().time()
        while not true():
            took = asyncio.get_running_loop().time() - began
            assert took < within, f"not within {within:.0f} s"
            await asyncio.sleep(0.1)
        return asyncio.get_running_loop().time() - began

    async def end(self) -> None:
        """As SIGTERM ends it."""
        self.stop.set()
        await self.task

    def kill(self) -> None:
        """As SIGKILL ends it: nothing that it would still do comes to pass, and its lock is free."""
        self.crashes.dead.set()
        self.lock.partitioned = True
        self.disk.writer = ""
        self.task.cancel()

    def _outside(self, store: StoreThread) -> app.Outside:
        self.acting.append(o.Acting(self.outside, self.crashes))
        return app.Outside(self.cluster, self.acting[-1], o.Listening(self.outside), store, self.outside.clock)

    async def _open(self) -> StoreThread:
        if self.disk.writer:
            raise StoreInUse(f"the decision log is being written by {self.disk.writer}")
        self.disk.writer = self.name
        return LockedStore(self.disk, self.crashes)

    @asynccontextmanager
    async def _serve(self, application: web.Application) -> AsyncIterator[str]:
        self.application = application
        yield "http://127.0.0.1:9"


@dataclass
class Pair:
    """Two processes that seek the same Lease; `second` may have a decision log of its own."""

    outside: o.Outside
    server: KeptInMemory
    first: Running
    second: Running

    @classmethod
    async def begin(cls, outside: o.Outside, thresholds: Path, *, own_logs: bool = False) -> Pair:
        """The first leads, the second stands by."""
        server, disk = KeptInMemory(), Disk(outside.store)
        first = Running("first", outside, disk, MemoryLease(server), thresholds).start()
        await first.until(lambda: first.leads)
        other = Disk(MemoryStore()) if own_logs else disk
        second = Running("second", outside, other, MemoryLease(server), thresholds).start()
        await asyncio.sleep(60.0)
        assert not second.leads
        return cls(outside, server, first, second)
