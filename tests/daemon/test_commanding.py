"""A person commands a rollback: it is done once, whatever dies when, and guards that were not named hold."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, check_log, configure, living, virtual
from tests.daemon.outside import CART, Outside
from watcher.core.deciding.holding import Scope
from watcher.core.model import Request, Word, Workload
from watcher.core.words import Kind, Phase
from watcher.daemon.persons import Commanded, CommandRefused, NoSuchWorkload, OnlyObserves
from watcher.ports import Unavailable

pytestmark = virtual

WANTED = Request("ada", 0.0, "finance calls", id="ada-0001")


@pytest.fixture
def thresholds(tmp_path: Path) -> Path:
    path = tmp_path / "thresholds.yaml"
    path.write_text(THRESHOLDS)
    return path


async def command(life: Life, wanted: Request = WANTED, workload: Workload = CART) -> Commanded:
    return await life.daemon.persons.roll_back(workload, replace(wanted, at=life.outside.clock.now()))


async def answered(life: Life) -> bool:
    """Command it; whether that was answered before the process died."""
    given = asyncio.create_task(command(life))
    dying = asyncio.create_task(life.crashes.dead.wait())
    await asyncio.wait([given, dying], return_when=asyncio.FIRST_COMPLETED)
    done = given.done()
    for task in (given, dying):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return done


async def incident(thresholds: Path, crash: int = 0) -> tuple[Outside, list[str]]:
    """A command in the middle of a watch; the process dies at the n-th moment from then on.

    Whoever was not answered sends the same command again.
    """
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        await asyncio.sleep(30.0)
        before = len(life.crashes.passed)
        life.crashes.at = before + crash if crash else None
        told = await answered(life)
        ended = asyncio.create_task(life.until_outcome("restored", within=1200.0))
        dying = asyncio.create_task(life.crashes.dead.wait())
        await asyncio.wait([ended, dying], return_when=asyncio.FIRST_COMPLETED)
        dying.cancel()
        if life.crashes.dead.is_set():
            ended.cancel()
            life.kill()
            await asyncio.sleep(3.0)
            again = await Life.begin(outside, thresholds)
            if not told:
                await command(again)
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
    assert b'"request": {"by": "ada"' in row.body, crashed


async def test_killed_at_every_moment_after_a_command_there_is_exactly_one_rollback(thresholds: Path) -> None:
    outside, moments = await incident(thresholds)
    assert_undone_once(outside, "never")
    assert "before the commit of commanded roll_back undo ordered" in moments
    for number, moment in enumerate(moments, 1):
        outside, _ = await incident(thresholds, number)
        assert_undone_once(outside, moment)


async def test_it_counts_for_no_breaker_here_and_after_a_restart(thresholds: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        await command(life)
        await life.until_outcome("restored", within=1200.0)
        assert life.daemon.stepping.situation.rollbacks == ()
        await life.end()
        assert outside.store.rollbacks(0.0) == ()
        check_log(outside)


async def test_the_watch_may_have_ended_long_ago(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.phase is Phase.CLOSED)
        await asyncio.sleep(3600.0)
        assert life.daemon.stepping.open_watches() == {}
        done = await command(life)
        await life.until_outcome("restored", within=1200.0)
        assert done.decision == life.outside.writes[0][2]


async def test_a_hold_refuses_it_and_is_passed_by_its_name(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        await life.daemon.persons.hold(Scope("shop"), "stocktaking", None, "brian")
        with pytest.raises(CommandRefused, match="guards hold: hold: held: stocktaking") as refused:
            await command(life)
        assert [each.id for each in refused.value.guards] == ["hold"]
        options = "--from hash-v2 --reason 'finance calls' --override hold"
        assert refused.value.command == f"watcher rollback {CART} {options}"
        await asyncio.sleep(60.0)
        assert life.outside.orders == []
        await command(life, replace(WANTED, overrides=("hold",), id="ada-0002"))
        await life.until_outcome("restored", within=1200.0)
        assert b'"overridden": [{"id": "hold"' in life.outside.store.decisions()[0].body


async def test_what_only_observes_commands_nothing(thresholds: Path) -> None:
    configure(thresholds, THRESHOLDS.replace("mode: act", "mode: observe"))
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        with pytest.raises(CommandRefused, match="it may only observe: mode is observe"):
            await command(life)
        life.daemon.persons._read_only = True
        with pytest.raises(OnlyObserves):
            await command(life)
        await asyncio.sleep(60.0)
        assert life.outside.orders == []


async def test_what_cannot_be_recorded_was_never_commanded(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2")
        await life.until_watch(lambda watch: watch.rolled_out_at)
        life.store.failing = Unavailable("the disk is full")
        with pytest.raises(Unavailable, match=r"could not be recorded, so it does not count .*the disk is full"):
            await command(life)
        life.store.failing = None
        await asyncio.sleep(60.0)
        assert life.outside.orders == []


async def test_a_workload_that_is_not_there(thresholds: Path) -> None:
    async with living(thresholds) as life:
        with pytest.raises(NoSuchWorkload):
            await command(life, workload=Workload(Kind.DEPLOYMENT, "shop", "nothing"))


async def test_a_word_on_a_revision_outlives_the_process(thresholds: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        state = life.daemon.stepping.states[CART]
        said = await life.daemon.persons.call(CART, Word("ada", outside.clock.now(), state.mark.revision, good=False))
        assert said.endswith("its return is an alarm")
        with pytest.raises(CommandRefused, match="this does not count: neither the cluster nor the ledger knows"):
            await life.daemon.persons.call(CART, Word("ada", outside.clock.now(), "v9", good=True))
        life.kill()
        again = await Life.begin(outside, thresholds)
        assert [each.by for each in again.daemon.stepping.states[CART].quarantined] == ["ada"]
        await again.end()
        check_log(outside)
