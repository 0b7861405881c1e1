"""What is done now and then: looking at the thresholds file, gauges, retention."""

from __future__ import annotations

import structlog

from watcher.daemon.executing import Executing
from watcher.daemon.gauges import Gauges
from watcher.daemon.journal import Journal
from watcher.daemon.reloading import Reloading
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, WatcherError

LOOK_EVERY = 1.0
"""Seconds between two looks at the thresholds file."""

EXPIRE_EVERY = 3600.0
"""Seconds between two removals of what is too old, and between two counts of the releases begun."""

log = structlog.get_logger("watcher.housekeeping")


class Housekeeping:
    """Looks after the process itself."""

    def __init__(
        self,
        reloading: Reloading,
        stepping: Stepping,
        executing: Executing,
        journal: Journal,
        gauges: Gauges,
        clock: Clock,
    ) -> None:
        self._reloading, self._stepping, self._executing, self._journal = reloading, stepping, executing, journal
        self._gauges, self._clock = gauges, clock

    async def run(self) -> None:
        """For ever."""
        measured_at = self._clock.now()
        expired_at = measured_at - EXPIRE_EVERY
        while True:
            self._look_at_thresholds()
            now = self._clock.now()
            await self._gauges.measure(max(0.0, now - measured_at))
            measured_at = now
            if not 0 <= now - expired_at < EXPIRE_EVERY:
                expired_at = now
                await self._expire(now)
                await self._count_releases(now)
            await self._clock.sleep(LOOK_EVERY)

    def _look_at_thresholds(self) -> None:
        if self._reloading.look():
            problems = self._reloading.rejected
            count = len(problems.splitlines())
            self._executing.warn(
                "ThresholdsRejected",
                f"The thresholds file is refused, the running one is kept; {count} problem(s): {problems}",
            )

    async def _expire(self, now: float) -> None:
        try:
            await self._journal.expire(now)
        except WatcherError as error:
            log.warning("retention_failed", error=str(error))

    async def _count_releases(self, now: float) -> None:
        """What was counted last goes on to hold where the log cannot be read."""
        try:
            self._stepping.situation.releases = await self._journal.pace(now)
        except WatcherError as error:
            log.warning("releases_not_counted", error=str(error))
