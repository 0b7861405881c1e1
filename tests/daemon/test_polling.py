from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.counted import by_scrape
from tests.daemon.recorded import DOWN, Recorded
from tests.daemon.shop import (
    BEGAN,
    BY_WORKLOAD,
    CHECKOUT,
    ERRORS,
    FAILURES,
    LAG,
    LATENCY,
    pod,
    rising,
    scrapes,
    series,
    up,
    watched,
)
from watcher.core.model import Block, QueryValue, Source, Workload
from watcher.core.policy import By, Identify, RatioCheck
from watcher.core.words import Kind
from watcher.daemon.folds import HISTORY
from watcher.daemon.polling import Polling, Reading, Watched
from watcher.ports import RawSeries, Rejected, Sample

TIMES = scrapes(BEGAN - HISTORY - 300, BEGAN + 900)
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")


async def poll(polling: Polling, source: Recorded, at: float, *what: Watched) -> Reading:
    source.now = at
    return (await polling.poll(what, at))[what[0].view.workload]


def requests(name: str, per_scrape: float = 10.0, code: str = "200", **labels: str) -> RawSeries:
    return series("http_requests_total", name, rising(TIMES, per_scrape), code=code, **labels)


def totals(blocks: tuple[Block, ...]) -> list[float]:
    """Requests of each scrape of 15 s."""
    return [sum(each.total for each in block.pods) for block in by_scrape(blocks)]


async def test_history_and_what_is_new_come_as_blocks_in_order() -> None:
    source = Recorded([requests("a"), up("a", TIMES)])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)

    first = await poll(polling, source, BEGAN + 20, release)
    second = await poll(polling, source, BEGAN + 50, release)

    assert first.blocks[0].start == BEGAN - HISTORY
    assert [each.start - BEGAN for each in (first.blocks[-1], *second.blocks)] == [10, 15, 20, 25, 30, 35, 40]
    assert set(totals((first.blocks + second.blocks)[:-3])) == {10}  # the last scrape is still to be counted
    assert second.sources == (Source("main", healthy=True, watermark=BEGAN + 45),)
    assert second.problems == ()


async def test_nothing_is_asked_while_no_block_can_end() -> None:
    source = Recorded([requests("a"), up("a", TIMES)])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)
    await poll(polling, source, BEGAN + 20, release)
    before = polling.queries

    for at in (21, 22, 22.9):
        assert (await poll(polling, source, BEGAN + at, release)).blocks == ()
    assert polling.queries == before
    assert len((await poll(polling, source, BEGAN + 33, release)).blocks) == 3
    assert polling.queries == before + 2


async def test_the_number_of_queries_does_not_grow_with_the_number_of_services() -> None:
    releases, found = [], []
    for number in range(40):
        name = f"service-{number}"
        releases.append(
            watched([pod(f"{name}-a"), pod(f"{name}-b", "new")], ERRORS, workload=replace(CHECKOUT, name=name))
        )
        found += [requests(f"{name}-{each}", number + 1) for each in "ab"]
    source = Recorded(found)
    polling = Polling([source])
    source.now = BEGAN + 20
    await polling.poll(releases, BEGAN + 20)
    before, source.now = polling.queries, BEGAN + 35

    readings = await polling.poll(releases, BEGAN + 35)

    assert polling.queries == before + 2  # the metric, and the scrapes
    assert [totals(readings[each.view.workload].blocks) for each in releases] == [[2 * n] for n in range(1, 41)]


async def test_old_and_new_pods_are_told_apart() -> None:
    source = Recorded([requests("a"), requests("b", 3.0, "500"), up("a", TIMES), up("b", TIMES)])

    reading = await poll(Polling([source]), source, BEGAN + 20, watched([pod("a"), pod("b", "new")], ERRORS))

    assert [(each.revision, each.total, each.bad) for each in by_scrape(reading.blocks)[-1].pods] == [
        ("old", 10, 0),
        ("new", 3, 3),
    ]


async def test_errors_of_a_metric_of_their_own_are_read_beside_the_total() -> None:
    failures = series("http_failures_total", "a", rising(TIMES, 2.0))
    source = Recorded([requests("a"), failures])

    reading = await poll(Polling([source]), source, BEGAN + 20, watched([pod("a")], FAILURES))

    assert [(each.total, each.bad) for each in by_scrape(reading.blocks)[-1].pods] == [(10, 2)]


