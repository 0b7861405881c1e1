"""The preflight beside the daemon: at its start, hourly, and soon after the thresholds file has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from watcher.daemon.status import Status
from watcher.daemon.telemetry import Telemetry
from watcher.doctor.examine import CATALOGUE, Report
from watcher.doctor.finding import Severity
from watcher.ports import Clock

LOOK_EVERY = 5.0
"""Seconds between two looks whether it is due: the cluster must have been read completely once."""

EXAMINE_EVERY = 3600.0
"""Seconds between two preflights."""

LOGGED = 20
"""Findings that are logged one by one, at the most; `/api/v1/doctor` has all."""

log = structlog.get_logger("watcher.preflight")


class Preflight:
    """Examines now and then.  It is a task of its own, and nothing waits for it: judging comes first."""

    def __init__(
        self, examine: Callable[[], Awaitable[Report]], status: Status, telemetry: Telemetry, clock: Clock
    ) -> None:
        self._examine, self._status, self._telemetry, self._clock = examine, status, telemetry, clock
        self._due = clock.now()

    def soon(self) -> None:
        """Examine anew with the next look."""
        self._due = self._clock.now()

    async def run(self) -> None:
        """For ever."""
        while True:
            await self._clock.sleep(LOOK_EVERY)
            if self._status.synced and self._clock.now() >= self._due:
                self._due = self._clock.now() + EXAMINE_EVERY
                await self._examined()

    async def _examined(self) -> None:
        """A preflight that fails must not take the daemon with it: it is only a look."""
        try:
            report = await self._examine()
        except Exception:
            log.exception("preflight_failed")
            return
        self._status.preflight = report
        self._measure(report)
        self._tell(report)

    def _measure(self, report: Report) -> None:
        found = dict.fromkeys(CATALOGUE, 0)
        for each in report.findings:
            found[each.kind.id] += 1
        for id_, count in found.items():
            self._telemetry.findings.labels(id_, str(CATALOGUE[id_].severity)).set(count)
        self._telemetry.examined.set(report.at)

    def _tell(self, report: Report) -> None:
        counts = {str(severity): count for severity, count in report.counts().items()}
        log.info("preflight", workloads=len(report.workloads), **counts)
        worth = [each for each in report.findings if each.kind.severity is not Severity.INFO]
        for each in worth[:LOGGED]:
            log.warning("finding", id=each.kind.id, severity=str(each.kind.severity), what=each.what, mend=each.mend)
