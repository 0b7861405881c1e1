"""The gauges: what is so now, for Prometheus."""

from __future__ import annotations

from watcher.daemon.breakers import Breakers
from watcher.daemon.journal import Journal
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.standing import bad_versions_back, bridges, not_durable
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock


class Gauges:
    """Sets the gauges.  A series is there only while its subject is, so their number stays bounded."""

    def __init__(
        self,
        stepping: Stepping,
        journal: Journal,
        status: Status,
        sourcing: Sourcing,
        telemetry: Telemetry,
        clock: Clock,
        breakers: Breakers,
    ) -> None:
        self._breakers = breakers
        self._stepping, self._journal, self._status, self._sourcing = stepping, journal, status, sourcing
        self._telemetry, self._clock = telemetry, clock

    async def measure(self, elapsed: float) -> None:
        """Set all of them; `elapsed` are the seconds since the last time."""
        telemetry, stepping = self._telemetry, self._stepping
        telemetry.workloads.set(len(stepping.states))
        telemetry.releases_watched.set(len(stepping.open_watches()))
        telemetry.rollbacks_running.set(len(stepping.carrying_out()))
        telemetry.steps_failing.set(len(stepping.failed))
        telemetry.cache_age.set(self._status.cache_age())
        telemetry.not_followed.set(self._status.not_followed())
        self._breaches()
        self._git()
        self._sources(elapsed)
        self._ways_back()
        self._status.store_problem = await self._journal.degraded()
        telemetry.store_degraded.set(bool(self._status.store_problem or stepping.unwritable))
        telemetry.store_unwritable.set(bool(stepping.unwritable))

    def _breaches(self) -> None:
        telemetry = self._telemetry
        telemetry.breach.clear()
        for each in self._status.standings():
            telemetry.breach.labels(str(each.workload), each.state, each.guard).set(1)
        cluster, namespaces = self._breakers.open()
        telemetry.freezes_open.clear()
        for window in self._status.freezes():
            telemetry.freezes_open.labels(window.name).set(1)
        telemetry.breakers_open.labels("cluster").set(cluster)
        telemetry.breakers_open.labels("namespace").set(namespaces)

    def _git(self) -> None:
        """Where Git and cluster do not agree, and what they bring back."""
        telemetry, states = self._telemetry, self._stepping.states.values()
        for gauge in (telemetry.not_durable, telemetry.bad_versions_back, telemetry.bridges):
            gauge.clear()
        for workload, durability in not_durable(states):
            telemetry.not_durable.labels(str(workload), durability.value).set(1)
        for workload in bad_versions_back(states):
            telemetry.bad_versions_back.labels(str(workload)).set(1)
        for workload, overdue in bridges(states):
            telemetry.bridges.labels(str(workload), str(overdue).lower()).set(1)

    def _sources(self, elapsed: float) -> None:
        """Sources that no release under watch asks have no health: they are not polled."""
        telemetry, now = self._telemetry, self._clock.now()
        for gauge in (telemetry.source_up, telemetry.poll_lag, telemetry.clock_offset):
            gauge.clear()
        offsets = self._sourcing.clock_offsets()
        for source in self._status.sources():
            telemetry.source_up.labels(source.name).set(source.healthy)
            if source.watermark is not None:
                telemetry.poll_lag.labels(source.name).set(now - source.watermark)
            if source.name in offsets:
                telemetry.clock_offset.labels(source.name).set(offsets[source.name])
            if not source.healthy:
                telemetry.blind.labels(source.name).inc(elapsed)

    def _ways_back(self) -> None:
        """Providers that no release under watch is tied to have no health: they are not asked."""
        telemetry = self._telemetry
        telemetry.flag_provider_up.clear()
        for provider, problem in self._status.flag_providers().items():
            telemetry.flag_provider_up.labels(provider).set(not problem)
        telemetry.notes_unread.set(len(self._status.notes_unread()))
