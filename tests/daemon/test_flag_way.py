"""A flag that covers a bad release is switched off, and put back by a person; all in one daemon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.daemon import outside as o
from tests.daemon.life import THRESHOLDS, Life, alive, configure, virtual
from tests.flags.memory import MemoryFlags
from watcher.config.freezes import Freeze
from watcher.config.matching import Entry
from watcher.config.models_match import MatchSpec
from watcher.core.flags import Flag
from watcher.core.orders import UndoOrder
from watcher.core.words import Outcome
from watcher.daemon.flag_restoring import FlagRestores, NotRestored
from watcher.daemon.freezes import Freezes
from watcher.daemon.persons import OnlyObserves
from watcher.ports import ALREADY, RESTORED, Forbidden, NoSuchDecision, Unavailable

pytestmark = virtual

FLAG = Flag("own", "new-cart", "production")
PROVIDERS = "flags: {providers: {own: {kind: webhook, url: 'https://flags.test', secretFile: s}}}\n"


@asynccontextmanager
async def covered(thresholds: Path, *, helps: bool = True) -> AsyncIterator[tuple[Life, MemoryFlags]]:
    """A daemon that has followed cart for a minute; its next version is named v2, and is tied to the flag."""
    configure(thresholds, THRESHOLDS + PROVIDERS)
    async with alive() as outside:
        outside.flags = flags = MemoryFlags(outside.clock.now)
        flags.put(FLAG, on=True)
        flags.covers = {"v2": FLAG} if helps else {}
        outside.workloads[o.CART].flags["v2"] = str(FLAG)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        yield life, flags
        assert life.daemon.stepping.failed == {}
        await life.end()


def restores(life: Life) -> FlagRestores:
    found = life.daemon.flag_restores
    assert found is not None
    return found


async def switched_off(life: Life) -> str:
    """The id of the decision that has ended the incident by the flag."""
    life.outside.release("v2", errors=0.3)
    await life.until_watch(lambda watch: watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED))
    (row, *_) = life.outside.store.decisions()
    return row.id


async def test_the_flip_ends_the_incident_without_a_deployment(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        assert [each[:2] for each in flags.switches] == [(FLAG, False)]
        assert life.outside.writes == []
        watch = life.watch()
        assert watch.decision is not None
        before, after = watch.decision.flag, watch.decision.flag_after
        assert before is not None
        assert after is not None
        assert (before.on, after.on, watch.decision.id) == (True, False, decision)


async def test_a_flip_counts_for_the_breaker_once(thresholds: Path) -> None:
    async with covered(thresholds, helps=False) as (life, _):
        life.outside.release("v2", errors=0.3)
        await life.until_watch(lambda watch: watch.outcome is not None, within=1800.0)
        (past,) = life.daemon.stepping.situation.rollbacks
        assert past.release == life.watch().release.id
        (kept,) = life.outside.store.rollbacks(0.0)
        assert kept.release == past.release


async def test_a_flip_that_does_not_help_is_followed_by_the_undo(thresholds: Path) -> None:
    async with covered(thresholds, helps=False) as (life, flags):
        life.outside.release("v2", errors=0.3)
        await life.until(lambda: any(isinstance(each, UndoOrder) for each in life.outside.orders), within=1800.0)
        assert [each[:2] for each in flags.switches] == [(FLAG, False)]
        await life.until_watch(lambda watch: watch.outcome is not None, within=1800.0)
        assert life.watch().outcome == Outcome.RESTORED


async def test_a_provider_that_is_lost_is_no_reason_to_wait(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        flags.failing = Unavailable("https://flags.test: connection refused")
        life.outside.release("v2", errors=0.3)
        await life.until(lambda: any(isinstance(each, UndoOrder) for each in life.outside.orders), within=1800.0)
        assert flags.switches == []


async def test_a_person_puts_it_back_once(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        done, text = await restores(life).restore(decision[:6], "mended in v3", "ada")
        assert (done.decision, done.result, done.author) == (decision, RESTORED, "ada")
        assert text == f"{FLAG} was at off, and is at on now"
        assert flags.standing[FLAG].on
        await asyncio.sleep(1.0)
        again, text = await restores(life).restore(decision, "once more", "ada")
        assert (again.result, text) == (ALREADY, f"{FLAG} stands at on already")
        assert [each[1] for each in flags.switches] == [False, True]
        assert [each.result for each in life.outside.store.flag_restores(decision)] == [RESTORED, ALREADY]


async def test_the_command_is_in_the_log_before_it_is_sent(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        kept: list[str] = []
        flags.interfere = lambda: kept.extend(each.result for each in life.outside.store.flag_restores(decision))
        await restores(life).restore(decision, "mended", "ada")
        assert kept == [""]


async def test_what_somebody_changed_since_is_left_as_it_is(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        flags.put(FLAG, on=False)
        with pytest.raises(NotRestored, match="somebody has changed it since"):
            await restores(life).restore(decision, "mended", "ada")
        assert not flags.standing[FLAG].on
        (kept,) = life.outside.store.flag_restores(decision)
        assert "somebody has changed it since" in kept.result


async def test_a_hold_counts_for_people_too(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        life.outside.workloads[o.CART].hold = "stocktaking"
        with pytest.raises(NotRestored, match="stocktaking"):
            await restores(life).restore(decision, "mended", "ada")
        assert not flags.standing[FLAG].on


@pytest.mark.parametrize(
    ("error", "raised"),
    [(Unavailable("connection refused"), Unavailable), (Forbidden("the token needs more"), NotRestored)],
)
async def test_what_the_provider_says_is_told(
    thresholds: Path, error: Unavailable | Forbidden, raised: type[Exception]
) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        flags.failing = error
        with pytest.raises(raised, match=str(error)):
            await restores(life).restore(decision, "mended", "ada")
        flags.failing = None
        assert [each.result for each in life.outside.store.flag_restores(decision)] == [str(error)]


async def test_a_decision_that_switched_none_has_nothing_to_put_back(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        life.outside.release("v3", errors=0.3)
        await life.until_watch(lambda watch: watch.outcome is not None)
        (row, *_) = life.outside.store.decisions()
        with pytest.raises(NotRestored, match="has switched no flag"):
            await restores(life).restore(row.id, "mended", "ada")
        with pytest.raises(NoSuchDecision):
            await restores(life).restore("ffff", "mended", "ada")
        assert flags.switches == []


async def test_while_it_is_being_switched_it_is_not_put_back(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        life.outside.release("v2", errors=0.3)
        await life.until(lambda: flags.switches)
        await asyncio.sleep(10.0)
        (row, *_) = life.outside.store.decisions()
        with pytest.raises(NotRestored, match="is being switched for a release now"):
            await restores(life).restore(row.id, "mended", "ada")


async def test_who_only_observes_writes_to_no_flag(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        daemon = life.daemon
        assert daemon.flags is not None
        observing = FlagRestores(
            daemon.flags, daemon.outside.actuator, daemon.stepping, life.store, life.outside.clock, read_only=True
        )
        with pytest.raises(OnlyObserves):
            await observing.restore(decision, "mended", "ada")
        assert [each[1] for each in flags.switches] == [False]


async def test_flags_of_releases_under_watch_are_listed(thresholds: Path) -> None:
    async with covered(thresholds) as (life, _):
        assert restores(life).listed() == []
        life.outside.release("v2")
        await life.until(lambda: o.CART in life.daemon.stepping.flags, within=10.0)
        (listed,) = restores(life).listed()
        assert (listed["flag"], listed["workloads"], listed["on"]) == (str(FLAG), [str(o.CART)], True)
        assert (listed["state"], listed["problem"]) == ("on", "")


async def test_a_freeze_counts_for_people_too(thresholds: Path) -> None:
    async with covered(thresholds) as (life, flags):
        decision = await switched_off(life)
        stepping = life.daemon.stepping
        zone = ZoneInfo("UTC")
        every = MatchSpec()
        window = Freeze("stocktaking", zone, "* * * * *", 120.0, None, None, (), "", Entry.of(every))
        stepping.freezes = Freezes(lambda: (window,))
        with pytest.raises(NotRestored, match="frozen by stocktaking"):
            await restores(life).restore(decision, "mended", "ada")
        assert not flags.standing[FLAG].on
