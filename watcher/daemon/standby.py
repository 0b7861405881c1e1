"""What a process says and does while another one leads: it follows the cluster, and answers from the log."""

from __future__ import annotations

import math
from collections.abc import Iterator

from watcher import __version__
from watcher.core.deciding.guards import STALE_CACHE
from watcher.daemon.leading import Leading
from watcher.daemon.reloading import Reloading
from watcher.daemon.status import Body
from watcher.daemon.telemetry import Telemetry
from watcher.ports import Clock, Cluster, Unavailable

LOOK_EVERY = 1.0
"""Seconds between two looks at the thresholds file."""


class Standby:
    """Stands by to take over.  `waits_for_log` says who else writes the decision log once we lead, or is empty."""

    def __init__(
        self, cluster: Cluster, reloading: Reloading, leading: Leading, telemetry: Telemetry, clock: Clock
    ) -> None:
        self._cluster, self._reloading, self._leading = cluster, reloading, leading
        self._telemetry, self._clock = telemetry, clock
        self.waits_for_log = ""

    async def run(self) -> None:
        """Keep the thresholds ready for when they are needed, for ever."""
        while True:
            self._reloading.look()
            self._telemetry.cache_age.set(self._cluster.age())
            await self._clock.sleep(LOOK_EVERY)

    def readiness(self) -> tuple[bool, list[str]]:
        """Whether this process could take over now, and everything worth knowing.

        It is ready while another one leads, so that a rollout of watcher itself goes on.
        """
        hindering = list(self._hindering())
        return not hindering, [f"standby: {self._why()}", *hindering, *self._notes()]

    def _why(self) -> str:
        if self.waits_for_log:
            return f"this process may act, and waits for the decision log: {self.waits_for_log}"
        if self._leading.holder in ("", self._leading.identity):
            return "this process does not hold the Lease, and nobody else is known to"
        return f"the Lease is held by {self._leading.holder}"

    def _hindering(self) -> Iterator[str]:
        age = self._cluster.age()
        if math.isinf(age):
            yield "the cluster was not read completely yet"
        elif age > STALE_CACHE:
            yield f"the view of the cluster is {age:.0f} s old: is the API server reachable?"
        if self.waits_for_log:
            yield "nobody watches until the decision log is free"
        if self._leading.refused:
            yield f"this process cannot act as things are, for it cannot use the Lease: {self._leading.refused}"

    def _notes(self) -> Iterator[str]:
        if self._leading.trouble:
            yield f"the Lease cannot be reached: {self._leading.trouble}"
        if self._reloading.rejected:
            first = self._reloading.rejected.splitlines()[0]
            yield f"the thresholds file on disk is refused, an older one will be used: {first}"
        yield from (f"cannot follow: {problem}" for problem in self._cluster.problems())

    def status(self) -> Body:
        """Everything at a glance, shaped like the status of the process that leads."""
        ready, reasons = self.readiness()
        thresholds, age = self._reloading.current, self._cluster.age()
        return {
            "source": "daemon",
            "version": __version__,
            "cluster": thresholds.cluster,
            "role": "standby",
            "leader": self._leading.holder,
            "now": self._clock.now(),
            "ready": ready,
            "reasons": reasons,
            "cache_age_s": round(age, 1) if math.isfinite(age) else None,
            "config": {"digest": thresholds.digest, "rejected": self._reloading.rejected.splitlines()},
            "sources": [],
            "watching": [],
            "workloads": 0,
            "waiting": [],
            "holds": [],
            "freezes": [],
            "rehearsals": [],
        }

    def refuse(self, what: str) -> Unavailable:
        """The error for what only the process that leads can answer."""
        return Unavailable(f"{what}: this process stands by; {self._why()}. Ask the one that leads")
