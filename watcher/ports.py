"""The outside, as the daemon sees it: one small Protocol per system, and the errors they raise.

Each port has one contract suite in `tests/contract`, which the stand-in and the real adapter both pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from watcher.core.model import RungReport, Workload, WorkloadView
from watcher.core.orders import Announce, RungOrder


class WatcherError(Exception):
    """An error with what, where, why and how to mend in its message."""


class Unavailable(WatcherError):
    """The other side could not be reached, timed out or asked to come back later; a later call may succeed."""


class Rejected(WatcherError):
    """The other side understood and refused: asking again the same way is no use."""


class Forbidden(Rejected):
    """A permission is missing; the message names verb, resource and namespace."""


class Clock(Protocol):
    """Time, injected so that tests run in virtual time."""

    def now(self) -> float:
        """Wall clock, Unix seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class RawSeries:
    """Samples of one series as they were scraped: (Unix seconds, value), oldest first."""

    labels: Mapping[str, str]
    samples: Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Sample:
    """One element of an instant vector."""

    labels: Mapping[str, str]
    at: float
    value: float


class MetricsSource(Protocol):
    """A Prometheus-compatible query API."""

    name: str

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        """Samples of `selector` in (at - window, at], as scraped.

        Raises Unavailable when the source is down, times out, or answers partially; Rejected for a bad query.
        """

    async def instant(self, query: str, at: float) -> list[Sample]:
        """Evaluate a PromQL expression at one time.  Raises as `raw`."""


class Cluster(Protocol):
    """The cluster, read through a cache that follows it."""

    def workloads(self) -> Iterable[WorkloadView]:
        """All workloads of the cache; pods only of those that are followed."""

    def view(self, workload: Workload) -> WorkloadView | None:
        """One workload of the cache, or None when there is no such."""

    def age(self) -> float:
        """Seconds since the cache was last known to be true."""

    async def follow(self, workloads: frozenset[Workload]) -> None:
        """Keep pods (and deleted pods for a while) of just these workloads."""

    async def changed(self) -> frozenset[Workload]:
        """Wait until something changed; the workloads concerned since the last call."""

    async def configurations(self, namespace: str, names: Iterable[str]) -> Mapping[str, str]:
        """Content hash of each "ConfigMap/name" that exists, read now.  Raises Unavailable, Forbidden."""


class Actuator(Protocol):
    """Performs rungs on the cluster: each call is safe to repeat and carries its preconditions."""

    async def perform(self, order: RungOrder) -> RungReport:
        """Attempt the order once.  Never raises for what the API answers: the report's result tells."""


class Announcer(Protocol):
    """Tells people."""

    async def announce(self, announcement: Announce) -> None:
        """Create a Kubernetes Event.  Raises Unavailable, Forbidden; a lost Event must not stop anything."""
