"""Killed at any moment: the next start finishes what was begun, and nothing is done twice."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.daemon.life import Life, alive, check_log, virtual
from tests.daemon.outside import CART, Outside

MOST_MOMENTS = 60

pytestmark = virtual


async def incident(thresholds: Path, *crash_at: int) -> tuple[Outside, list[list[str]]]:
    """A bad release from beginning to end, with processes that die at these moments; the moments each has passed."""
    async with alive() as outside:
        lives = [await Life.begin(outside, thresholds, crash_at[0] if crash_at else None)]
        await asyncio.sleep(60.0)
        if lives[0].crashes.dead.is_set():
            lives.append(await reborn(lives[0], crash_at[1:]))
            await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        while not await over(lives[-1]):
            lives.append(await reborn(lives[-1], crash_at[len(lives) :]))
        await lives[-1].end()
        check_log(outside)
        return outside, [life.crashes.passed for life in lives]


async def reborn(life: Life, crash_at: tuple[int, ...]) -> Life:
    life.kill()
    await asyncio.sleep(3.0)
    return await Life.begin(life.outside, life.thresholds, crash_at[0] if crash_at else None)


async def over(life: Life) -> bool:
    """Whether the incident ended in this life; False when it died before."""
    dying = asyncio.create_task(life.crashes.dead.wait())
    ending = asyncio.create_task(life.until_outcome("restored", within=1200.0))
    await asyncio.wait([dying, ending], return_when=asyncio.FIRST_COMPLETED)
    for task in (dying, ending):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return not life.crashes.dead.is_set()


def assert_undone_once(outside: Outside, crashed: str) -> None:
    assert [(workload, rung) for workload, rung, _ in outside.writes] == [(CART, "undo")], crashed
    (row,) = [each for each in outside.store.decisions() if each.outcome]
    assert (row.id, row.outcome) == (outside.writes[0][2], "restored"), crashed
    assert outside.store.releases(unfinished=True) == [], crashed
    assert outside.workloads[CART].current.template == "v1"


async def test_killed_at_every_moment_there_is_exactly_one_rollback(thresholds: Path) -> None:
    outside, (moments,) = await incident(thresholds)
    assert_undone_once(outside, "never")
    assert {"before the write", "after the write"} < set(moments)
    assert len(moments) <= MOST_MOMENTS

    for number, moment in enumerate(moments, 1):
        outside, passed = await incident(thresholds, number)
        assert len(passed) == 2, moment
        assert_undone_once(outside, moment)


@pytest.mark.parametrize("second", [2, 5])
async def test_killed_again_at_the_next_start_there_is_still_one_rollback(thresholds: Path, second: int) -> None:
    """From the intent on: the second process dies too, soon after it has taken the work up."""
    _, (moments,) = await incident(thresholds)
    intent = next(number for number, moment in enumerate(moments, 1) if "roll_back" in moment)
    for first in range(intent, len(moments) + 1):
        outside, _ = await incident(thresholds, first, second)
        assert_undone_once(outside, f"{moments[first - 1]}, then at moment {second}")
