"""Carries out the commands of durable steps: rungs through the actuator, announcements as Events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from watcher.core.model import RungReport, Workload
from watcher.core.orders import AbortOrder, Announce, Command, RungOrder, UndoOrder
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Actuator, Announcer, WatcherError

log = structlog.get_logger("watcher.executing")


class Executing:
    """Runs at most one attempt per workload at a time, and puts its report on `reports`."""

    def __init__(self, actuator: Actuator, announcer: Announcer | None, telemetry: Telemetry) -> None:
        self.running: set[Workload] = set()
        self.reports: asyncio.Queue[tuple[Workload, RungReport]] = asyncio.Queue()
        self._actuator, self._announcer, self._telemetry = actuator, announcer, telemetry
        self._tasks: set[asyncio.Task[None]] = set()

    def carry_out(self, command: Command) -> None:
        """Start carrying out a command; returns at once."""
        if isinstance(command, Announce):
            self._spawn(self._announce(command))
        elif command.workload not in self.running:
            self.running.add(command.workload)
            self._spawn(self._perform(command))

    async def finish(self, grace: float) -> None:
        """Give attempts under way `grace` seconds; what is cut off is found on the object at the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, order: RungOrder) -> None:
        rung = rung_of(order)
        log.info("rung_ordered", rung=rung, workload=str(order.workload), decision=order.decision, tried=order.tried)
        try:
            report = await self._actuator.perform(order)
        finally:
            self.running.discard(order.workload)
        log.info("rung_reported", workload=str(order.workload), rung=rung, result=report.result, message=report.message)
        self._telemetry.rungs.labels(rung, report.result).inc()
        self.reports.put_nowait((order.workload, report))

    async def _announce(self, announcement: Announce) -> None:
        if self._announcer is None:
            return
        try:
            await self._announcer.announce(announcement)
        except WatcherError as error:
            self._telemetry.events_lost.inc()
            log.warning("event_lost", workload=str(announcement.workload), error=str(error))


def rung_of(order: RungOrder) -> str:
    """The rung that an order belongs to."""
    if isinstance(order, AbortOrder):
        return "abort"
    return "undo" if isinstance(order, UndoOrder) else "undo:stuck_pods"
