"""What is done now and then: looking at the thresholds file, gauges, retention."""

from __future__ import annotations

import structlog

from watcher.daemon.journal import Journal
from watcher.daemon.reloading import Reloading
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock, WatcherError

LOOK_EVERY = 1.0
EXPIRE_EVERY = 3600.0

log = structlog.get_logger("watcher.housekeeping")


class Housekeeping:
    """Looks after the process itself."""

    def __init__(
        self,
        reloading: Reloading,
        stepping: Stepping,
        journal: Journal,
        status: Status,
        telemetry: Telemetry,
        clock: Clock,
    ) -> None:
        self._reloading, self._stepping, self._journal = reloading, stepping, journal
        self._status, self._telemetry, self._clock = status, telemetry, clock

    async def run(self) -> None:
        """For ever."""
        expired_at = self._clock.now()
        measured_at = expired_at
        while True:
            self._reloading.look()
            now = self._clock.now()
            await self._measure(now - measured_at)
            measured_at = now
            if now - expired_at >= EXPIRE_EVERY:
                expired_at = now
                await self._expire(now)
            await self._clock.sleep(LOOK_EVERY)

    async def _measure(self, elapsed: float) -> None:
        telemetry, stepping = self._telemetry, self._stepping
        telemetry.workloads.set(len(stepping.states))
        telemetry.releases_watched.set(len(stepping.open_watches()))
        telemetry.rollbacks_running.set(len(stepping.carrying_out()))
        telemetry.cache_age.set(self._status.cache_age())
        now = self._clock.now()
        for source in self._status.sources():
            telemetry.source_up.labels(source.name).set(source.healthy)
            if source.watermark is not None:
                telemetry.poll_lag.labels(source.name).set(now - source.watermark)
            if not source.healthy:
                telemetry.blind.labels(source.name).inc(elapsed)
        self._status.store_problem = await self._journal.degraded()
        telemetry.store_degraded.set(bool(self._status.store_problem))

    async def _expire(self, now: float) -> None:
        try:
            await self._journal.expire(now)
        except WatcherError as error:
            log.warning("retention_failed", error=str(error))
