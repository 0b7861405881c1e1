"""Each preset counts what its exporter prints: through the daemon's own polling, from the exposition to blocks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.config.presets.exposition import HERE, pod_target, scraped, without_pod
from tests.core.counted import by_scrape
from tests.daemon.recorded import Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, pod, scrapes, up, view
from watcher.config import loads
from watcher.config.presets import presets
from watcher.core.model import Block
from watcher.core.policy import Policy, Subject
from watcher.core.words import Mode
from watcher.daemon.folds import HISTORY
from watcher.daemon.polling import Polling, Reading, Watched

TIMES = scrapes(BEGAN - HISTORY - 300, BEGAN + 900)


@dataclass(frozen=True)
class Expected:
    """Requests in one scrape of the sample: all and bad ones; all and slow ones by the histogram, at a bound."""

    total: float
    bad: float
    slower_than: str
    timed: float
    slow: float


BY_POD = {
    "aspnetcore": Expected(100, 6, "500ms", 100, 5),
    "django": Expected(100, 6, "500ms", 100, 5),
    "envoy": Expected(100, 6, "500ms", 100, 5),
    "express": Expected(100, 6, "300ms", 100, 5),
    "fastapi": Expected(100, 6, "500ms", 100, 5),
    "flask": Expected(100, 6, "500ms", 100, 5),
    "grpc-go": Expected(100, 6, "500ms", 99, 5),
    "istio": Expected(100, 7, "500ms", 100, 5),
    "linkerd": Expected(100, 6, "500ms", 100, 5),
    "prometheus-net": Expected(100, 6, "512ms", 100, 5),
    "spring-boot": Expected(100, 6, "500ms", 100, 5),
}
"""Presets that see versions: series name the serving pod."""


JOINED = {
    "otel-grpc": Expected(100, 6, "500ms", 100, 5),
    "otel-http": Expected(100, 6, "500ms", 100, 5),
    "otel-http-old": Expected(100, 6, "500ms", 100, 5),
    "otel-rpc": Expected(100, 6, "500ms", 100, 5),
}
"""Presets whose series are joined to pods by target_info."""

GATEWAYS = {
    "ingress-nginx": ("", Expected(100, 6, "500ms", 100, 5)),
    "traefik": (
        'identify: {by: service, namespace: "", service: service, map: {shop-checkout-80@kubernetes: checkout}}, ',
        Expected(100, 6, "1.2s", 100, 5),
    ),
}
"""Presets of gateways, with what has to be written beside them."""


def policy(name: str, expected: Expected, beside: str = "") -> Policy:
    """What two lines of a thresholds file make of a preset."""
    text = f"""
version: 1
sources: {{main: {{url: http://prometheus:9090}}}}
checks:
  errors: {{preset: {name}, {beside}max: 1%}}
  latency: {{preset: {name}, {beside}slowerThan: {expected.slower_than}, max: 5%}}
services: [{{match: {{}}, checks: {{errors: {{}}, latency: {{}}}}}}]
"""
    found = loads(text).policy_for(Subject("Deployment", "shop", "checkout"))
    assert found is not None
    return found


async def read(source: Recorded, watched: Watched) -> Reading:
    source.now = BEGAN + 60
    return (await Polling([source]).poll([watched], source.now))[watched.view.workload]


def counts(reading: Reading, check: str) -> dict[str, tuple[float, float]]:
    """Total and bad requests of each revision in the newest whole scrape."""
    blocks: list[Block] = [block for block in reading.blocks if block.check == check and block.end <= BEGAN + 45]
    newest = by_scrape(blocks)[-1]
    assert newest.broken == ""
    return {each.revision: (each.total, each.bad) for each in newest.pods}


@pytest.mark.parametrize("name", BY_POD)
async def test_requests_bad_and_slow_ones_are_counted_by_version(name: str) -> None:
    expected = BY_POD[name]
    pods = [pod("a", "old"), pod("b", "new")]
    source = Recorded(
        [
            *scraped(name, TIMES, pod_target("a")),
            *scraped(name, TIMES, pod_target("b"), factor=2.0),
            *(up(each.name, TIMES) for each in pods),
        ]
    )

    reading = await read(source, Watched(view(pods), policy(name, expected), BEGAN))

    assert reading.problems == ()
    assert counts(reading, "errors") == {
        "old": (expected.total, expected.bad),
        "new": (2 * expected.total, 2 * expected.bad),
    }
    assert counts(reading, "latency") == {
        "old": (expected.timed, expected.slow),
        "new": (2 * expected.timed, 2 * expected.slow),
    }


@pytest.mark.parametrize("name", JOINED)
async def test_series_without_a_pod_are_joined_by_target_info(name: str) -> None:
    expected = JOINED[name]
    pushed = [
        *without_pod(scraped(name, TIMES, pod_target("a"))),
        *without_pod(scraped(name, TIMES, pod_target("b"), factor=2.0)),
        *without_pod(scraped(name, TIMES, pod_target("stranger"), factor=5.0)),
    ]

    pods = [pod("a", "old"), pod("b", "new")]
    reading = await read(Recorded(pushed), Watched(view(pods), policy(name, expected), BEGAN))

    assert reading.problems == ()
    assert counts(reading, "errors") == {
        "old": (expected.total, expected.bad),
        "new": (2 * expected.total, 2 * expected.bad),
    }
    assert counts(reading, "latency") == {
        "old": (expected.timed, expected.slow),
        "new": (2 * expected.timed, 2 * expected.slow),
    }


@pytest.mark.parametrize("name", GATEWAYS)
async def test_a_gateway_sees_the_workload_behind_a_service_and_no_versions(name: str) -> None:
    beside, expected = GATEWAYS[name]
    controllers = ({"instance": f"10.0.0.{n}:10254", "job": "gateway", "pod": f"gateway-{n}"} for n in (1, 2))
    source = Recorded([*(each for one in controllers for each in scraped(name, TIMES, one)), up("a", TIMES)])

    found = policy(name, expected, beside)
    reading = await read(source, Watched(view([pod("a")], CHECKOUT), found, BEGAN))

    assert reading.problems == ()
    assert counts(reading, "errors") == {"": (2 * expected.total, 2 * expected.bad)}
    assert counts(reading, "latency") == {"": (2 * expected.timed, 2 * expected.slow)}
    assert {check.may for check in found.checks} == {Mode.PROPOSE}


async def test_callers_of_a_mesh_see_the_workload_and_no_versions() -> None:
    expected = Expected(100, 7, "500ms", 100, 5)
    source = Recorded(
        [
            *scraped("istio-source", TIMES, pod_target("web-1")),
            *scraped("istio-source", TIMES, pod_target("web-2"), factor=2.0),
            up("a", TIMES),
        ]
    )

    found = policy("istio-source", expected)
    reading = await read(source, Watched(view([pod("a")], CHECKOUT), found, BEGAN))

    assert reading.problems == ()
    assert counts(reading, "errors") == {"": (300, 21)}
    assert counts(reading, "latency") == {"": (300, 15)}
    assert not any(check.identify.sees_versions for check in found.checks)


def test_every_preset_has_its_sample() -> None:
    assert {path.stem for path in HERE.glob("*.prom")} == set(presets())
    assert {*BY_POD, *JOINED, *GATEWAYS, "istio-source"} == set(presets())


@pytest.mark.parametrize("path", sorted(HERE.glob("*.prom")), ids=lambda path: path.stem)
def test_every_sample_says_whose_form_it_has(path: object) -> None:
    first = HERE.joinpath(str(path)).read_text().splitlines()[0]
    assert first.startswith("# In the form of: ")
