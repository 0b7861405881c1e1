"""Each preset counts what its exporter prints: through the daemon's own polling, from the exposition to blocks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.config.presets.exposition import HERE, pod_target, scraped
from tests.core.counted import by_scrape
from tests.daemon.recorded import Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, pod, scrapes, up, view
from watcher.config import loads
from watcher.config.presets import presets
from watcher.core.model import Block
from watcher.core.policy import Policy, Subject
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


def policy(name: str, expected: Expected) -> Policy:
    """What two lines of a thresholds file make of a preset."""
    text = f"""
version: 1
sources: {{main: {{url: http://prometheus:9090}}}}
checks:
  errors: {{preset: {name}, max: 1%}}
  latency: {{preset: {name}, slowerThan: {expected.slower_than}, max: 5%}}
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
    assert BY_POD.keys() <= presets().keys()


@pytest.mark.parametrize("path", sorted(HERE.glob("*.prom")), ids=lambda path: path.stem)
def test_every_sample_says_whose_form_it_has(path: object) -> None:
    first = HERE.joinpath(str(path)).read_text().splitlines()[0]
    assert first.startswith("# In the form of: ")