async def test_a_bound_is_found_however_the_metric_writes_it() -> None:
    buckets = [
        series("http_request_duration_seconds_bucket", "a", rising(TIMES, step), le=le)
        for le, step in (("0.500", 7.0), ("1.000", 9.0), ("+Inf", 10.0))
    ]
    source = Recorded(buckets)
    polling = Polling([source])
    release = watched([pod("a")], LATENCY)

    reading = await poll(polling, source, BEGAN + 20, release)
    await poll(polling, source, BEGAN + 50, release)

    assert [(each.total, each.bad) for each in by_scrape(reading.blocks)[-1].pods] == [(10, 3)]
    assert sum(query.startswith("count by (le)") for query in source.asked) == 1


async def test_a_bound_that_is_no_bucket_is_asked_for_again_after_a_while() -> None:
    buckets = [
        series("http_request_duration_seconds_bucket", "a", rising(TIMES, 1.0), le=le) for le in ("0.25", "1", "+Inf")
    ]
    source = Recorded(buckets)
    polling = Polling([source])
    release = watched([pod("a")], LATENCY)

    reading = await poll(polling, source, BEGAN + 20, release)
    for after in (40, 60, 100):
        await poll(polling, source, BEGAN + after, release)

    assert by_scrape(reading.blocks)[-1].broken.endswith(
        "0.5 is no bucket bound of http_request_duration_seconds on old; nearest: 0.25, 1"
    )
    assert sum(query.startswith("count by (le)") for query in source.asked) == 2


async def test_an_outage_loses_nothing() -> None:
    source = Recorded([requests("a"), up("a", TIMES)])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)
    before = await poll(polling, source, BEGAN + 20, release)
    source.failing = DOWN
    down = await poll(polling, source, BEGAN + 40, release)
    source.failing = None
    after = await poll(polling, source, BEGAN + 800, release)

    assert (down.blocks, down.sources) == (
        (),
        (Source("main", healthy=False, watermark=BEGAN + 15, problem=str(DOWN)),),
    )
    assert after.sources[0].healthy
    starts = [each.start for each in before.blocks + after.blocks]
    assert starts == scrapes(BEGAN - HISTORY, BEGAN + 790, 5.0)


async def test_a_source_that_was_down_for_long_is_caught_up_with() -> None:
    """Nothing was scraped for more than an hour: no sample, then the counter goes on."""
    times = [*scrapes(BEGAN - 900, BEGAN + 60), *scrapes(BEGAN + 9000, BEGAN + 9300)]
    source = Recorded([series("http_requests_total", "a", rising(times, 10.0), code="200")])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)
    await poll(polling, source, BEGAN + 60, release)

    found: tuple[Block, ...] = ()
    for at in range(9000, 9300, 5):
        found += (await poll(polling, source, BEGAN + at, release)).blocks

    assert [each.start for each in found if each.gap] == [BEGAN + 9000]
    assert totals(found)[-3:] == [10, 10, 10]
    assert found[-1].end == BEGAN + 9285


async def test_a_failing_source_affects_its_own_checks_only() -> None:
    good, bad = Recorded([requests("a")]), Recorded([requests("a")], "other")
    bad.failing, good.now = DOWN, BEGAN + 20
    release = watched([pod("a")], ERRORS, replace(ERRORS, name="theirs", source="other"))

    reading = (await Polling([good, bad]).poll([release], BEGAN + 20))[CHECKOUT]

    assert {each.check for each in reading.blocks} == {"errors"}
    assert [(each.name, each.healthy) for each in reading.sources] == [("main", True), ("other", False)]


async def test_a_source_with_nothing_new_is_blind() -> None:
    source = Recorded([series("http_requests_total", "a", rising(scrapes(BEGAN - 900, BEGAN), 1.0), code="200")])
    polling = Polling([source])

    for at in (20, 100):
        assert (await poll(polling, source, BEGAN + at, watched([pod("a")], ERRORS))).sources[0].healthy
    reading = await poll(polling, source, BEGAN + 130, watched([pod("a")], ERRORS))

    assert reading.sources[0].problem == "source main: its newest sample is 130 s old"


