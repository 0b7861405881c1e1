from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from watcher.ports import Unavailable
from watcher.sandbox.metrics.promql.queries import instant
from watcher.sandbox.metrics.scrape import Scraper, targets_of
from watcher.sandbox.metrics.store import NAME, Labels, Store, as_labels

DISCOVERY = "http://shop/sd"


def target(pod: str) -> dict[str, Any]:
    return {"targets": ["shop:80"], "labels": {"__metrics_path__": f"/metrics/{pod}", "pod": pod}}


class Web:
    """Pages by URL; what is missing is down."""

    def __init__(self) -> None:
        self.pages = {DISCOVERY: json.dumps([target("a"), target("b")])}

    def expose(self, pod: str, text: str) -> None:
        self.pages[f"http://shop:80/metrics/{pod}"] = text

    async def fetch(self, url: str) -> str:
        try:
            return self.pages[url]
        except KeyError:
            raise Unavailable(url) from None


@pytest.fixture
def web() -> Web:
    made = Web()
    made.expose("a", 'requests{code="200"} 7\nstarted 1.5\n')
    made.expose("b", 'requests{code="200"} 8\nrequests{code="500"} 1\n')
    return made


@pytest.fixture
def scraper(web: Web) -> Scraper:
    return Scraper(DISCOVERY, Store(), web.fetch)


def seen(scraper: Scraper, query: str, at: int) -> dict[str, float]:
    answer = instant(scraper.store, query, at)
    assert isinstance(answer, list)
    return {"/".join(value for name, value in each.labels if name in {"pod", "code"}): each.value for each in answer}


def labels(name: str, **own: str) -> Labels:
    return as_labels({NAME: name, "job": "shop", "instance": "shop:80", **own}.items())


async def test_samples_get_the_labels_of_their_target_and_the_time_of_the_round(scraper: Scraper) -> None:
    await scraper.round(1000)
    held = {series.labels: series.window(0, 9999) for series in scraper.store.select()}
    assert held == {
        labels("requests", code="200", pod="a"): [(1000, 7.0)],
        labels("started", pod="a"): [(1000, 1.5)],
        labels("requests", code="200", pod="b"): [(1000, 8.0)],
        labels("requests", code="500", pod="b"): [(1000, 1.0)],
        labels("up", pod="a"): [(1000, 1.0)],
        labels("up", pod="b"): [(1000, 1.0)],
    }


async def test_a_target_that_fails_is_down_and_its_series_are_stale(scraper: Scraper, web: Web) -> None:
    await scraper.round(1000)
    del web.pages["http://shop:80/metrics/b"]
    web.expose("a", "this is no { exposition")
    await scraper.round(2000)
    assert seen(scraper, "up", 2000) == {"a": 0.0, "b": 0.0}
    assert seen(scraper, "requests", 1999) == {"200/a": 7.0, "200/b": 8.0, "500/b": 1.0}
    assert seen(scraper, "requests", 2000) == {}


async def test_a_series_that_vanishes_is_stale_and_may_come_back(scraper: Scraper, web: Web) -> None:
    await scraper.round(1000)
    web.expose("b", 'requests{code="200"} 9\n')
    await scraper.round(2000)
    assert seen(scraper, "requests", 2000) == {"200/a": 7.0, "200/b": 9.0}
    web.expose("b", 'requests{code="200"} 9\nrequests{code="500"} 2\n')
    await scraper.round(3000)
    assert seen(scraper, "requests", 3000)["500/b"] == 2.0


async def test_a_target_that_is_no_longer_listed_is_stale_altogether(scraper: Scraper, web: Web) -> None:
    await scraper.round(1000)
    web.pages[DISCOVERY] = json.dumps([target("a")])
    await scraper.round(2000)
    assert seen(scraper, "up", 2000) == {"a": 1.0}
    assert seen(scraper, "requests", 2000) == {"200/a": 7.0}
    await scraper.round(3000)
    markers = [series for series in scraper.store.select() if ("pod", "b") in series.labels]
    assert {len(series) for series in markers} == {2}, "marked once"


@pytest.mark.parametrize("answer", [None, "", "{}", '[{"labels": {}}]', "[1]"])
async def test_targets_of_before_are_kept_while_discovery_does_not_answer(
    answer: str | None, scraper: Scraper, web: Web
) -> None:
    await scraper.round(1000)
    del web.pages[DISCOVERY]
    if answer is not None:
        web.pages[DISCOVERY] = answer
    await scraper.round(2000)
    assert seen(scraper, "up", 2000) == {"a": 1.0, "b": 1.0}


async def test_a_label_of_the_target_wins_over_one_of_the_sample(scraper: Scraper, web: Web) -> None:
    web.expose("a", 'requests{pod="liar"} 1\n')
    await scraper.round(1000)
    assert labels("requests", pod="a", exported_pod="liar") in {series.labels for series in scraper.store.select()}


def test_addresses_without_a_path_are_scraped_where_prometheus_would() -> None:
    (found,) = targets_of('[{"targets": ["one:1"]}]')
    assert found.url == "http://one:1/metrics"
    assert found.labels == (("instance", "one:1"), ("job", "shop"))


@pytest.mark.looptime
async def test_it_scrapes_on_a_steady_beat_and_waits_for_a_clock_that_was_set_back(scraper: Scraper) -> None:
    loop, skew = asyncio.get_running_loop(), [0.0]
    task = asyncio.create_task(scraper.run(1.0, lambda: 100 + loop.time() + skew[0]))
    await asyncio.sleep(2.5)
    skew[0] = -2.0
    await asyncio.sleep(2.0)
    task.cancel()
    (up,) = (series for series in scraper.store.select() if series.labels == labels("up", pod="a"))
    assert [at for at, _ in up.window(0, 200_000)] == [100_000, 101_000, 102_000]
