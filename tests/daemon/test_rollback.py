"""The way from a bad release to its end, through loop, decision log and actuator."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, configure, living, virtual
from tests.daemon.outside import CART, Outside
from watcher.core.model import Result
from watcher.core.words import Phase
from watcher.ports import Unavailable

pytestmark = virtual

FULL = Unavailable("cannot write the decision log: disk is full")


def moments(outside: Outside) -> list[str]:
    """Transitions of the log, in order."""
    return [each.kind for each in outside.store.transitions()]


async def test_a_bad_release_is_undone_and_the_log_tells(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.release("v2", errors=0.2)
        await life.until_outcome("restored")

    assert [each for each, *_ in outside.writes] == [CART]
    (row,) = outside.store.decisions()
    assert (row.action, row.mode, row.rung, row.outcome) == ("roll_back", "act", "undo", "restored")
    assert [each.reason for each in outside.told] == ["RollingBack", "RungDone", "RolledBack"]
    (release,) = outside.store.releases()
    assert (release.verdict, release.outcome) == ("breach", "restored")


async def test_the_intent_is_in_the_log_before_the_actuator_is_called(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
    passed = life.crashes.passed
    intent = next(place for place, moment in enumerate(passed) if "roll_back" in moment)
    assert [each.split()[0] for each in passed[intent : intent + 3]] == ["before", "after", "before"]
    assert passed[intent + 2] == "before the write"


async def test_nothing_is_ordered_while_the_log_cannot_be_written(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside, daemon = life.outside, life.daemon
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.store.failing = FULL
        await asyncio.sleep(180.0)
        assert outside.orders == []
        assert outside.told == []
        assert life.watch().decision is None
        assert daemon.stepping.unwritable == str(FULL)
        ready, reasons = daemon.status.readiness()
        assert not ready
        assert reasons == [f"nothing is decided while this cannot be recorded: {FULL}"]
        waiting = daemon.stepping.inbox.peek(CART).blocks
        assert len(waiting) >= 10

        life.store.failing = None
        await life.until_outcome("restored")
        assert daemon.status.readiness() == (True, [])
    assert len(outside.writes) == 1
    assert {line["log_level"] for line in outside.log_of("decision_log_unwritable")} == {"error"}
    evidence = life.watch().evidence.counters[0]
    assert evidence.new.total + evidence.old.total == sum(
        pod.total
        for block in outside.blocks[CART]
        for pod in block.pods
        if block.start >= life.watch().release.began and block.end <= evidence.seen_until
    )


async def test_a_report_that_came_while_the_log_could_not_be_written_is_not_lost(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.seconds = 3.0
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: life.outside.orders)
        life.store.failing = FULL
        await asyncio.sleep(10.0)
        assert len(life.outside.writes) == 1
        assert life.watch().phase is Phase.ACTING
        life.store.failing = None
        await life.until_outcome("restored")
    assert len(life.outside.orders) == len(life.outside.writes) == 1


@pytest.mark.parametrize("seconds", [0.0, 0.3, 2.0, 11.0])
async def test_each_block_counts_once_however_slow_the_disk_is(thresholds: Path, seconds: float) -> None:
    """Polls bring mail while a commit is under way."""
    async with living(thresholds) as life:
        life.store.seconds = seconds
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.phase is Phase.CLOSED)
        assert life.watch().verdict == "pass"
    seen = life.watch().evidence.counters[0]
    counted = [each for each in life.outside.blocks[CART] if each.end <= seen.seen_until]
    began = life.watch().release.began
    old = sum(pod.total for each in counted if each.start < began for pod in each.pods if pod.revision == "hash-v1")
    rest = sum(pod.total for each in counted if each.start >= began for pod in each.pods)
    assert seen.before.total == old
    assert seen.new.total + seen.old.total == rest
    assert rest > 1000


async def test_an_attempt_under_way_is_not_ordered_again(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.seconds = 50.0
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
    assert len(life.outside.orders) == 1


async def test_a_report_is_taken_before_another_attempt_may_begin(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.reactions = [Result.UNAVAILABLE, Result.UNAVAILABLE]
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
    assert [order.tried for order in life.outside.orders] == [1, 2, 3]
    assert len(life.outside.writes) == 1
    assert sum("unavailable" in each for each in moments(life.outside)) == 2


async def test_a_hold_found_by_the_writer_stops_it_until_it_goes(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        outside.workloads[CART].hold = "black friday"
        outside.notify(CART)
        await asyncio.sleep(200.0)
        assert outside.orders == []
        assert outside.store.decisions()[0].guard == "hold"
        outside.workloads[CART].hold = ""
        outside.notify(CART)
        await life.until_outcome("restored")
    assert len(outside.writes) == 1


async def test_an_actuator_that_fails_by_a_bug_ends_with_a_page_and_not_in_silence(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.failing = KeyError("spec")
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("failed")
        assert life.daemon.executing.running == set()
    outside = life.outside
    assert [order.tried for order in outside.orders] == [1, 2, 3]
    assert len(outside.log_of("rung_crashed")) == 3
    assert all(line["exc_info"] for line in outside.log_of("rung_crashed"))
    failed = outside.told[-1]
    assert (failed.reason, failed.warning) == ("RollbackFailed", True)
    assert "watcher itself failed (KeyError: 'spec')" in failed.text
    (row,) = outside.store.decisions()
    assert row.outcome == "failed"


async def test_a_bug_that_goes_away_costs_only_time(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.failing = KeyError("spec")
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: life.outside.orders)
        await asyncio.sleep(1.0)
        life.acting.failing = None
        await life.until_outcome("restored")
    assert [order.tried for order in life.outside.orders] == [1, 2]
    assert len(life.outside.writes) == 1


async def test_an_attempt_that_never_ends_is_cut_off_and_looked_after(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.acting.seconds = 100_000.0
        life.outside.release("v2", errors=0.2)
        await life.until(lambda: life.outside.orders)
        life.acting.seconds = 0.2
        await asyncio.sleep(121.0)
        assert life.outside.log_of("rung_reported")[0]["message"] == "no answer within 120 s"
        await life.until_outcome("restored")
    assert len(life.outside.writes) == 1


async def test_an_outage_of_the_source_decides_nothing_and_the_watch_goes_on(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.blind = "connection refused"
        outside.release("v2", errors=0.2)
        await asyncio.sleep(300.0)
        assert life.watch().decision is None
        ready, reasons = life.daemon.status.readiness()
        assert (ready, reasons) == (True, ["metrics source main: connection refused"])
        outside.blind = ""
        await life.until_outcome("restored")
        assert life.daemon.status.readiness() == (True, [])
    assert len(outside.writes) == 1


@pytest.mark.parametrize("age", [61.0, float("inf")])
async def test_nothing_is_done_on_a_stale_view_of_the_cluster(thresholds: Path, age: float) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        outside.age = age
        await asyncio.sleep(200.0)
        assert outside.orders == []
        assert outside.store.decisions()[0].guard == "stale_cache"
        assert not life.daemon.status.readiness()[0]
        outside.age = 1.0
        await life.until_outcome("restored")
    assert len(outside.writes) == 1


async def test_the_breaker_remembers_over_a_restart(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("{max: 3, window: 1h}", "{max: 1, window: 1h}"))
    other = type(CART)(CART.kind, CART.namespace, "search")
    async with alive() as outside:
        outside.deploy(other)
        first = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        await first.until_outcome("restored")
        first.kill()

        second = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("w2", errors=0.2, workload=other)
        await second.until_watch(lambda watch: watch.decision, other)
        (row,) = outside.store.decisions(str(other))
        assert (row.action, row.guard) == ("hold", "namespace_breaker")
        await second.end()
    assert [workload for workload, *_ in outside.writes] == [CART]


async def test_a_newer_release_supersedes_the_rollback_under_way(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.RECOVERING)
        life.outside.release("v3")
        await life.until_watch(lambda watch: watch.release.revision == "hash-v3")
        (decision,) = life.outside.store.decisions()
        assert decision.outcome == "superseded"
        assert len(life.outside.store.releases(unfinished=True)) == 1
