"""What is read and counted through the API is what the samples say, whoever serves them."""

from __future__ import annotations

import pytest

from tests.contract.prometheus.shop import NOW, shop
from tests.daemon.recorded import Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, ERRORS, LATENCY, watched
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.core.policy import Source
from watcher.daemon.polling import Polling, Reading
from watcher.ports import MetricsSource, RawSeries, Rejected, Unavailable

PODS = 'namespace=~"shop",pod=~"checkout-a|checkout-c"'


def ordered(found: list[RawSeries]) -> list[tuple[list[tuple[str, str]], list[tuple[float, float]]]]:
    return sorted((sorted(each.labels.items()), list(each.samples)) for each in found)


@pytest.mark.parametrize(
    "selector",
    [
        f"http_requests_total{{{PODS}}}",
        f'http_request_duration_seconds_bucket{{{PODS},le=~"\\\\+Inf|0\\\\.5"}}',
        '{__name__=~"up|process_start_time_seconds",' + PODS + "}",
    ],
)
@pytest.mark.parametrize(("window", "at"), [(45.0, NOW), (600.001, BEGAN + 600), (0.5, BEGAN + 600), (1000.0, BEGAN)])
async def test_raw_samples_come_as_they_were_taken(
    source: PrometheusSource, selector: str, window: float, at: float
) -> None:
    recorded = Recorded(shop()[1])
    recorded.now = at

    assert ordered(await source.raw(selector, window, at)) == ordered(await recorded.raw(selector, window, at))


async def test_nothing_is_an_empty_answer(source: PrometheusSource) -> None:
    assert await source.raw('nothing{pod=~"a"}', 60.0, NOW) == []
    assert await source.instant('nothing{pod=~"a"}', NOW) == []


async def test_instant_vectors_and_bounds(source: PrometheusSource) -> None:
    found = await source.instant(f"count by (le) (http_request_duration_seconds_bucket{{{PODS}}})", NOW)

    assert sorted((each.labels["le"], each.value, each.at) for each in found) == [
        (le, 2.0, NOW) for le in ("+Inf", "0.1", "0.5", "1.0")
    ]


async def test_a_query_that_cannot_be_read_is_refused_with_the_servers_word(source: PrometheusSource) -> None:
    with pytest.raises(Rejected, match="HTTP 400: "):
        await source.instant("max by (", NOW)


async def test_nobody_there_is_unavailable() -> None:
    source = PrometheusSource(Source("main", "http://127.0.0.1:9"))

    with pytest.raises(Unavailable, match=r"^http://127.0.0.1:9: "):
        await source.raw("up{}", 15.0, NOW)
    await source.close()


async def count(source: MetricsSource, times: list[float]) -> list[Reading]:
    polling = Polling([source])
    release = watched(shop()[0], ERRORS, LATENCY)
    found = []
    for at in times:
        if isinstance(source, Recorded):
            source.now = at
        found.append((await polling.poll([release], at))[CHECKOUT])
    return found


async def test_blocks_are_those_of_the_samples(source: PrometheusSource) -> None:
    times = [BEGAN + 40, BEGAN + 52.5, BEGAN + 700, NOW - 3]

    served = await count(source, times)

    assert repr(served) == repr(await count(Recorded(shop()[1]), times))
    assert sum(len(each.blocks) for each in served) == 2 * 2975 // 5
    assert not any(block.broken for each in served for block in each.blocks)
