"""Any schedule of polls over the same samples gives the same blocks, to the last bit."""

from __future__ import annotations

import asyncio
import math
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.daemon.recorded import DOWN, Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, ERRORS, FAILURES, LATENCY, pod, series, up, watched
from watcher.core.model import Block, Pod
from watcher.core.policy import Check
from watcher.daemon.polling import Polling
from watcher.ports import RawSeries

END = BEGAN + 900

CHECKS: tuple[Check, ...] = (ERRORS, FAILURES, LATENCY)


def sample_values(draw: Random, times: list[float]) -> list[tuple[float, float]]:
    """A counter: rises unevenly, sometimes begins anew, is sometimes not scraped, has a NaN or an older reading."""
    value, samples = draw.randrange(1000) / 10, []
    for at in times:
        what = draw.randrange(40)
        if what == 0:
            continue
        if what == 1:
            value = 0.0
        value += draw.randrange(50) / 7
        shown = math.nan if what == 2 else value - 3 if what == 3 else value
        samples.append((at, shown))
    return samples


def world(draw: Random) -> tuple[list[Pod], list[RawSeries]]:
    """Pods and their series."""
    pods: list[Pod] = []
    found: list[RawSeries] = []
    for number in range(draw.randint(1, 3)):
        step = draw.choice([5.0, 15.0, 30.0])
        new = number > 0 and draw.random() < 0.5
        created = BEGAN + draw.randrange(300) if new else BEGAN - 5000
        name = f"checkout-{number}"
        started = (created + 1, created + draw.randint(5, 700))
        pods.append(pod(name, "new" if new else "old", created, started=started))
        first = max(created + 2, BEGAN - 900) + draw.randrange(5000) / 1000
        times = [round(first + step * n, 3) for n in range(int((END - first) // step))]
        found += pod_series(draw, name, times)
    return pods, [each for each in found if each.samples]


def pod_series(draw: Random, name: str, times: list[float]) -> list[RawSeries]:
    """What one pod shows: requests by code, perhaps scraped by two jobs, failures, a histogram."""
    found = [series("http_failures_total", name, sample_values(draw, times))]
    for job in draw.choice([("pods",), ("pods", "canary")]):
        seen = [round(at + (0.4 if job == "canary" else 0), 3) for at in times]
        found.append(up(name, seen, job=job))
        for code in draw.choice([("200",), ("200", "500")]):
            born = draw.randrange(len(seen) // 2 + 1)
            found.append(series("http_requests_total", name, sample_values(draw, seen[born:]), code=code, job=job))
    buckets = "http_request_duration_seconds_bucket"
    return [*found, *(series(buckets, name, sample_values(draw, times), le=le) for le in ("0.5", "+Inf"))]


@st.composite
def schedules(draw: st.DrawFn) -> list[tuple[float, bool]]:
    """Moments of polls, and whether the source fails at them."""
    at, found = BEGAN + draw(st.integers(1, 400)), []
    while at < END:
        found.append((at, draw(st.integers(0, 5)) == 0))
        at += draw(st.sampled_from([200.0, 0.7, 5.0, 15.0, 61.0]))
    return [*found, (END, False)]


def polled(pods: list[Pod], found: list[RawSeries], schedule: list[tuple[float, bool]]) -> list[Block]:
    source = Recorded(found, lag=2.9)
    polling = Polling([source])
    blocks: list[Block] = []

    async def run() -> None:
        for at, failing in schedule:
            source.now, source.failing = at, DOWN if failing else None
            reading = (await polling.poll([watched(pods, *CHECKS)], at))[CHECKOUT]
            blocks.extend(reading.blocks)

    asyncio.run(run())
    return sorted(blocks, key=lambda each: (each.check, each.start))


@settings(deadline=None, max_examples=40)
@given(st.randoms(use_true_random=True), schedules())
def test_blocks_do_not_depend_on_the_schedule(draw: Random, schedule: list[tuple[float, bool]]) -> None:
    pods, found = world(draw)

    once = polled(pods, found, [(END, False)])
    many = polled(pods, found, schedule)

    assert repr(many) == repr(once)
    assert len(once) > 100
