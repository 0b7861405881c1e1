"""What is done now and then: looking at the thresholds file, gauges, retention."""

from __future__ import annotations

import structlog

from watcher.daemon.gauges import Gauges
from watcher.daemon.journal import Journal
from watcher.daemon.reloading import Reloading
from watcher.daemon.stepping import Stepping
from watcher.daemon.troubles import Troubles
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
        troubles: Troubles,
        journal: Journal,
        gauges: Gauges,
        clock: Clock,
    ) -> None:
        self._reloading, self._stepping, self._troubles, self._journal = reloading, stepping, troubles, journal
        self._gauges, self._clock = gauges, clock

    async def run(self) -> None:
        """For ever."""
        measured_at = self._clock.now()
        expired_at = measured_at - EXPIRE_EVERY
        while True:
            if self._reloading.look():
                await self._troubles.config_rejected(self._reloading.file, self._reloading.rejected)
            now = self._clock.now()
            await self._gauges.measure(max(0.0, now - measured_at))
            await self._troubles.look_at_sources()
            measured_at = now
            if not 0 <= now - expired_at < EXPIRE_EVERY:
                expired_at = now
                await self._expire(now)
                await self._count_releases(now)
            await self._clock.sleep(LOOK_EVERY)

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
