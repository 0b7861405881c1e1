"""The counters of a pod, by arithmetic: requests are rate times the seconds in which the pod was Ready."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tests.e2e.traffic.profile import Profile

FAST_SECONDS, SLOW_SECONDS = 0.12, 0.8
BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, math.inf)
OTHER_METHOD_EVERY = 4  # one request in four is a POST


@dataclass
class Version:
    """One image in one namespace. Times are seconds of the wall clock, None until it happened."""

    profile: Profile
    first_ready_at: float | None = None
    first_bad_at: float | None = None
    last_bad_at: float | None = None
    broken_at: float | None = None
    mended_at: float = math.inf

    def onset(self) -> float:
        """When its faults begin; infinite before its first pod is Ready, or as a test has it."""
        if self.broken_at is not None:
            return self.broken_at
        return math.inf if self.first_ready_at is None else self.first_ready_at + self.profile.after_seconds

    def note_bad(self, first: float, last: float) -> None:
        """A pod served bad requests, the first and the last of them then."""
        self.first_bad_at = first if self.first_bad_at is None else min(first, self.first_bad_at)
        self.last_bad_at = last if self.last_bad_at is None else max(last, self.last_bad_at)


@dataclass
class PodTraffic:
    """One pod; ``advance`` it to now before reading it or changing ``serving``."""

    version: Version
    container: str
    started_at: float
    seen_at: float
    address: str = ""
    serving: bool = False
    up: bool = True
    _healthy_seconds: float = field(default=0.0, init=False)
    _faulty_seconds: float = field(default=0.0, init=False)

    @property
    def requests(self) -> int:
        """Requests served since the container started."""
        return math.floor(self.version.profile.requests_per_second * (self._healthy_seconds + self._faulty_seconds))

    @property
    def bad(self) -> int:
        """Those of them that ended in 500."""
        return math.floor(self._bad_rate * self._faulty_seconds)

    @property
    def slow(self) -> int:
        """Those of them that took longer than 500 ms."""
        profile = self.version.profile
        return math.floor(profile.requests_per_second * profile.slow_share * self._faulty_seconds)

    @property
    def _bad_rate(self) -> float:
        return self.version.profile.requests_per_second * self.version.profile.error_share

    def advance(self, now: float) -> None:
        """Serve what came since the last call, up to ``now`` (seconds of the wall clock)."""
        since, self.seen_at = self.seen_at, max(now, self.seen_at)
        if not self.serving:
            return
        if self.version.first_ready_at is None:
            self.version.first_ready_at = since
        onset = min(max(self.version.onset(), since), self.seen_at)
        end = min(max(self.version.mended_at, onset), self.seen_at)
        before = self.bad
        self._healthy_seconds += onset - since + self.seen_at - end
        self._faulty_seconds += end - onset
        if self.bad > before:
            # The bad request of a number, counted from 1, was served so long before the end.
            first, last = (end - (self._faulty_seconds - number / self._bad_rate) for number in (before + 1, self.bad))
            self.version.note_bad(first, last)

    def exposition(self) -> str:
        """The pod's page of metrics. A code that never occurred has no series, as with real counters."""
        lines = ["# TYPE http_requests_total counter"]
        for code, count in (("200", self.requests - self.bad), ("500", self.bad)):
            other = count // OTHER_METHOD_EVERY
            for method, requests in (("GET", count - other), ("POST", other)):
                if requests:
                    lines.append(f'http_requests_total{{code="{code}",method="{method}"}} {requests}')
        lines += self._histogram()
        lines.append("# TYPE process_start_time_seconds gauge")
        lines.append(f"process_start_time_seconds {self.started_at}")
        return "\n".join(lines) + "\n"

    def _histogram(self) -> list[str]:
        name, fast = "http_request_duration_seconds", self.requests - self.slow
        lines = [f"# TYPE {name} histogram"]
        for bound in BUCKETS:
            count = (fast if bound >= FAST_SECONDS else 0) + (self.slow if bound >= SLOW_SECONDS else 0)
            edge = "+Inf" if math.isinf(bound) else f"{bound:g}"
            lines.append(f'{name}_bucket{{le="{edge}"}} {count}')
        lines.append(f"{name}_sum {fast * FAST_SECONDS + self.slow * SLOW_SECONDS:.3f}")
        lines.append(f"{name}_count {self.requests}")
        return lines