async def test_a_source_that_is_not_configured_is_named() -> None:
    reading = (await Polling([]).poll([watched([pod("a")], ERRORS)], BEGAN))[CHECKOUT]

    assert reading.sources == (
        Source("main", healthy=False, problem="source main is not configured; add it to `sources`"),
    )


async def test_nothing_is_counted_before_pods_are_known() -> None:
    source = Recorded([requests("a"), up("a", TIMES)])
    polling = Polling([source])

    assert (await poll(polling, source, BEGAN + 20, watched([], ERRORS))).blocks == ()
    assert source.asked == []
    assert len((await poll(polling, source, BEGAN + 20, watched([pod("a")], ERRORS))).blocks) == (HISTORY + 15) / 5


async def test_a_newer_release_begins_anew() -> None:
    source = Recorded([requests("a")])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)
    await poll(polling, source, BEGAN + 300, release)

    reading = await poll(polling, source, BEGAN + 310, replace(release, since=BEGAN + 300))

    assert reading.blocks[0].start == BEGAN + 300 - HISTORY


async def test_a_changed_check_begins_anew_and_others_go_on() -> None:
    source = Recorded([requests("a")])
    polling = Polling([source])
    await poll(polling, source, BEGAN + 20, watched([pod("a")], ERRORS, LATENCY))

    changed = replace(ERRORS, bad=((("code", "200"),),))
    reading = await poll(polling, source, BEGAN + 35, watched([pod("a")], changed))

    assert len(reading.blocks) == (HISTORY + 30) / 5
    assert sum(one.bad for block in reading.blocks for one in block.pods) == 10 * (HISTORY + 30) / 15


async def test_series_that_name_the_workload_are_translated() -> None:
    identify = Identify(By.WORKLOAD, workload="service", strip=("-svc",), map=(("kasse", "checkout"),))
    check = replace(ERRORS, identify=identify)
    found = [requests("gateway", step, service=name) for name, step in
             (("kasse-svc", 1.0), ("kasse", 2.0), ("checkout", 4.0), ("cart", 8.0))]  # fmt: skip
    source = Recorded(found)

    reading = await poll(Polling([source]), source, BEGAN + 20, watched([pod("a")], check))

    assert totals(reading.blocks)[-1] == 7
    assert 'service=~"checkout|checkout-svc|kasse|kasse-svc"' in source.asked[-1] + source.asked[0]


async def test_a_name_that_several_workloads_bear_is_no_ones_without_a_namespace() -> None:
    check = replace(ERRORS, identify=Identify(By.WORKLOAD, namespace="", workload="service"))
    other = replace(CHECKOUT, namespace="staging")
    source = Recorded([requests("gateway", service="checkout")])
    releases = watched([pod("a")], check), watched([pod("a")], check, workload=other)

    reading = await poll(Polling([source]), source, BEGAN + 20, *releases)

    assert reading.blocks == ()
    left_out = "workload checkout: several bear this name and series name no namespace"
    assert reading.problems == (f"errors: series that cannot be resolved are left out: {left_out}",)


async def test_a_check_that_is_about_one_workload_only_reads_the_metric_as_it_is() -> None:
    check = replace(ERRORS, identify=Identify(By.FIXED))
    source = Recorded([requests("a"), requests("b")])

    reading = await poll(Polling([source]), source, BEGAN + 20, watched([], check))

    assert totals(reading.blocks)[-1] == 20
    assert set(source.asked) == {"http_requests_total{}"}


async def test_a_check_that_cannot_be_counted_is_named() -> None:
    check = RatioCheck("errors", "main", "http_requests_total", bad=((("code", "5("),),))

    reading = (await Polling([Recorded([])]).poll([watched([pod("a")], check)], BEGAN))[CHECKOUT]

    assert reading.problems[0].startswith("check errors: pattern '5(' of `bad` does not do: it cannot be read")


