"""Orders to switch a flag: each once, what comes of it as a report."""

from __future__ import annotations

import pytest

from tests.flags.memory import MemoryFlags
from watcher.core.flags import Flag
from watcher.core.model import Result, RungReport, Workload
from watcher.core.orders import AbortOrder, FlagOrder, RungOrder
from watcher.core.words import Kind
from watcher.gitops.switching import FlagsActuator
from watcher.ports import Forbidden, NotLeading, Unanswered, Unavailable, WatcherError

NOW = 1_790_000_000.0
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
FLAG = Flag("unleash", "new-cart", "production")


class Standing:
    """A clock that stands, and a hold that a test sets."""

    held = ""

    def now(self) -> float:
        return NOW

    async def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)

    async def holding(self, order: RungOrder) -> str:
        assert order.workload == CART
        return "" if order.past_hold else self.held


class World:
    def __init__(self, *, read_only: bool = False) -> None:
        self.standing = Standing()
        self.flags = MemoryFlags(self.standing.now)
        self.flags.put(FLAG, on=True)
        self.actuator = FlagsActuator(self.flags, self.standing.holding, self.standing, read_only=read_only)

    async def perform(self, *, on: bool = False, expected: str = "1", state: str = "") -> RungReport:
        return await self.actuator.perform(FlagOrder("d1", 2, CART, "u1", FLAG, on, "errors", expected, state))


async def test_it_is_switched_off_and_the_report_tells_both_states() -> None:
    world = World()
    report = await world.perform()
    assert (report.decision, report.rung, report.tried, report.result) == ("d1", "flag", 2, Result.APPLIED)
    assert report.message == f"{FLAG} was at on, and is at off now"
    assert report.flag is not None
    assert (report.flag.on, report.flag.version) == (False, "2")
    assert world.flags.switches == [(FLAG, False, "watcher d1: errors")]


async def test_again_it_is_so_already() -> None:
    world = World()
    await world.perform(state="on")
    report = await world.perform(state="on")  # as it was when that was decided
    assert (report.result, report.message) == (Result.ALREADY, f"{FLAG} stands at off already")
    assert report.flag is not None
    assert report.flag.on is False
    assert len(world.flags.switches) == 1


async def test_it_is_put_back_to_the_state_it_had() -> None:
    world = World()
    await world.perform()
    report = await world.perform(on=True, expected="2", state="on")
    assert (report.rung, report.result) == ("flag:restore", Result.APPLIED)
    assert world.flags.standing[FLAG].on


async def test_a_hold_that_appears_is_respected() -> None:
    world = World()
    world.standing.held = "database work until noon"
    report = await world.perform()
    assert (report.result, report.message) == (Result.HELD, "database work until noon")
    assert world.flags.switches == []


async def test_a_person_may_let_it_pass_a_hold() -> None:
    world = World()
    world.standing.held = "database work until noon"
    report = await world.actuator.perform(FlagOrder("d1", 1, CART, "u1", FLAG, False, "ada", "1", past_hold=True))
    assert report.result == Result.APPLIED


async def test_an_install_that_only_observes_asks_nobody() -> None:
    world = World(read_only=True)
    assert (await world.perform()).result == Result.FORBIDDEN
    assert world.flags.looked == []


async def test_what_somebody_changed_is_a_conflict() -> None:
    world = World()
    world.flags.put(FLAG, on=True)
    assert (await world.perform()).result == Result.CONFLICT
    assert world.flags.switches == []


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Unavailable("busy"), Result.UNAVAILABLE),
        (NotLeading("POST /flags"), Result.NOT_LEADING),
        (Unanswered("no answer within 20 s"), Result.UNKNOWN),
        (Forbidden("the token needs more"), Result.FORBIDDEN),
    ],
)
async def test_what_the_provider_says_is_in_the_report(error: WatcherError, result: str) -> None:
    world = World()
    world.flags.failing = error
    report = await world.perform()
    assert (report.result, report.message, report.flag) == (result, str(error), None)


async def test_what_is_not_there_is_refused() -> None:
    world = World()
    world.flags.standing.clear()
    assert (await world.perform()).result == Result.REFUSED


async def test_other_orders_are_not_for_it() -> None:
    abort = AbortOrder("d1", 1, CART, "u1", "abc", clear_promotion=False, reason="errors")
    assert (await World().actuator.perform(abort)).result == Result.REFUSED
