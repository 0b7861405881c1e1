"""Native histograms in a real Prometheus are counted as classic ones that saw the same requests."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.contract.prometheus.shop import NOW, shop
from tests.contract.promql import conftest as promql
from tests.contract.promql.remote_write import Spread, load, load_native
from tests.daemon.recorded import Recorded
from tests.daemon.shop import CHECKOUT, series, watched
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.config import loads
from watcher.config.online import problems_online
from watcher.core.model import Workload
from watcher.core.policy import HistogramCheck, Source
from watcher.core.words import Kind
from watcher.daemon.fleets import look
from watcher.daemon.polling import Polling, Reading
from watcher.ports import MetricsSource, RawSeries
from watcher.sandbox.metrics.process import PrometheusProcess
from watcher.sandbox.metrics.store import as_labels

EDGES = [2.0 ** (n / 32) for n in range(-128, 65)]
"""Bounds of schema 5, from 62.5 ms to 4 s."""

CUSTOM = (0.1, 0.25, 0.5, 1.0, 2.5)
Requests = list[int]
"""So many in each bucket of `EDGES`."""


def requests() -> Iterator[tuple[str, list[tuple[float, Requests]]]]:
    """Each pod with its scrapes and all requests so far."""
    chance = random.Random(53)  # noqa: S311 - the same in every run, not a secret
    for each in shop()[1]:
        if each.labels["__name__"] == "up":
            seen, points = [0] * len(EDGES), list[tuple[float, Requests]]()
            for at, _ in each.samples:
                for _ in range(60):
                    seen[min(int(chance.lognormvariate(4.2, 0.4)), len(EDGES) - 1)] += 1
                points.append((at, seen.copy()))
            yield each.labels["pod"], points


def fine(seen: Requests) -> Spread:
    """As a client of schema 5 has it: the last four octaves, the coarser buckets being whole numbers of these."""
    return Spread(5, -128, seen)


def coarse(seen: Requests) -> Spread:
    """Of schema 1: sixteen buckets of schema 5 make one."""
    padded = [*([0] * 15), *seen]
    return Spread(1, -8, [sum(padded[n : n + 16]) for n in range(0, len(padded), 16)])


def custom(seen: Requests) -> Spread:
    """As classic buckets that were converted."""
    upto = [sum(itertools.compress(seen, (edge <= bound for edge in EDGES))) for bound in (*CUSTOM, 99.0)]
    return Spread(-53, 0, [later - before for before, later in itertools.pairwise((0, *upto))], CUSTOM)


KINDS: dict[str, Callable[[Requests], Spread]] = {"fine": fine, "coarse": coarse, "custom": custom}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, prometheus_binary: Path) -> Iterator[str]:
    """A Prometheus that holds the shop's scrapes and its requests as native histograms of three kinds."""
    flags = ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=20y"]
    server = PrometheusProcess(prometheus_binary, promql.NOWHERE, tmp_path_factory.mktemp("native"), flags)
    with asyncio.Runner() as runner:
        runner.run(server.start())
        try:
            load(server.url, {as_labels(each.labels.items()): _points(each) for each in _scrapes()})
            for kind, spread in KINDS.items():
                found = {
                    as_labels(series(f"{kind}_seconds", pod, []).labels.items()): [
                        (round(at * 1000), spread(seen)) for at, seen in points
                    ]
                    for pod, points in requests()
                }
                load_native(server.url, found)
            yield server.url
        finally:
            runner.run(server.stop())


def _scrapes() -> list[RawSeries]:
    return [each for each in shop()[1] if each.labels["__name__"] in {"up", "process_start_time_seconds"}]


def _points(found: RawSeries) -> list[tuple[int, float]]:
    return [(round(at * 1000), value) for at, value in found.samples]


@pytest.fixture
async def source(url: str) -> AsyncIterator[PrometheusSource]:
    made = PrometheusSource(Source("main", url), rate=1000.0)
    yield made
    await made.close()


