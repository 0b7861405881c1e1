"""An hour of samples with everything in it that makes query engines differ; the same in every run."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache

from watcher.sandbox.metrics.store import NAME, STALE, Labels, Point, as_labels

START = 1_760_000_000_000
LENGTH = 1_800_000
STEP = 15_000
BOUNDS = ("0.1", "0.5", "1.0", "+Inf")


def labelled(name: str, **labels: str) -> Labels:
    return as_labels({NAME: name, **labels}.items())


def _times(chance: random.Random, start: int = START, jitter: int = 0) -> Iterator[int]:
    for at in range(start, START + LENGTH, STEP):
        yield at + (chance.randint(-jitter, jitter) if jitter else 0)


def _counter(chance: random.Random, times: Iterator[int], growth: float, resets: float = 0.0) -> list[Point]:
    points, value = [], 0.0
    for at in times:
        value = 0.0 if chance.random() < resets else value
        value += math.floor(chance.expovariate(1 / growth)) if growth else 0.0
        points.append((at, value))
    return points


def _without(chance: random.Random, points: list[Point], share: float) -> list[Point]:
    return [point for point in points if chance.random() >= share]


def _ending(points: list[Point], end: int, until: int) -> list[Point]:
    """Stale at `end`, back after `until`."""
    return [
        *(point for point in points if point[0] < end),
        (end, STALE),
        *(point for point in points if point[0] > until),
    ]


@cache
def samples() -> dict[Labels, list[Point]]:
    """All series."""
    chance = random.Random(20_261_123)  # noqa: S311 - the same in every run, not a secret
    found: dict[Labels, list[Point]] = {}
    for pod in ("cart-a-1", "cart-a-2", "cart-b-1", "search-1", "search-2"):
        own = {"namespace": "shop", "pod": pod, "instance": f"{pod}:80"}
        birth = START + LENGTH // 3 if pod == "cart-b-1" else START
        jitter = 0 if pod == "cart-a-1" else 400
        for code in ("200", "404", "500"):
            growth = {"200": 900.0, "404": 2.0, "500": 0.4}[code]
            first = birth if code == "200" else birth + 4 * STEP
            points = _counter(chance, _times(chance, first, jitter), growth, 0.05 if pod == "search-1" else 0.0)
            found[labelled("http_requests_total", code=code, **own)] = points
        for position, bound in enumerate(BOUNDS):
            points = _counter(chance, _times(chance, birth, jitter), 10.0 * (position + 1))
            found[labelled("http_request_duration_seconds_bucket", le=bound, **own)] = points
        found[labelled("up", **own)] = [(at, 1.0) for at in _times(chance, birth, jitter)]
        found[labelled("process_start_time_seconds", **own)] = [
            (at, birth / 1000 - 3.25) for at in _times(chance, birth)
        ]
    return found | _odd_ones(chance)


def _odd_ones(chance: random.Random) -> dict[Labels, list[Point]]:
    steady = _counter(chance, _times(chance), 30.0)
    return {
        labelled("odd", kind="gaps"): _without(chance, steady, 0.6),
        labelled("odd", kind="gone"): [*steady[:40], (steady[40][0], STALE)],
        labelled("odd", kind="back"): _ending(steady, START + 400_000, START + 900_000),
        labelled("odd", kind="vanished"): steady[:60],
        labelled("odd", kind="flat"): [(at, 7.0) for at in _times(chance)],
        labelled("odd", kind="fraction"): [(at, chance.gauss(0, 1e-3)) for at in _times(chance, jitter=5000)],
        labelled("odd", kind="huge"): [(at, chance.gauss(0, 1e300)) for at in _times(chance)],
        labelled("odd", kind="not a number"): [(at, chance.choice([math.nan, 1.0])) for at in _times(chance)],
        labelled("odd", kind="infinite"): [(at, chance.choice([math.inf, -math.inf, 1.0])) for at in _times(chance)],
        labelled("odd", kind="single"): [(START + 600_000, 3.0)],
        labelled("odd", kind="sparse"): steady[::17],
        labelled("gauge", pod="cart-a-1", side="left"): [(at, chance.gauss(0, 10)) for at in _times(chance)],
        labelled("gauge", pod="cart-a-2", side="left"): [(at, chance.gauss(0, 10)) for at in _times(chance)],
        labelled("gauge", pod="cart-a-1", side='"quoted" \\ é'): [(at, 0.0) for at in _times(chance)],
        labelled("big", n="1"): [(at, 1.5e308) for at in _times(chance)],
        labelled("big", n="2"): [(at, 1.6e308) for at in _times(chance)],
        labelled("below_bucket", le="-1"): [(at, 4.0) for at in _times(chance)],
        labelled("below_bucket", le="2"): [(at, 6.0) for at in _times(chance)],
        labelled("below_bucket", le="wide"): [(at, 7.0) for at in _times(chance)],
        labelled("below_bucket", le="+Inf"): [(at, 8.0) for at in _times(chance)],
        labelled("limit", pod="cart-a-1"): [(at, 5.0) for at in _times(chance)],
        labelled("limit", pod="cart-a-2"): [(at, -5.0) for at in _times(chance)],
        labelled("limit", pod="nowhere"): [(at, 0.0) for at in _times(chance)],
    }
