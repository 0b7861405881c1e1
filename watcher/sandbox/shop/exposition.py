"""What a pod of the shop answers to a scrape, from the number of requests it served."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from watcher.sandbox.shop.faults import HEALTHY, Profile
from watcher.sandbox.shop.traffic import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_METHODS: Mapping[str, float] = {"GET": 0.8, "POST": 0.2}
_NOT_FOUND = 0.004  # share of the good answers: a 404 is the client's mistake, whatever the version

_FAST: Mapping[float, float] = {0.005: 0.1, 0.01: 0.3, 0.025: 0.62, 0.05: 0.82, 0.1: 0.94, 0.25: 0.99, 0.5: 1.0}
_SLOW: Mapping[float, float] = {0.5: 0.0, 1.0: 0.4, 2.5: 1.0}
_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_FAST_MEAN, _SLOW_MEAN = 0.034, 1.35  # seconds, from the middles of the buckets above

_ROUNDING = 1e-6  # of one request: keeps what binary fractions lose from looking like a missing request


@dataclass(frozen=True)
class Scrape(Collector):
    """The metrics of one container, as a collector of prometheus-client."""

    started: float
    served: Served
    faulty: Profile

    def text(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self)

    def collect(self) -> Iterable[Metric]:
        """All metric families."""
        requests = self.requests()
        yield GaugeMetricFamily("process_start_time_seconds", "Start time of the process, Unix seconds.", self.started)
        counter = CounterMetricFamily("http_requests_total", "Requests answered.", labels=["code", "method"])
        for (code, method), count in requests.items():
            if count:  # as client libraries do: a combination of labels exists from its first request on
                counter.add_metric([code, method], count)
        yield counter
        yield self._durations(sum(requests.values()))

    def requests(self) -> dict[tuple[str, str], int]:
        """Requests by (code, method)."""
        healthy, faulty = _codes(HEALTHY), _codes(self.faulty)
        return {
            (code, method): self._whole(healthy[code] * share, faulty[code] * share)
            for code in healthy
            for method, share in _METHODS.items()
        }

    def _whole(self, healthy: float, faulty: float) -> int:
        """Whole requests of a kind that has these shares.  Never falls, as neither number of requests does."""
        return math.floor(self.served.healthy * healthy + self.served.faulty * faulty + _ROUNDING)

    def _durations(self, total: int) -> Metric:
        histogram = HistogramMetricFamily("http_request_duration_seconds", "Time to answer a request.", labels=[])
        counts = [
            (bound, min(total, self._whole(_below(HEALTHY, bound), _below(self.faulty, bound)))) for bound in _BOUNDS
        ]
        buckets = [(str(bound), float(count)) for bound, count in counts]
        seconds = self.served.healthy * _mean(HEALTHY) + self.served.faulty * _mean(self.faulty)
        histogram.add_metric([], [*buckets, ("+Inf", float(total))], seconds)
        return histogram


def _codes(profile: Profile) -> dict[str, float]:
    """Share of the requests by status code."""
    good = 1 - profile.errors
    return {"200": good * (1 - _NOT_FOUND), "404": good * _NOT_FOUND, "500": profile.errors}


def _below(profile: Profile, bound: float) -> float:
    """Share of the requests that take at most `bound` seconds."""
    return (1 - profile.slow) * _FAST.get(bound, 1.0) + profile.slow * (_SLOW.get(bound, 0.0 if bound < 1 else 1.0))


def _mean(profile: Profile) -> float:
    return (1 - profile.slow) * _FAST_MEAN + profile.slow * _SLOW_MEAN