def classic(kind: str, counted: float, bound: float) -> Recorded:
    """The same requests as classic buckets: `+Inf` and those up to `counted`, called `bound`."""
    found = _scrapes()
    for pod, points in requests():
        within = [(at, float(sum(itertools.compress(seen, (e <= counted for e in EDGES))))) for at, seen in points]
        every = [(at, float(sum(seen))) for at, seen in points]
        name = f"{kind}_seconds_bucket"
        found += [series(name, pod, within, le=repr(bound)), series(name, pod, every, le="+Inf")]
    return Recorded(found)


async def read(source: MetricsSource, check: HistogramCheck) -> Reading:
    polling = Polling([source])
    if isinstance(source, Recorded):
        source.now = NOW
    return (await polling.poll([watched(shop()[0], check)], NOW))[CHECKOUT]


@pytest.mark.parametrize(
    ("kind", "bound", "counted"),
    [
        ("fine", 0.5, 0.5),
        ("fine", 0.3, 2.0 ** (-13 / 8)),
        ("coarse", 0.5, 0.5),
        ("custom", 0.25, 0.25),
        ("custom", 0.1, 0.1),
    ],
)
async def test_blocks_are_those_of_classic_buckets(
    source: PrometheusSource, kind: str, bound: float, counted: float
) -> None:
    check = HistogramCheck("latency", "main", f"{kind}_seconds", bound, max=0.05)

    native, expected = await read(source, check), await read(classic(kind, counted, bound), check)

    assert native.blocks == expected.blocks
    assert sum(pod.bad for block in native.blocks for pod in block.pods) > 100
    assert not any(block.broken for block in native.blocks)
    note = f"latency: a native histogram: slower than {counted:g} is counted, the next bound of its buckets"
    assert (note in native.problems) is (counted != bound)


@pytest.mark.parametrize(
    ("kind", "bound", "nearest"), [("coarse", 0.3, "0.25, 0.353553"), ("custom", 0.3, "0.25, 0.5")]
)
async def test_a_bound_that_is_none_gives_no_data_and_names_the_nearest(
    source: PrometheusSource, kind: str, bound: float, nearest: str
) -> None:
    found = await read(source, HistogramCheck("latency", "main", f"{kind}_seconds", bound, max=0.05))

    broken = {block.broken for block in found.blocks if block.broken}
    assert {each.partition(": ")[2].replace(" on new", "").replace(" on old", "") for each in broken} == {
        f"{bound} is no bucket bound of {kind}_seconds; nearest: {nearest}"
    }
    assert not any(pod.total for block in found.blocks for pod in block.pods)


async def test_other_services_are_seen_by_their_native_histograms(source: PrometheusSource) -> None:
    check = HistogramCheck("latency", "main", "fine_seconds", 0.5, max=0.05)
    me = Workload(Kind.DEPLOYMENT, "shop", "search")

    services = frozenset({("shop", "checkout")})

    fleet = await look(lambda _: source, frozenset({me}), watched([], check).policy, services, NOW)
    alone = await look(lambda _: source, frozenset({me, CHECKOUT}), watched([], check).policy, services, NOW)

    assert (fleet.services, fleet.problem) == (1, "")
    assert (alone.services, alone.problem) == (0, "")


CHECKED = """version: 1
sources: {{main: {{url: "{url}"}}}}
checks:
  latency: {{histogram: now_{kind}_seconds, slowerThan: {bound}, max: 5%}}
services: [{{match: {{}}, checks: {{latency: {{}}}}}}]
"""


@pytest.mark.parametrize(
    ("kind", "bound", "nearest"),
    [
        ("fine", "300ms", ""),
        ("coarse", "500ms", ""),
        ("custom", "250ms", ""),
        ("coarse", "300ms", "250ms or 353.553ms"),
        ("custom", "300ms", "250ms or 500ms"),
    ],
)
def test_a_thresholds_file_is_held_against_them(url: str, kind: str, bound: str, nearest: str) -> None:
    _, ((_, seen), *_) = next(requests())
    labels = as_labels(series(f"now_{kind}_seconds", "checkout-a", []).labels.items())
    load_native(url, {labels: [(round(time.time() * 1000), KINDS[kind](seen))]})

    found = problems_online(loads(CHECKED.format(url=url, kind=kind, bound=bound), "f"))

    assert [each.remedy for each in found] == ([f"the nearest are {nearest}"] if nearest else [])