async def test_oddities_are_told() -> None:
    values = [(at, 50.0 - n if n % 10 == 9 else 10.0 * n) for n, at in enumerate(TIMES)]
    found = [series("http_requests_total", "a", values, code="200"), requests("a", job="twin")]
    source = Recorded(found)

    reading = await poll(Polling([source]), source, BEGAN + 20, watched([pod("a")], ERRORS))

    assert reading.problems == (
        "errors: 1 series are second readings of a counter (two jobs, an HA pair): joined, not added",
        "errors: 14 lower values without a restart: taken for older readings",
    )
    assert set(totals(reading.blocks)) == {10}


@pytest.mark.parametrize(("interval", "expected"), [(None, 5.0), (1.0, 1.0), (15.0, 5.0), (60.0, 10.0)])
async def test_the_poll_interval_is_a_third_of_a_scrape(interval: float | None, expected: float) -> None:
    assert Polling([Recorded([])], {"main": interval}).interval == expected


async def test_the_poll_interval_is_learnt() -> None:
    source = Recorded([series("http_requests_total", "a", rising(scrapes(BEGAN - 900, BEGAN, 9.0), 1.0), code="200")])
    polling = Polling([source])

    await poll(polling, source, BEGAN + 20, watched([pod("a")], ERRORS))

    assert polling.interval == 3.0


async def test_one_query_serves_all_workloads_of_a_query_check() -> None:
    source = Recorded([])
    labels = {"namespace": "shop"}
    source.instants[LAG.query] = [
        Sample({**labels, "app": "checkout"}, BEGAN, 5.0),
        Sample({**labels, "app": "cart"}, BEGAN, 7.0),
        Sample({"namespace": "staging", "app": "cart"}, BEGAN, 9.0),
        Sample({**labels, "app": "cart"}, BEGAN, float("nan")),
    ]
    polling = Polling([source])
    names = ("checkout", "cart", "search")
    releases = [watched([], LAG, workload=replace(CHECKOUT, name=name)) for name in names]

    first = await polling.poll(releases, BEGAN + 10)
    again = await polling.poll(releases, BEGAN + 15)
    later = await polling.poll(releases, BEGAN + 18)

    assert [reading.queries for reading in first.values()] == [
        (QueryValue("lag", BEGAN, value),) for value in (5.0, 7.0, None)
    ]
    assert not any(reading.queries for reading in again.values())
    assert [value.at for reading in later.values() for value in reading.queries] == [BEGAN + 15] * 3
    assert source.asked == [LAG.query] * 2


async def test_a_query_about_one_workload_takes_the_worst_of_its_series() -> None:
    query = replace(LAG, identify=Identify(By.FIXED), max=None, min=3.0)
    source = Recorded([])
    source.instants[query.query] = [Sample({"topic": each}, BEGAN, value) for each, value in (("a", 5.0), ("b", 2.0))]

    reading = await poll(Polling([source]), source, BEGAN + 10, watched([], query))

    assert reading.queries == (QueryValue("lag", BEGAN, 2.0),)


async def test_a_query_that_the_source_refuses_is_a_fault_of_its_check() -> None:
    source = Recorded([])
    source.failing = Rejected("source main: HTTP 400: parse error")

    reading = await poll(Polling([source]), source, BEGAN + 10, watched([], LAG))

    assert reading.queries == ()
    assert reading.sources[0].healthy
    assert reading.problems == ("lag: source main: HTTP 400: parse error",)


async def test_a_query_that_gets_no_answer_is_asked_again() -> None:
    source = Recorded([])
    polling = Polling([source])
    release = watched([], replace(LAG, identify=BY_WORKLOAD))
    source.failing = DOWN
    down = await poll(polling, source, BEGAN + 10, release)
    source.failing = None
    back = await poll(polling, source, BEGAN + 11, release)

    assert (down.queries, down.sources[0].healthy) == ((), False)
    assert (back.queries, back.sources[0].healthy) == ((QueryValue("lag", BEGAN, None),), True)


async def test_what_is_no_longer_watched_is_forgotten() -> None:
    source = Recorded([requests("a")])
    polling = Polling([source])
    release = watched([pod("a")], ERRORS)
    first = await poll(polling, source, BEGAN + 20, release)
    assert await polling.poll([], BEGAN + 25) == {}

    assert await poll(polling, source, BEGAN + 20, release) == first
