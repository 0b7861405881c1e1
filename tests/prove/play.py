"""One history on the sandbox: the shop, the processes that watch it, and what happens to both."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from structlog.types import EventDict

from tests.daemon.outside import DAY
from tests.prove import audit, thresholds, virtual
from tests.prove.events import EVENTS
from tests.prove.history import History, Told, Violation
from tests.prove.running import Running, own_tasks
from tests.prove.shop import Shop
from watcher.core.model import Workload
from watcher.core.words import Kind

BOOT = 40.0
REBORN = 4.0
"""Seconds until a process that died is started again."""

QUIET = 1500.0
"""Seconds within which everything must have come to an end once the world is in order."""

LOOK_EVERY = 10.0
DECIDED = 200.0
"""Seconds within which a bad version must have led to a decision."""

FAULTS_OF_OURS = frozenset({"step_failed", "step_not_recorded", "rung_crashed"})


@dataclass
class Scene:
    """A shop and its processes; `faults` are what they logged that can only be a fault of ours."""

    history: History
    shop: Shop
    file: Path
    told: Told = field(default_factory=Told)
    processes: list[Running] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    @property
    def cart(self) -> Workload:
        return self.shop.workloads[0]

    @property
    def leader(self) -> Running | None:
        """The process that is the daemon now."""
        return next((each for each in self.processes if not each.dead and each.process.daemon is not None), None)

    def start(self) -> Running:
        """Another process."""
        running = Running(f"process-{next(self.names)}", self.shop, self.file).start()
        self.processes.append(running)
        return running

    async def mind(self) -> None:
        """Processes that died are started again a little later, for ever."""
        while True:
            await asyncio.sleep(REBORN)
            for each in [each for each in self.processes if each.dead]:
                each.kill()
                self.processes.remove(each)
                self.told.note("crash")
                self.start()
            for each in self.processes:
                if each.task.done() and not each.task.cancelled() and each.task.exception() is not None:
                    raise Violation(0, f"a process failed: {each.task.exception()!r}")


def play(history: History) -> Told:
    """Let it happen.  Raises Violation."""
    random.seed(history.seed)
    with tempfile.TemporaryDirectory(prefix="prove-") as directory, _heard() as heard:
        try:
            return virtual.run(_play(history, Path(directory) / "thresholds.yaml", heard))
        except virtual.Hangs as error:
            raise Violation(0, f"time stands still: {error}") from error


async def _play(history: History, file: Path, heard: list[str]) -> Told:
    own_tasks(asyncio.get_running_loop())
    shop = Shop(history.seed)
    scene = Scene(history, shop, file, faults=heard)
    await shop.open()
    thresholds.write(file, "act")
    shop.note("mode act", on=True)
    shop.deploy(kind=Kind(history.kind))
    await asyncio.sleep(DAY)
    shop.serve()
    scene.start()
    await asyncio.sleep(BOOT)
    minding = asyncio.get_running_loop().create_task(scene.mind())
    try:
        for name, *parameters in history.events:
            scene.told.note(f"event {name}")
            await _unless_failed(minding, EVENTS[name](scene, *parameters))
        await _unless_failed(minding, _ended(scene))
    finally:
        minding.cancel()
        for each in scene.processes:
            each.kill()
        shop.close()
    audit.check(scene)
    return scene.told


async def _unless_failed(minding: asyncio.Task[None], work: Awaitable[Any]) -> None:
    await work
    if minding.done():
        minding.result()


async def _ended(scene: Scene) -> None:
    """Put the world in order, and wait until nothing is under way any more."""
    await EVENTS["order"](scene)
    await _settled(scene)
    await asyncio.sleep(DECIDED if audit.bad(scene.shop) else 20.0)
    await _settled(scene)


async def _settled(scene: Scene) -> None:
    """Wait until nothing is under way, as long as that may take."""
    for _ in range(int(QUIET / LOOK_EVERY)):
        if scene.leader is not None and not audit.under_way(scene.shop):
            return
        await asyncio.sleep(LOOK_EVERY)


@contextmanager
def _heard() -> Iterator[list[str]]:
    """What the processes log that can only be a fault of ours; nothing is printed."""
    heard: list[str] = []

    def listen(logger: object, method: str, event: EventDict) -> EventDict:
        if event["event"] in FAULTS_OF_OURS:
            heard.append(f"{event['event']}: {event.get('error') or event.get('exc_info') or event}")
        raise structlog.DropEvent

    structlog.configure(processors=[listen])
    try:
        yield heard
    finally:
        structlog.reset_defaults()
