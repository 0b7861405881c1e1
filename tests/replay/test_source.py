"""What the recorded source answers at a time."""

from __future__ import annotations

import math
from array import array

import pytest

from watcher.ports import Rejected, Unavailable
from watcher.replay.clock import VirtualClock
from watcher.replay.history import History
from watcher.replay.openmetrics import RecordedSeries
from watcher.replay.source import READ_LAG, RecordedSource
from watcher.replay.spec import OutageSpec

NAN = float("nan")


def series(labels: dict[str, str], *samples: tuple[float, float]) -> RecordedSeries:
    times, values = (array("d", each) for each in zip(*samples, strict=True))
    return RecordedSeries(labels, 1, times, values, ends=any(map(math.isnan, values)))


def source(now: float, *outages: tuple[float, float]) -> RecordedSource:
    bucket = {"__name__": "seconds_bucket", "namespace": "shop", "pod": "a"}
    history = History(
        [
            series({"__name__": "up", "namespace": "shop", "pod": "a"}, (15, 1), (30, 1), (45, NAN)),
            series({"__name__": "up", "namespace": "shop", "pod": "b"}, (20, 1), (35, 0), (50, 1)),
            series({**bucket, "le": "0.5"}, (15, 3), (30, 5)),
            series({**bucket, "le": "+Inf"}, (15, 4), (30, 8)),
        ]
    )
    downs = [OutageSpec.model_validate({"from": begin, "to": end}) for begin, end in outages]
    return RecordedSource("main", history, VirtualClock(now), downs)


async def test_raw_samples_are_those_of_the_window() -> None:
    asked = 'up{namespace=~"shop",pod=~"a|b"}'
    first, second = await source(100).raw(asked, 20, 35)
    assert (first.labels["pod"], list(first.samples)) == ("a", [(30, 1)])
    assert list(second.samples) == [(20, 1), (35, 0)]
    assert await source(100).raw('up{pod="c"}', 100, 100) == []


async def test_a_series_that_ended_has_no_sample_there() -> None:
    (found,) = await source(100).raw('{__name__=~"up|other",pod="a"}', 100, 100)
    assert list(found.samples) == [(15, 1), (30, 1)]
    assert [each.labels["pod"] for each in await source(100).instant("up", 46)] == ["b"]


async def test_a_sample_can_be_read_once_its_scrape_is_over() -> None:
    early = await source(30 + READ_LAG - 0.1).raw("up", 100, 100)
    late = await source(30 + READ_LAG).raw("up", 100, 100)
    assert [len(each.samples) for each in early] == [1, 1]
    assert [len(each.samples) for each in late] == [2, 1]


async def test_it_is_down_in_an_outage_and_answers_of_it_afterwards() -> None:
    with pytest.raises(Unavailable, match="down at this time"):
        await source(30, (30, 60)).raw("up", 100, 30)
    with pytest.raises(Unavailable):
        await source(59, (30, 60)).instant("up", 59)
    assert len(await source(60, (30, 60)).raw("up", 100, 60)) == 2


async def test_queries_are_evaluated() -> None:
    bounds = await source(100).instant("count by (le) (seconds_bucket)", 40)
    assert sorted((each.labels["le"], each.value) for each in bounds) == [("+Inf", 1), ("0.5", 1)]
    (scalar,) = await source(100).instant("1 + 1", 40)
    assert (scalar.value, scalar.at) == (2, 40)


@pytest.mark.parametrize("query", ["sum(", "up offset 5m @ 3", "label_replace(up, 'a', 'b', 'c', 'd')"])
async def test_a_query_that_is_not_spoken_is_refused(query: str) -> None:
    with pytest.raises(Rejected, match="the recording cannot answer"):
        await source(100).instant(query, 40)


async def test_only_selectors_give_raw_samples() -> None:
    with pytest.raises(Rejected, match="not a series selector"):
        await source(100).raw("sum(up)", 10, 10)
