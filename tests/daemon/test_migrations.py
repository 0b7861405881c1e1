"""Migrations between two versions are looked at for releases under watch, and the Jobs of down migrations followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.core.databases import after_down, note
from tests.daemon import outside as o
from tests.daemon.life import Life, alive, virtual
from watcher.core.migrations import DownSeen, MigrationNote, MigrationSight, Safety
from watcher.core.model import Workload, WorkloadView
from watcher.core.orders import DownOrder, UndoOrder
from watcher.core.words import Action
from watcher.daemon.migrations import AGAIN, FOLLOW_EVERY, TRY_EVERY
from watcher.daemon.status import SHOWN
from watcher.ports import Unavailable
from watcher.ports.migrations import MigrationQuestion

pytestmark = virtual


class Looking:
    """ConfigMaps, repositories and Jobs that say what a test wants."""

    def __init__(self, outside: o.Outside) -> None:
        self.outside = outside
        self.asked: list[MigrationQuestion] = []
        self.followed: list[tuple[str, str]] = []
        self.notes: tuple[MigrationNote, ...] = ()
        self.problem, self.state = "", "running"
        self.away = False

    async def look(self, question: MigrationQuestion) -> MigrationSight:
        self.asked.append(question)
        await asyncio.sleep(0.3)
        now = self.outside.clock.now()
        return MigrationSight(now, question.release, question.target, self.notes, problem=self.problem)

    async def follow(self, view: WorkloadView, decision: str, note: str) -> DownSeen:
        self.followed.append((decision, note))
        if self.away:
            raise Unavailable("the API server is away")
        return DownSeen(decision, note, self.outside.clock.now(), "watcher-down", self.state, logs="done")


@asynccontextmanager
async def noted(thresholds: Path, *notes: MigrationNote) -> AsyncIterator[tuple[Life, Looking]]:
    """A daemon that has followed cart for a minute, and sees these notes on its next release."""
    async with alive() as outside:
        looking = outside.migrations = Looking(outside)
        looking.notes = notes
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        yield life, looking
        assert life.daemon.stepping.failed == {}
        await life.end()


async def test_a_release_is_looked_at_once_and_again_only_while_it_is_suspected(thresholds: Path) -> None:
    async with noted(thresholds) as (life, looking):
        life.outside.release("v3")
        await life.until(lambda: looking.asked)
        (question,) = looking.asked
        watch = life.watch()
        assert (question.release, question.template) == (watch.release.id, watch.release.template_id)
        assert question.target == watch.release.previous
        assert (question.required, question.began) == (False, watch.release.began)
        await asyncio.sleep(2 * AGAIN)
        assert len(looking.asked) == 1
        assert life.daemon.stepping.migrations[o.CART].release == watch.release.id
        await life.until_watch(lambda each: each.ended_at is not None)
        await asyncio.sleep(5.0)
        assert life.daemon.stepping.migrations == {}


async def test_an_unsafe_note_is_in_the_decision_and_a_mended_one_is_found(thresholds: Path) -> None:
    unsafe = note("drop-price", Safety.UNSAFE)
    async with noted(thresholds, unsafe) as (life, looking):
        life.outside.release("v3", errors=0.3)
        await life.until_watch(lambda each: each.decision is not None)
        decision = life.watch().decision
        assert decision is not None
        assert decision.action is Action.ROLL_FORWARD
        assert decision.migrations is not None
        assert decision.migrations.notes == (unsafe,)
        assert life.outside.orders == []
        looking.notes = (note("drop-price", Safety.SAFE),)
        await life.until(lambda: life.outside.orders, within=2 * AGAIN)
        assert isinstance(life.outside.orders[0], UndoOrder)


async def test_what_could_not_be_found_out_is_tried_again_soon(thresholds: Path) -> None:
    async with noted(thresholds) as (life, looking):
        looking.problem = "grant the verb `get` on `configmaps`"
        life.outside.release("v3")
        await life.until(lambda: len(looking.asked) >= 3, within=4 * TRY_EVERY)
        lines = life.outside.log_of("migrations_looked_at")
        assert [line["problem"] for line in lines] == [looking.problem]


def unreadable(life: Life) -> float | None:
    return life.daemon.telemetry.registry.get_sample_value("watcher_migration_notes_unreadable")


async def test_notes_that_cannot_be_read_are_counted_and_named_until_they_can(thresholds: Path) -> None:
    async with noted(thresholds) as (life, looking):
        assert unreadable(life) == 0
        looking.problem = "grant the verb `get` on `configmaps`"
        life.outside.release("v3")
        await life.until(lambda: unreadable(life) == 1, within=60.0)
        assert life.daemon.status.readiness() == (True, [f"migration notes of {o.CART}: {looking.problem}"])
        looking.problem = ""
        await life.until(lambda: unreadable(life) == 0, within=2 * TRY_EVERY)
        assert life.daemon.status.readiness() == (True, [])


async def test_of_many_releases_whose_notes_cannot_be_read_a_few_are_named(thresholds: Path) -> None:
    async with noted(thresholds) as (life, looking):
        others = [Workload(o.CART.kind, "shop", f"search-{number}") for number in range(SHOWN)]
        for each in others:
            life.outside.deploy(each)
        await asyncio.sleep(60.0)
        looking.problem = "https://git.test/shop.git: connection refused"
        for each in (o.CART, *others):
            life.outside.release("v3", workload=each)
        await life.until(lambda: unreadable(life) == SHOWN + 1, within=60.0)
        assert len(life.daemon.status.readiness()[1]) == SHOWN


async def test_the_job_of_a_down_migration_is_followed_until_it_ends_and_then_the_version_goes_back(
    thresholds: Path,
) -> None:
    async with noted(thresholds, after_down("drop-price")) as (life, looking):
        life.outside.release("v3", errors=0.3)
        await life.until(lambda: looking.followed)
        (order,) = life.outside.orders
        assert isinstance(order, DownOrder)
        assert looking.followed[0] == (order.decision, "drop-price")
        await asyncio.sleep(30.0)
        assert len(looking.followed) <= 30.0 / FOLLOW_EVERY + 2
        assert len(life.outside.orders) == 1
        looking.state = "succeeded"
        await life.until_outcome("restored")
        assert isinstance(life.outside.orders[1], UndoOrder)
        seen = len(looking.followed)
        await asyncio.sleep(30.0)
        assert len(looking.followed) == seen


async def test_a_job_is_found_again_after_a_restart_and_not_made_twice(thresholds: Path) -> None:
    async with noted(thresholds, after_down("drop-price")) as (life, looking):
        life.outside.release("v3", errors=0.3)
        await life.until(lambda: looking.followed)
        life.kill()
        followed = len(looking.followed)
        again = await Life.begin(life.outside, thresholds)
        await again.until(lambda: len(looking.followed) > followed)
        looking.state = "succeeded"
        await again.until_outcome("restored")
        assert [type(each) for each in life.outside.orders].count(DownOrder) == 1
        life.running, life.stop = again.running, again.stop


async def test_a_job_that_cannot_be_looked_at_is_told_once(thresholds: Path) -> None:
    async with noted(thresholds, after_down("drop-price")) as (life, looking):
        looking.away = True
        life.outside.release("v3", errors=0.3)
        await life.until(lambda: len(looking.followed) > 3)
        assert len(life.outside.log_of("down_migration_not_followed")) == 1
        looking.away, looking.state = False, "succeeded"
        await life.until_outcome("restored")
