"""Series of a release, as a Prometheus would hold them: the same in every run."""

from __future__ import annotations

import math
import random
from functools import cache

from tests.daemon.shop import BEGAN, pod, series, up
from watcher.core.model import Pod
from watcher.ports import RawSeries

NOW = BEGAN + 1200


@cache
def shop() -> tuple[list[Pod], list[RawSeries]]:
    """Two old pods and one new, one of which restarts; requests, failures, latency, scraped by two jobs."""
    chance = random.Random(20_261_123)  # noqa: S311 - the same in every run, not a secret
    pods = [
        pod("checkout-a"),
        pod("checkout-b", started=(BEGAN - 80000, BEGAN + 301)),
        pod("checkout-c", "new", BEGAN + 12),
    ]
    found: list[RawSeries] = []
    for number, each in enumerate(pods):
        first = max(each.created + 4, BEGAN - 1000) + 0.137 * (number + 1)
        times = [round(first + 15 * n, 3) for n in range(int((NOW - first) // 15))]
        restarts = [at for at in each.started if at > BEGAN]
        found.append(up(each.name, times))
        found.append(series("process_start_time_seconds", each.name, [(at, _start(each, at)) for at in times]))
        for code, rate in (("200", 40.0), ("404", 2.0), ("503", 0.5)):
            born = times if code == "200" else times[chance.randrange(30) :]
            found.append(series("http_requests_total", each.name, _counter(chance, born, rate, restarts), code=code))
        for le, rate in (("0.1", 20.0), ("0.5", 35.0), ("1.0", 39.0), ("+Inf", 40.0)):
            name = "http_request_duration_seconds_bucket"
            found.append(series(name, each.name, _counter(chance, times, rate, restarts), le=le))
    return pods, found


def _start(each: Pod, at: float) -> float:
    return max(start for start in (*each.started, each.created) if start <= at)


def _counter(
    chance: random.Random, times: list[float], rate: float, restarts: list[float]
) -> list[tuple[float, float]]:
    samples, value, before = [], 0.0, -math.inf
    for at in times:
        value = 0.0 if any(before < restart <= at for restart in restarts) else value
        value += math.floor(chance.expovariate(1 / rate))
        before = at
        if chance.random() < 0.97:
            samples.append((at, value))
    return samples
