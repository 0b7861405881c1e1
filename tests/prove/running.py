"""Processes of the daemon over the shop: every part of them is the real one, but for sockets, disk and Prometheus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.daemon import outside as o
from tests.prove.shop import OWN, Shop
from tests.prove.wire import Connections, WiredClient
from watcher import app
from watcher.adapters.kubernetes import KubernetesActuator, KubernetesCluster
from watcher.adapters.kubernetes.lease import KubernetesLease
from watcher.adapters.store.errors import StoreInUse
from watcher.adapters.store.worker import StoreThread
from watcher.daemon.holds import Holds
from watcher.daemon.leading import ByLease
from watcher.daemon.reloading import Reloading
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Commit
from watcher.process import Means, Process

OWNER: ContextVar[list[asyncio.Task[Any]] | None] = ContextVar("OWNER", default=None)
"""All tasks of the process that runs."""


def own_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """From now on every task is known to the process that began it."""

    def begin(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        task = asyncio.Task(work, loop=loop, **options)
        owner = OWNER.get()
        if owner is not None:
            owner.append(task)
        return task

    loop.set_task_factory(begin)


class LockedStore(o.InlineStore):
    """A decision log that one process may write at a time."""

    def __init__(self, shop: Shop, running: Running) -> None:
        super().__init__(shop.log, _Moments(running))
        self.seconds = 0.02
        self._shop = shop

    async def commit(self, commit: Commit) -> tuple[int, ...]:
        """What it intends to do counts as durable once that is written."""
        ids = await super().commit(commit)
        for row in commit.decisions:
            if (row.action, row.mode) == ("roll_back", "act"):
                self._shop.durable.setdefault(row.id, self._shop.clock.now())
        return ids

    async def close(self) -> None:
        await super().close()
        self._shop.writer = ""


class _Moments(o.Crashes):
    """The moments of a process as its decision log passes them."""

    def __init__(self, running: Running) -> None:
        super().__init__()
        self._running = running

    async def here(self, moment: str) -> None:
        await self._running.here(moment)


@dataclass
class Running:
    """One process, from start to end."""

    name: str
    shop: Shop
    thresholds: Path
    dies_at: str = ""  # a word of the moment at which it dies
    paused: float = 0.0  # its steady clock runs ahead: it stood still for so long
    tasks: list[asyncio.Task[Any]] = field(default_factory=list)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    store: LockedStore | None = None

    def start(self) -> Running:
        shop, loop = self.shop, asyncio.get_running_loop()
        token = OWNER.set(self.tasks)
        try:
            self.crashes = o.Crashes()
            self.connections = Connections(shop.network, self.name, self.here)
            self.client = WiredClient(self.connections)
            self.cluster = KubernetesCluster(self.client, shop.clock, own_namespace=OWN)
            lock = KubernetesLease(self.client, OWN, "watcher")
            self.leading = ByLease(lock, self.name, shop.clock, lambda: loop.time() + self.paused, chance=lambda: 0.5)
            self.client.fence(self.leading.left)
            means = Means(
                cluster=self.cluster,
                outside=self._outside,
                open_log=self._open,
                log=o.InlineStore(shop.log, o.Crashes()),
                sourcing=lambda: o.Measuring(shop),  # type: ignore[arg-type]  # has what it asks for
                serve=_serve,
                clock=shop.clock,
                grace=20.0,
            )
            self.process = Process(means, self.leading, Reloading(self.thresholds, Telemetry()))
            self.task = loop.create_task(self.process.run(self.stop))
        finally:
            OWNER.reset(token)
        return self

    @property
    def dead(self) -> bool:
        return self.crashes.dead.is_set()

    def kill(self) -> None:
        """As SIGKILL ends it: nothing that it would still do comes to pass, and its lock is free."""
        self.crashes.dead.set()
        self.connections.cut_off = True
        if self.shop.writer == self.name:
            self.shop.writer = ""
        for task in self.tasks:
            task.cancel()

    async def here(self, moment: str) -> None:
        if self.dies_at and self.dies_at in moment:
            self.crashes.at = len(self.crashes.passed) + 1
        await self.crashes.here(moment)

    def _outside(self, store: StoreThread) -> app.Outside:
        clock, holds = self.shop.clock, Holds()
        actuator = KubernetesActuator(self.client, clock, OWN, kept=lambda workload: holds.on(workload, clock.now()))
        return app.Outside(self.cluster, actuator, None, store, clock, holds)

    async def _open(self) -> StoreThread:
        if self.shop.writer:
            raise StoreInUse(f"the decision log is being written by {self.shop.writer}")
        self.shop.writer = self.name
        self.store = LockedStore(self.shop, self)
        return self.store


@asynccontextmanager
async def _serve(application: web.Application) -> AsyncIterator[str]:
    yield "http://127.0.0.1:9"
