"""One simulated release: who serves when, how many requests come, and which of them go wrong.

Times are Unix seconds.  Arrays are float64 of shape (pods, seconds); second `i` is [t0 + i, t0 + i + 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

OLD, NEW = "old", "new"
"""Names of the two revisions."""

NAMESPACE, SERVICE = "shop", "cart"

READ_LAG = 1.0
"""Seconds after its timestamp at which a sample can be read: what a scrape takes."""


@dataclass(frozen=True, slots=True)
class Restart:
    """A container that ended at `at` and serves again from `back`.  `back` inf: it never does."""

    at: float
    back: float
    reason: str = "Error"


@dataclass(slots=True)
class PodLife:
    """One pod: `listening` is when it can be scraped first, `ready` when it gets requests (inf: never)."""

    name: str
    revision: str
    created: float
    listening: float
    ready: float
    phase: float  # seconds; its scrapes are at phase + n x interval
    discovered: float = 0.0  # when it is scraped for the first time, be it in vain
    terminating: float = np.inf  # it gets no request from then on
    deleted: float = np.inf
    node: str = "node-0"
    restarts: list[Restart] = field(default_factory=list)
    waiting: str = ""  # why a pod that is never ready waits

    @property
    def uid(self) -> str:
        """Kubernetes' name of this very pod."""
        return f"uid-{self.name}"

    @property
    def began(self) -> float:
        """When its container started: shortly after the pod was made."""
        return self.created + min(1.0, (self.listening - self.created) / 2)


@dataclass(frozen=True, slots=True)
class Window:
    """[since, until); `pod` is the place of the only pod concerned, -1: all."""

    since: float
    until: float
    pod: int = -1

    def covers(self, times: Array) -> npt.NDArray[np.bool_]:
        """Which of these times lie in it."""
        return (times >= self.since) & (times < self.until)


@dataclass(slots=True)
class Scenario:
    """Everything that happens around one release.  `bad_from` is None for a good release."""

    family: str
    mode: str
    rate: float
    interval: float
    seed: int
    t0: float
    began: float  # the new revision was made
    end: float  # of the watch
    pods: list[PodLife]
    requests: Array  # a second
    bad: Array  # share of them that fail
    slow: Array  # share of them that take longer than the bound
    max_unavailable: int = 1
    rolled_out: float | None = None  # None: in progress until the end
    switched: float | None = None  # blue-green: when all requests go to the new version
    weight: float | None = None  # canary: the router's share, 0 to 1
    deadline_exceeded: float | None = None
    gaps: list[Window] = field(default_factory=list)  # scrapes of a pod that fail
    outages: list[Window] = field(default_factory=list)  # Prometheus is down: neither scrapes nor answers
    stale_reads: Array | None = None  # (pods, seconds): how old a sample's value is, as of the other one of an HA pair
    relabelled: float | None = None  # from when on the pods are scraped under another job
    renamed: str = ""  # of the new version: "metric" or "label"
    from_zero: bool = False  # whether counters exist before the first request
    bad_from: float | None = None
    slows: bool = False  # the fault makes requests slow instead of failing them
    from_outside: bool = False  # the check reads what callers count, which knows no pods
    fleet_onsets: list[float] = field(default_factory=list)  # when other services began to fail, one time each
    others: list[tuple[float, float | None]] = field(default_factory=list)  # other releases: began, its fault's begin

    @property
    def seconds(self) -> int:
        """Length of the arrays."""
        return int(self.requests.shape[1])

    def second(self, time: float) -> int:
        """The array index of a time, within the array."""
        return int(min(max(time - self.t0, 0.0), self.seconds))

    def of(self, revision: str) -> list[int]:
        """Places of the pods of one revision."""
        return [place for place, pod in enumerate(self.pods) if pod.revision == revision]

    def hits(self, target: Array, extra: float | Array, since: float, until: float, pods: list[int]) -> None:
        """Raise a share on these pods in [since, until).  What fails twice fails once."""
        first, last = self.second(since), self.second(until)
        if not pods or last <= first:
            return
        more = extra[first:last] if isinstance(extra, np.ndarray) else extra
        target[pods, first:last] = 1 - (1 - target[pods, first:last]) * (1 - more)
