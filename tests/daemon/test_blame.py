"""A query that fails alone is a fault of its check: it holds neither other checks nor other workloads."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from structlog.testing import capture_logs

from tests.daemon.life import virtual
from tests.daemon.recorded import DOWN, Recorded
from tests.daemon.shop import BEGAN, CHECKOUT, ERRORS, LAG, pod, rising, scrapes, series, up, watched
from watcher.core.model import Workload
from watcher.core.policy import By, Identify
from watcher.core.words import Kind
from watcher.daemon.folds import HISTORY
from watcher.daemon.polling import DEADLINE, Polling, Reading, Watched
from watcher.daemon.query_checks import AT_ONCE
from watcher.ports import RawSeries, Rejected, Sample, Unavailable, WatcherError

TIMES = scrapes(BEGAN - HISTORY - 300, BEGAN + 1800)
SEARCH = Workload(Kind.DEPLOYMENT, "shop", "search")
HUGE = replace(ERRORS, name="huge", total="huge_total")
REFUSED = Rejected("source main: HTTP 422: query processing would load too many samples into memory")
SLOW = Unavailable("source main: no answer within 20 s")


class Choosy(Recorded):
    """Answers everything but queries in which a text occurs."""

    against: dict[str, WatcherError]

    def _ask(self, query: str) -> None:
        super()._ask(query)
        for text, error in self.against.items():
            if text in query:
                raise error


def choosy(**against: WatcherError) -> Choosy:
    metrics = ("http_requests_total", "huge_total")
    counters = [series(each, name, rising(TIMES, 10.0), code="200") for each in metrics for name in ("a", "b")]
    source = Choosy([*counters, up("a", TIMES), up("b", TIMES)])
    source.against = against
    return source


async def polls(
    polling: Polling, source: Recorded, until: float, *what: Watched, since: float = 20.0
) -> list[dict[Workload, Reading]]:
    """A poll every five seconds."""
    found = []
    for after in range(int(since), int(until), 5):
        source.now = BEGAN + after
        found.append(dict(await polling.poll(what, source.now)))
    return found


def counted(readings: list[dict[Workload, Reading]], workload: Workload, check: str) -> list[float]:
    return [block.start - BEGAN for each in readings for block in each[workload].blocks if block.check == check]


async def test_a_metric_that_is_refused_holds_no_other_check() -> None:
    source = choosy(huge_total=REFUSED)
    both = watched([pod("a")], ERRORS, HUGE)
    one = watched([pod("b")], ERRORS, workload=SEARCH)

    found = await polls(Polling([source]), source, 1500, both, one)

    for workload in (CHECKOUT, SEARCH):
        assert counted(found, workload, "errors") == scrapes(-HISTORY, 1480, 5.0)
    assert counted(found, CHECKOUT, "huge") == []
    assert all(each[CHECKOUT].sources[0].healthy for each in found)
    assert found[-1][CHECKOUT].problems == (f"huge: {REFUSED}",)
    assert found[-1][SEARCH].problems == ()


async def test_a_metric_that_is_answered_again_is_caught_up_with() -> None:
    source = choosy(huge_total=SLOW)
    polling, both = Polling([source]), watched([pod("a")], ERRORS, HUGE)
    before = await polls(polling, source, 900, both)
    asked = sum("huge_total" in query for query in source.asked)
    source.against = {}
    after = await polls(polling, source, 1100, both, since=900)

    assert asked <= 900 / 30 + 1
    assert all(each[CHECKOUT].sources[0].healthy for each in before + after)
    assert counted(before + after, CHECKOUT, "huge") == scrapes(-HISTORY, 1085, 5.0)
    assert after[-1][CHECKOUT].problems == ()


async def test_scrapes_that_cannot_be_read_are_a_fault_of_the_source() -> None:
    source = choosy(__name__=SLOW)

    (reading,) = await polls(Polling([source]), source, 25, watched([pod("a")], ERRORS))

    assert reading[CHECKOUT].blocks == ()
    assert reading[CHECKOUT].sources[0].problem == str(SLOW)


async def test_a_source_that_is_there_for_no_query_is_down_though_it_need_not_tell_of_scrapes() -> None:
    source = choosy(http_requests_total=DOWN)
    fixed = watched([pod("a")], replace(ERRORS, identify=Identify(By.FIXED)))

    (reading,) = await polls(Polling([source]), source, 25, replace(fixed, view=replace(fixed.view, pods=())))

    assert reading[CHECKOUT].sources[0].problem == str(DOWN)


async def test_a_query_check_that_is_always_too_slow_makes_no_source_sick() -> None:
    """Neither that which is counted from the source, nor other query checks, nor once nobody asks it any more."""
    source = choosy(slow=SLOW)
    source.instants[LAG.query] = [Sample({"namespace": "shop", "app": "search"}, BEGAN, 3.0)]
    slow = watched([pod("a")], ERRORS, replace(LAG, name="slow", query="slow"))
    other = watched([], LAG, workload=SEARCH)
    polling = Polling([source])

    found = await polls(polling, source, 300, slow, other)
    assert all(each[CHECKOUT].sources[0].healthy for each in found)
    assert counted(found, CHECKOUT, "errors") == scrapes(-HISTORY, 280, 5.0)
    assert [value.value for each in found for value in each[SEARCH].queries] == [3.0] * 19  # from 15 s to 285 s
    assert f"slow: {SLOW}" in found[-1][CHECKOUT].problems

    after = await polls(polling, source, 320, watched([pod("a")], ERRORS), since=300)
    assert after[-1][CHECKOUT].sources[0].healthy
    assert after[-1][CHECKOUT].problems == ()


async def test_query_checks_tell_of_a_source_that_is_down_and_of_one_that_is_back() -> None:
    source = choosy(slow=SLOW)
    checks = [replace(LAG, name=f"lag-{number}", query=f"lag_{number}") for number in range(3 * AT_ONCE)]
    release = watched([], replace(LAG, name="slow", query="slow"), *checks)
    polling = Polling([source])

    up_ = await polls(polling, source, 80, release)
    source.failing = DOWN
    asked = len(source.asked)
    down = await polls(polling, source, 120, release, since=80)
    assert len(source.asked) - asked <= AT_ONCE * len(down)
    source.failing = None
    back = await polls(polling, source, 140, release, since=120)

    assert all(each[CHECKOUT].sources[0].healthy for each in up_[1:] + back)
    assert {each[CHECKOUT].sources[0].problem for each in down} == {str(DOWN)}
    assert {value.check for value in back[0][CHECKOUT].queries} == {check.name for check in checks}


class Hanging(Recorded):
    """Takes so many seconds for each query, then answers or fails."""

    seconds = 20.0

    async def instant(self, query: str, at: float) -> list[Sample]:
        await asyncio.sleep(self.seconds)
        return await super().instant(query, at)

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        await asyncio.sleep(self.seconds)
        return await super().raw(selector, window, at)


@virtual
async def test_fifty_queries_on_a_source_that_hangs_cost_the_time_of_one() -> None:
    hanging = Hanging([], "other")
    hanging.failing = SLOW
    checks = [replace(LAG, name=f"lag-{number}", query=f"lag_{number}", source="other") for number in range(50)]
    began = asyncio.get_running_loop().time()

    found = (await Polling([hanging]).poll([watched([], *checks)], BEGAN + 20))[CHECKOUT]

    assert asyncio.get_running_loop().time() - began == hanging.seconds
    assert found.sources[0].problem == str(SLOW)


@virtual
async def test_more_queries_than_fit_into_a_poll_come_with_the_next_ones() -> None:
    slow = Hanging([])
    slow.seconds = 2.0
    checks = [replace(LAG, name=f"lag-{number}", query=f"lag_{number}") for number in range(3 * AT_ONCE)]
    polling = Polling([slow])

    first, second = await polls(polling, slow, 30, watched([], *checks))

    names = [value.check for each in (first, second) for value in each[CHECKOUT].queries]
    assert len(first[CHECKOUT].queries) == 2 * AT_ONCE
    assert sorted(names) == sorted(check.name for check in checks)


@virtual
async def test_a_source_that_never_answers_does_not_hold_a_poll_for_ever() -> None:
    source, hanging = choosy(), Hanging([], "other")
    source.now, hanging.seconds = BEGAN + 20, 100_000.0
    release = watched([pod("a")], ERRORS, replace(ERRORS, name="theirs", source="other"))
    began = asyncio.get_running_loop().time()

    found = (await Polling([source, hanging]).poll([release], BEGAN + 20))[CHECKOUT]

    assert asyncio.get_running_loop().time() - began == DEADLINE
    assert {block.check for block in found.blocks} == {"errors"}
    assert [(each.healthy, each.problem) for each in found.sources] == [
        (True, ""),
        (False, "source other: this poll was not over within 25 s"),
    ]


class Broken(Recorded):
    """Has a bug."""

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        raise KeyError(selector)


async def test_a_fault_of_ours_with_one_source_leaves_the_others_read() -> None:
    source = choosy()
    source.now = BEGAN + 20
    release = watched([pod("a")], ERRORS, replace(ERRORS, name="theirs", source="other"))
    with capture_logs() as logged:
        polling = Polling([source, Broken([], "other")])
        found = [(await polling.poll([release], BEGAN + at))[CHECKOUT] for at in (20, 25)]
    assert {block.check for block in found[0].blocks} == {"errors"}
    assert [each.healthy for each in found[1].sources] == [True, False]
    assert "watcher itself failed reading source other" in found[1].sources[1].problem
    assert [line["event"] for line in logged] == ["source_poll_failed"]
