"""Orders on the objects of Argo CD and Flux, and who performs which order."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.gitops.world import CHECKOUT, NOW, World
from watcher.core.model import Result, RungReport
from watcher.core.orders import AbortOrder, GitOpsOrder, PinOrder, RungOrder, SyncOrder, UnpinOrder, rung_of
from watcher.gitops.performing import GitOpsActuator, LadderActuator, by_way_of_git
from watcher.ports import Changed, Forbidden, Rejected, Unanswered, Unavailable, WatcherError

Make = Callable[[World], GitOpsOrder]


def sync(world: World) -> SyncOrder:
    return SyncOrder("d1", 1, CHECKOUT, "u1", world.application, (world.good,), "errors")


def pin(world: World) -> PinOrder:
    return PinOrder("d1", 1, CHECKOUT, "u1", world.application, world.source, world.good, "errors")


def unpin(world: World) -> UnpinOrder:
    return UnpinOrder("d1", 1, CHECKOUT, "u1", world.application, "merged")


@pytest.mark.parametrize(
    ("make", "rung", "call"),
    [
        (sync, "sync", "sync argocd/checkout {good} d1"),
        (pin, "bridge", "pin argocd/checkout https://git.example.com/team/shop-config.git {good} d1"),
        (unpin, "bridge:end", "unpin argocd/checkout d1"),
    ],
)
async def test_the_object_is_written(make: Make, rung: str, call: str) -> None:
    world = World()
    report = await world.perform(make(world))
    assert (report.decision, report.rung, report.tried, report.result, report.at) == ("d1", rung, 1, "applied", NOW)
    assert [" ".join(each) for each in world.applications.calls] == [call.format(good=world.good)]


@pytest.mark.parametrize("make", [sync, pin, unpin])
async def test_a_hold_stops_each_of_them(make: Make) -> None:
    world = World()
    world.hold = lambda: "freeze until Monday"
    assert (await world.perform(make(world))).result == Result.HELD
    assert world.applications.calls == []


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Unanswered("no answer"), Result.UNKNOWN),
        (Unavailable("connection refused"), Result.UNAVAILABLE),
        (Forbidden("grant the verb `patch`"), Result.FORBIDDEN),
        (Changed("it follows another branch by now"), Result.CONFLICT),
        (Rejected("another operation runs"), Result.REFUSED),
    ],
)
async def test_what_is_answered_is_told(error: WatcherError, result: str) -> None:
    world = World()
    world.applications.failure = error
    report = await world.perform(sync(world))
    assert (report.result, report.message) == (result, str(error))


class Noting:
    """An actuator that keeps what it is asked."""

    def __init__(self) -> None:
        self.asked: list[RungOrder] = []

    async def perform(self, order: RungOrder) -> RungReport:
        self.asked.append(order)
        return RungReport(order.decision, rung_of(order), order.tried, Result.APPLIED, NOW)


async def test_each_order_goes_to_its_own() -> None:
    world, cluster, gitops = World(), Noting(), Noting()
    ladder = LadderActuator(cluster, by_way_of_git(gitops))
    abort = AbortOrder("d1", 1, CHECKOUT, "u1", "abc", clear_promotion=False, reason="errors")
    orders: tuple[RungOrder, ...] = (world.order(), abort, pin(world))
    reports = [await ladder.perform(order) for order in orders]
    assert [each.rung for each in reports] == ["git", "abort", "bridge"]
    assert (cluster.asked, gitops.asked) == ([orders[1]], [orders[0], orders[2]])


async def test_what_is_not_done_by_way_of_git_is_refused_here() -> None:
    world = World()
    actuator = GitOpsActuator(world.reverting, world.applications, world.holding, world.clock)
    abort = AbortOrder("d1", 1, CHECKOUT, "u1", "abc", clear_promotion=False, reason="errors")
    assert (await actuator.perform(abort)).result == Result.REFUSED
