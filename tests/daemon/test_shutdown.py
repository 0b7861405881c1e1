"""SIGTERM, and parts that fail: nothing new begins, what is under way is finished or found again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import Life, alive, living, virtual
from tests.daemon.outside import CART
from watcher.core.model import Result
from watcher.core.words import Phase
from watcher.ports import Rejected

pytestmark = virtual


async def test_an_attempt_under_way_is_waited_for_and_its_report_recorded(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        life.acting.seconds = 8.0
        outside.release("v2", errors=0.2)
        await life.until(lambda: outside.orders)
        began = outside.clock.now()
        await life.end()
        assert 5.0 <= outside.clock.now() - began <= 10.0
        assert len(outside.writes) == 1
        assert life.watch().phase is Phase.CONFIRMING
        assert list(outside.store.transitions())[-1].kind.endswith("confirming")
        assert outside.log_of("stopped")[0]["cut_off"] == []

        again = await Life.begin(outside, thresholds)
        await again.until_outcome("restored")
        await again.end()
    assert len(outside.orders) == 1


async def test_what_is_cut_off_is_found_at_the_next_start(thresholds: Path) -> None:
    async with living(thresholds) as life:
        outside = life.outside
        life.acting.seconds = 60.0
        outside.release("v2", errors=0.2)
        await life.until(lambda: outside.orders)
        began = outside.clock.now()
        await life.end()
        assert 19.0 <= outside.clock.now() - began <= 22.0
        assert outside.log_of("cut_off")[0]["workloads"] == [str(CART)]
        assert outside.writes == []
        assert life.watch().phase is Phase.ACTING

        again = await Life.begin(outside, thresholds)
        await again.until_outcome("restored")
        await again.end()
    assert len(outside.writes) == 1


async def test_nothing_new_begins_and_the_last_events_are_sent(thresholds: Path) -> None:
    """The attempt fails while the daemon stops: the page goes out, the next attempt waits for the next start."""
    async with living(thresholds) as life:
        outside = life.outside
        life.acting.seconds = 8.0
        life.acting.reactions = [Result.REFUSED]
        outside.release("v2", errors=0.2)
        await life.until(lambda: outside.orders)
        await life.end()
        assert len(outside.orders) == 1
        assert [each.reason for each in outside.told] == ["RollingBack", "RollbackFailed"]
        assert life.watch().outcome == "failed"


async def test_a_decision_that_becomes_durable_while_stopping_is_carried_out_by_the_next_process(
    thresholds: Path,
) -> None:
    """SIGTERM comes while the intent is being written."""
    async with living(thresholds) as life:
        outside = life.outside
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.store.seconds = 3.0
        await life.until(lambda: "roll_back" in life.crashes.passed[-1])
        await life.end()
        assert life.watch().phase is Phase.ACTING
        assert outside.orders == []
        assert [each["why"] for each in outside.log_of("rung_left")] == ["shutting down"]
        assert [each.reason for each in outside.told] == ["RollingBack"]
        assert sum("roll_back" in each.kind for each in outside.store.transitions()) == 1

        again = await Life.begin(outside, thresholds)
        await again.until_outcome("restored")
        await again.end()
    assert len(outside.writes) == 1


async def test_a_daemon_with_nothing_under_way_stops_at_once(thresholds: Path) -> None:
    async with living(thresholds) as life:
        began = life.outside.clock.now()
        await life.end()
        assert life.outside.clock.now() - began < 0.5


async def test_a_part_that_fails_for_good_ends_the_daemon(thresholds: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        life.store.failing = Rejected("the decision log is damaged")
        outside.release("v2")
        assert life.running is not None
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(life.running, 30.0)
        assert caught.group_contains(Rejected, match="damaged")


@pytest.mark.parametrize("turns", range(8))
async def test_news_at_the_moment_of_the_stop_does_not_keep_it_running(thresholds: Path, turns: int) -> None:
    async with living(thresholds) as life:
        life.stop.set()
        for _ in range(turns):
            await asyncio.sleep(0)
        life.daemon.loop.wake([CART])
        async with asyncio.timeout(5.0):
            await life.end()
