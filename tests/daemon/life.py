"""A daemon as the application wires it, over an outside in memory; it can be killed and started anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.daemon import outside as o
from watcher import app
from watcher.config.channels import Channel
from watcher.core import record
from watcher.core.model import Workload
from watcher.core.state import Watch, WorkloadState
from watcher.daemon.notes import Folder
from watcher.daemon.reloading import Reloading
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Courier, Transition

virtual = pytest.mark.looptime(noop_cycles=2)
"""Time passes as fast as it is computed."""

THRESHOLDS = """
version: 1
mode: act
sources: {main: {url: "http://127.0.0.1:9", interval: 15s}}
checks: {errors: {total: requests_total, bad: {code: "5.."}, max: 1%, increase: 2x}}
services:
  - match: {namespace: shop}
    checks: {errors: {}}
    bake: {for: 2m, max: 30m}
    judge: {warmUp: 0s}
breaker: {max: 3, window: 1h, namespaces: {max: 3, window: 1h}}
"""


COURIERS: Callable[[Channel], Courier] | None = None
"""Who delivers notifications in every life; a test sets it."""


NOTES: Folder | None = None
"""Where every life writes its notes; a test sets it."""


def configure(thresholds: Path, text: str) -> None:
    """Write the thresholds file."""
    thresholds.write_text(text)


@dataclass
class Life:
    """One process of the daemon, from start to end."""

    outside: o.Outside
    daemon: app.Daemon
    cluster: o.SeenCluster
    acting: o.Acting
    store: o.InlineStore
    sourcing: o.Measuring
    crashes: o.Crashes
    thresholds: Path
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    @classmethod
    async def begin(cls, outside: o.Outside, thresholds: Path, crash_at: int | None = None) -> Life:
        """A process that runs."""
        life = await cls.prepare(outside, thresholds, crash_at)
        life.running = asyncio.create_task(life.daemon.run(life.stop))
        return life

    @classmethod
    async def prepare(cls, outside: o.Outside, thresholds: Path, crash_at: int | None = None) -> Life:
        crashes = o.Crashes(crash_at)
        cluster, acting = o.SeenCluster(outside), o.Acting(outside, crashes)
        store = o.InlineStore(outside.store, crashes)
        telemetry, sourcing = Telemetry(), o.Measuring(outside)
        listening = o.Listening(outside)
        parts = app.Outside(
            cluster,
            o.ladder(outside, acting),
            listening,
            store,
            outside.clock,
            couriers=COURIERS,
            git=outside.git,
            flags=outside.flags,
            migrations=outside.migrations,
            notes=NOTES,
        )
        daemon = await app.assemble(parts, Reloading(thresholds, telemetry), sourcing, telemetry, grace=20.0)
        return cls(outside, daemon, cluster, acting, store, sourcing, crashes, thresholds)

    async def end(self) -> None:
        """As SIGTERM ends it."""
        self.stop.set()
        assert self.running is not None
        await self.running

    def kill(self) -> None:
        """As SIGKILL ends it: nothing that it would still do comes to pass."""
        self.crashes.dead.set()
        assert self.running is not None
        self.running.cancel()

    def state(self, workload: Workload = o.CART) -> WorkloadState:
        return self.daemon.stepping.states[workload]

    def watch(self, workload: Workload = o.CART) -> Watch:
        watch = self.state(workload).watch
        assert watch is not None
        return watch

    async def until(self, true: Callable[[], object], within: float = 900.0) -> None:
        """Let virtual time pass until this is so."""
        for _ in range(int(within)):
            if self.running is not None and self.running.done():
                self.running.result()
            if true():
                return
            await asyncio.sleep(1.0)
        raise AssertionError(f"not within {within:.0f} s; {self.daemon.stepping.states}")

    async def until_watch(
        self, true: Callable[[Watch], object], workload: Workload = o.CART, within: float = 900.0
    ) -> None:
        """Let virtual time pass until there is a watch of which this is so."""

        def found() -> object:
            state = self.daemon.stepping.states.get(workload)
            return state is not None and state.watch is not None and true(state.watch)

        await self.until(found, within)

    async def until_outcome(self, outcome: str, workload: Workload = o.CART, within: float = 900.0) -> None:
        await self.until_watch(lambda watch: watch.outcome == outcome, workload, within)


@asynccontextmanager
async def alive() -> AsyncIterator[o.Outside]:
    """A cluster in which cart has run `v1` for a day."""
    with capture_logs() as logged:
        outside = o.Outside(logged=logged)
        outside.deploy()
        task = asyncio.create_task(outside.live())
        try:
            yield outside
        finally:
            task.cancel()


@asynccontextmanager
async def living(thresholds: Path) -> AsyncIterator[Life]:
    """A daemon that has followed cart for a minute, and ends in order."""
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        yield life
        assert life.daemon.stepping.failed == {}
        if not life.stop.is_set() and not life.crashes.dead.is_set():
            await life.end()
        check_log(outside)


def replayed(transition: Transition, policy: bytes | None) -> bool:
    """Whether the core comes to the same bytes again."""
    assert policy is not None
    return record.replay(
        record.Record(
            transition.at,
            policy,
            transition.state_before,
            transition.observation,
            transition.state_after,
            transition.commands,
        )
    )


def check_log(outside: o.Outside) -> None:
    """What must hold of every log: records replay, and every write was intended before."""
    kinds: dict[str, list[str]] = {}
    for transition in outside.store.transitions():
        assert replayed(transition, outside.store.policy(transition.policy_hash)), transition.kind
        kinds.setdefault(transition.release, []).append(transition.kind)
    for _, _, decision in outside.writes:
        row = outside.store.decision(decision)
        assert any("roll_back" in kind for kind in kinds[row.release])
