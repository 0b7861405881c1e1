"""The breaker counts every rollback that is intended, also those of the same moment."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS, Life, alive, check_log, configure, virtual
from tests.daemon.outside import CART
from watcher.core.deciding.holding import Scope
from watcher.core.model import PastRollback, Suspect, Workload
from watcher.core.policy import Policy
from watcher.daemon.breakers import NotOpen
from watcher.daemon.stepping import REMEMBERED
from watcher.ports import Unavailable

SERVICES = [Workload(CART.kind, CART.namespace, f"service-{number}") for number in range(6)]

pytestmark = virtual


@pytest.mark.parametrize(
    ("limits", "rollbacks", "guard"),
    [
        ("{max: 2, window: 1h, namespaces: {max: 5, window: 1h}}", 2, "breaker"),
        ("{max: 5, window: 1h, namespaces: {max: 3, window: 1h}}", 3, "namespace_breaker"),
    ],
)
@pytest.mark.parametrize("full", [False, True])
async def test_releases_that_fail_in_the_same_moment_are_counted_one_by_one(
    thresholds: Path, limits: str, rollbacks: int, guard: str, full: bool
) -> None:
    """A dependency of all fails: one poll brings the breaches of all.  A disk that is full meanwhile counts nothing."""
    configure(thresholds, THRESHOLDS.replace("{max: 3, window: 1h, namespaces: {max: 3, window: 1h}}", limits))
    async with alive() as outside:
        for workload in SERVICES:
            outside.deploy(workload)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        for workload in SERVICES:
            outside.release("v2", errors=0.2, workload=workload)
        await life.until_watch(lambda watch: watch.rolled_out_at, SERVICES[-1])
        if full:
            life.store.failing = Unavailable("disk full")
            await asyncio.sleep(120.0)
            assert life.daemon.stepping.situation.rollbacks == ()
            life.store.failing = None
        await life.until(lambda: len(outside.store.decisions()) == len(SERVICES))
        await asyncio.sleep(30.0)
        rows = outside.store.decisions()
        assert len({row.at for row in rows}) == 1
        assert len(outside.orders) == rollbacks
        assert [row.guard for row in rows if row.action == "hold"] == [guard] * (len(SERVICES) - rollbacks)
        await life.end()
        check_log(outside)


async def test_what_is_rehearsed_uses_up_no_breaker_and_explains_nothing_elsewhere(thresholds: Path) -> None:
    drill = Workload(CART.kind, "drill", "cart")
    async with alive() as outside:
        life = await Life.prepare(outside, thresholds)
        stepping = life.daemon.stepping
        outside.rehearsing = frozenset({"drill"})
        now = outside.clock.now()
        stepping.take_up((), tuple(PastRollback(now - ago, "drill", f"drill/{ago}") for ago in range(9)))
        stepping.suspects[drill] = Suspect(drill, (), 1.0, compared=True, earliest=1.0)
        outside.deploy(drill)
        outside.deploy()
        assert life.daemon.lookout._services() == {(CART.namespace, CART.name)}
        assert life.daemon.breakers.open() == (0, 0)
        around = stepping.around(CART, Policy())
        assert (around.rollbacks, around.suspects) == ((), ())
        beside = stepping.around(Workload(CART.kind, "drill", "mail"), Policy())
        assert [each.workload for each in beside.suspects] == [drill]
        outside.rehearsing = frozenset()
        assert life.daemon.breakers.open() == (1, 1)
        assert len(stepping.around(CART, Policy()).suspects) == 1


async def test_one_release_that_is_decided_on_again_and_again_pushes_no_other_out(thresholds: Path) -> None:
    async with alive() as outside:
        life = await Life.prepare(outside, thresholds)
        others = [PastRollback(at, "shop", f"other-{at:.0f}") for at in (1.0, 2.0)]
        again = [PastRollback(10.0 + number, "shop", "cart/2") for number in range(REMEMBERED + 200)]
        life.daemon.stepping.take_up((), (*others, *again))
        assert life.daemon.stepping.situation.rollbacks == (*others, again[-1])


async def test_a_breaker_is_closed_by_hand_for_good_and_what_it_held_follows(thresholds: Path) -> None:
    """Opened by real rollbacks; closed, then started anew, it counts from the closing on."""
    limits = "{max: 2, window: 1h, namespaces: {max: 5, window: 1h}}"
    configure(thresholds, THRESHOLDS.replace("{max: 3, window: 1h, namespaces: {max: 3, window: 1h}}", limits))
    async with alive() as outside:
        for workload in SERVICES[:3]:
            outside.deploy(workload)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        for workload in SERVICES[:3]:
            outside.release("v2", errors=0.2, workload=workload)
            await life.until_watch(lambda watch: watch.decision, workload)
        held = life.watch(SERVICES[2]).decision
        assert held is not None
        assert held.guard is not None
        assert held.guard.id == "breaker"
        breakers = life.daemon.breakers
        assert breakers.open() == (1, 0)
        with pytest.raises(NotOpen, match="namespace/shop is not open: 2 of 5"):
            await breakers.close(Scope.parse("namespace/shop"), "no common cause", "ada")
        life.store.failing = Unavailable("disk full")
        with pytest.raises(Unavailable, match="disk full"):
            await breakers.close(Scope(), "no common cause", "ada")
        life.store.failing = None
        assert breakers.open() == (1, 0)

        closed = await breakers.close(Scope(), "no common cause", "ada")
        assert (closed.count, closed.open) == (0, False)
        await life.until_outcome("restored", SERVICES[2])
        (closing,) = outside.store.closings(0.0)
        assert (closing.scope, closing.author, closing.reason) == ("all", "ada", "no common cause")
        await life.end()
        check_log(outside)

        again = await Life.begin(outside, thresholds)
        await asyncio.sleep(5.0)
        (cluster, *_) = again.daemon.breakers.listed()
        assert (cluster.count, cluster.closed) == (1, closing)
        await again.end()
