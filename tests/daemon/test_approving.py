"""A person approves: whoever was answered is never forgotten, whatever dies when, and nothing is done twice."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, check_log, configure, living, virtual
from tests.daemon.outside import CART, Outside
from watcher.core.deciding import approving
from watcher.core.deciding.holding import Scope
from watcher.core.words import Mode
from watcher.daemon.persons import NotHeld, NotWaiting, OnlyObserves
from watcher.ports import Unavailable

pytestmark = virtual

PROPOSES = THRESHOLDS.replace("mode: act", "mode: propose")


@pytest.fixture
def thresholds(tmp_path: Path) -> Path:
    path = tmp_path / "thresholds.yaml"
    path.write_text(PROPOSES)
    return path


async def waiting(life: Life) -> str:
    """Wait until something waits for a person; the id of the decision."""
    await life.until_watch(approving.waits)
    decision = life.watch().decision
    assert decision is not None
    return decision.id


async def approved(life: Life) -> bool:
    """Approve what waits; whether that was answered before the process died."""
    given = asyncio.create_task(life.daemon.persons.approve(await waiting(life), "ada"))
    dying = asyncio.create_task(life.crashes.dead.wait())
    await asyncio.wait([given, dying], return_when=asyncio.FIRST_COMPLETED)
    answered = given.done()
    for task in (given, dying):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return answered


async def incident(thresholds: Path, crash: int = 0) -> tuple[Outside, list[str]]:
    """A proposal that a person approves; the process dies at the n-th moment from then on.

    A person who was not answered asks again; one who was does not.  What was passed from the approval on.
    """
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("v2", errors=0.2)
        await waiting(life)
        before = len(life.crashes.passed)
        life.crashes.at = before + crash if crash else None
        answered = await approved(life)
        ended = asyncio.create_task(life.until_outcome("restored", within=1200.0))
        dying = asyncio.create_task(life.crashes.dead.wait())
        await asyncio.wait([ended, dying], return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        if life.crashes.dead.is_set():
            ended.cancel()
            life.kill()
            await asyncio.sleep(3.0)
            again = await Life.begin(outside, thresholds)
            if not answered and not again.daemon.stepping.states[CART].watch.carrying_out:  # type: ignore[union-attr]
                with contextlib.suppress(NotWaiting):  # it may have been recorded, though not answered
                    await again.daemon.persons.approve(await waiting(again), "ada")
            await again.until_outcome("restored", within=1200.0)
            await again.end()
        else:
            await ended
            await life.end()
        check_log(outside)
        return outside, life.crashes.passed[before:]


def assert_undone_once(outside: Outside, crashed: str) -> None:
    assert [(workload, rung) for workload, rung, _ in outside.writes] == [(CART, "undo")], crashed
    (row,) = [each for each in outside.store.decisions() if each.outcome]
    assert (row.id, row.mode, row.outcome) == (outside.writes[0][2], "act", "restored"), crashed
    assert b'"by": "ada"' in row.body, crashed


async def test_killed_at_every_moment_after_an_approval_there_is_exactly_one_rollback(thresholds: Path) -> None:
    outside, moments = await incident(thresholds)
    assert_undone_once(outside, "never")
    assert "before the commit of approved roll_back undo ordered" in moments
    for number, moment in enumerate(moments, 1):
        outside, _ = await incident(thresholds, number)
        assert_undone_once(outside, moment)


async def test_an_approval_is_refused_while_the_log_cannot_be_written_and_then_counts_for_nothing(
    thresholds: Path,
) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        proposed = await waiting(life)
        life.store.failing = Unavailable("the disk is full")
        with pytest.raises(Unavailable, match=r"could not be recorded, so it does not count .*the disk is full"):
            await life.daemon.persons.approve(proposed, "ada")
        life.store.failing = None
        await asyncio.sleep(60.0)
        assert life.outside.orders == []
        assert approving.waits(life.watch())


async def test_a_process_that_only_observes_approves_nothing(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        proposed = await waiting(life)
        life.daemon.persons._read_only = True
        with pytest.raises(OnlyObserves):
            await life.daemon.persons.approve(proposed, "ada")
        configure(thresholds, PROPOSES.replace("mode: propose", "mode: observe"))
        await life.until_watch(lambda watch: watch.decision and watch.decision.mode is Mode.OBSERVE)
        life.daemon.persons._read_only = False
        with pytest.raises(NotWaiting, match=r"took its place: .* only observe because mode is observe"):
            await life.daemon.persons.approve(proposed, "ada")
        assert life.outside.orders == []


async def test_what_was_replaced_waits_no_more(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        proposed = await waiting(life)
        assert b'"waiting": {"until": ' in life.outside.store.decision(proposed).body
        await life.daemon.persons.hold(Scope(), "fire drill", None, "brian")
        await life.until_watch(lambda watch: watch.decision and watch.decision.guard)
        body = life.outside.store.decision(proposed).body
        assert b'"waiting": null' in body
        decision = life.watch().decision
        assert decision is not None
        assert f'"replaced_by": "{decision.id}"'.encode() in body
        assert decision.guards[0].reason == "held: fire drill (held over HTTP: all, by brian)"


async def test_a_hold_over_http_outlives_the_process_and_is_lifted_by_whoever_may(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS)
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        await life.daemon.persons.hold(Scope("shop"), "stocktaking", 3600.0, "ada")
        life.kill()
        await asyncio.sleep(3.0)
        life = await Life.begin(outside, thresholds)
        outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.decision)
        await asyncio.sleep(60.0)
        assert outside.orders == []
        with pytest.raises(NotHeld, match="no hold on all in the decision log; there is one on namespace/shop"):
            await life.daemon.persons.resume(Scope(), "brian")
        await life.daemon.persons.resume(Scope("shop"), "brian")
        await life.until_outcome("restored")
        assert {line["by"] for line in outside.log_of("hold_placed") + outside.log_of("hold_lifted")} == {
            "ada",
            "brian",
        }
        await life.end()
        check_log(outside)


async def test_a_hold_over_http_ends_by_itself(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS)
    async with living(thresholds) as life:
        await life.daemon.persons.hold(Scope.parse(str(CART)), "stocktaking", 120.0, "ada")
        life.outside.release("v2", errors=0.2)
        await asyncio.sleep(110.0)
        assert life.outside.orders == []
        await life.until_outcome("restored")


async def test_why_says_that_it_is_held_though_there_is_no_breach(thresholds: Path) -> None:
    async with living(thresholds) as life:
        await life.daemon.persons.hold(Scope("shop"), "stocktaking", None, "ada")
        assert life.daemon.status.why(CART)["held"] == "stocktaking (held over HTTP: namespace/shop, by ada)"
        await life.daemon.persons.resume(Scope("shop"), "ada")
        assert life.daemon.status.why(CART)["held"] == ""
