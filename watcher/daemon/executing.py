"""Carries out the commands of durable steps: rungs through the actuator, announcements as Events."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import structlog

from watcher.core.model import Result, RungReport, Workload
from watcher.core.orders import Announce, Command, RungOrder, rung_of
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Actuator, Announcer, Clock, WatcherError

LONGEST_ATTEMPT = 120.0
"""Seconds after which an attempt without a report is cut off: nobody knows what came of it."""

TOO_MANY_CRASHES = 3
"""Attempts in which our own code failed before the rung counts as one that cannot work here."""

log = structlog.get_logger("watcher.executing")


class Executing:
    """Runs at most one attempt per workload at a time, and keeps its report until somebody takes it.

    `running` are the workloads with an attempt whose report was not taken yet.
    """

    def __init__(self, actuator: Actuator, announcer: Announcer | None, telemetry: Telemetry, clock: Clock) -> None:
        self.running: set[Workload] = set()
        self._actuator, self._announcer, self._telemetry, self._clock = actuator, announcer, telemetry, clock
        self._reports: asyncio.Queue[tuple[Workload, RungReport]] = asyncio.Queue()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def carry_out(self, command: Command) -> None:
        """Start carrying out a command; returns at once."""
        if isinstance(command, Announce):
            self._spawn(self._announce(command))
        elif self._closed or command.workload in self.running:
            why = "shutting down" if self._closed else "another attempt is under way"
            log.info("rung_left", rung=rung_of(command), workload=str(command.workload), why=why)
        else:
            self.running.add(command.workload)
            self._spawn(self._perform(command))

    def warn(self, reason: str, text: str) -> None:
        """Tell people that something is wrong with this process; returns at once."""
        self._spawn(self._warn(reason, text))

    async def report(self) -> tuple[Workload, RungReport]:
        """Wait for the next report, and take it."""
        workload, report = await self._reports.get()
        self.running.discard(workload)
        return workload, report

    @property
    def has_reports(self) -> bool:
        """Whether a report waits to be taken."""
        return not self._reports.empty()

    def close(self) -> None:
        """Begin no attempt from now on; what is ordered is left to the next start."""
        self._closed = True

    async def finish(self, grace: float) -> None:
        """Give what is under way `grace` seconds; what is cut off is found on the object at the next start."""
        tasks = set(self._tasks)
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            log.warning("cut_off", workloads=sorted(map(str, self.running)), after=grace)
            await asyncio.wait(late)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _perform(self, order: RungOrder) -> None:
        rung = rung_of(order)
        log.info("rung_ordered", rung=rung, workload=str(order.workload), decision=order.decision, tried=order.tried)
        report = await self._attempt(order)
        log.info("rung_reported", workload=str(order.workload), rung=rung, result=report.result, message=report.message)
        self._telemetry.rungs.labels(rung, report.result).inc()
        self._reports.put_nowait((order.workload, report))

    async def _attempt(self, order: RungOrder) -> RungReport:
        """One attempt.  Whatever happens a report comes of it, for a workload without one would wait for ever."""
        try:
            async with asyncio.timeout(LONGEST_ATTEMPT):
                return await self._actuator.perform(order)
        except TimeoutError:
            result, message = Result.UNKNOWN, f"no answer within {LONGEST_ATTEMPT:.0f} s"
        except Exception as error:  # a fault of ours, which must not take the other workloads down
            log.exception("rung_crashed", workload=str(order.workload), decision=order.decision, tried=order.tried)
            result = Result.UNKNOWN if order.tried < TOO_MANY_CRASHES else Result.REFUSED
            message = f"watcher itself failed ({type(error).__name__}: {error}); its log has the traceback, report it"
        return RungReport(order.decision, rung_of(order), order.tried, result, self._clock.now(), message)

    async def _announce(self, announcement: Announce) -> None:
        if self._announcer is None:
            return
        try:
            await self._announcer.announce(announcement)
        except WatcherError as error:
            self._lost(announcement.reason, error, str(announcement.workload))

    async def _warn(self, reason: str, text: str) -> None:
        if self._announcer is None:
            return
        try:
            await self._announcer.warn(reason, text)
        except WatcherError as error:
            self._lost(reason, error)

    def _lost(self, reason: str, error: WatcherError, workload: str = "") -> None:
        self._telemetry.events_lost.inc()
        log.warning("event_lost", reason=reason, workload=workload, error=str(error))
