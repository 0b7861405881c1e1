"""What going back in Git would mean is looked at for releases under watch, and reverts are followed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.daemon import outside as o
from tests.daemon.life import Life, alive, virtual
from watcher.core.deciding.waiting import GIT_PATIENCE
from watcher.core.gitops import (
    Application,
    CommitNote,
    Deployed,
    Followed,
    GitSource,
    Prospect,
    PullState,
    Route,
)
from watcher.core.model import Workload
from watcher.core.orders import RevertOrder, UnpinOrder
from watcher.core.state import Revert, Unsettled
from watcher.core.words import Kind
from watcher.daemon.prospects import AGAIN, GitWay, Prospects
from watcher.gitops.surveying import Question

pytestmark = virtual

GOOD, BAD, REVERT = "a" * 40, "b" * 40, "c" * 40
SOURCE = GitSource("https://git.example.com/shop", "main", BAD, ("cart",))
LINK = "https://git.example.com/shop/pulls/1"


class Looking:
    """Repositories and forges that say what a test wants."""

    def __init__(self, outside: o.Outside) -> None:
        self.outside = outside
        self.asked: list[Question] = []
        self.followed: list[tuple[str, str, str]] = []
        self.route, self.pull = Route.PUSH, PullState.OPEN
        self.failing: Exception | None = None
        self.took: list[float] = []

    async def survey(self, question: Question) -> Prospect:
        self.asked.append(question)
        await asyncio.sleep(0.3)
        if self.failing is not None:
            raise self.failing
        note = CommitNote(BAD, "ada", "cart: v2", 0.0)
        why = "" if self.route is Route.PUSH else "protected"
        return Prospect(self.outside.clock.now(), question.release, SOURCE, GOOD, (note,), self.route, why)

    async def follow(self, source: GitSource, revision: str, deployed: str, link: str) -> Followed:
        self.followed.append((revision, deployed, link))
        return Followed(self.outside.clock.now(), pull=self.pull, merged=REVERT, of=revision or link)


def kept_in_git(outside: o.Outside) -> Looking:
    """Argo CD keeps cart as Git says, and Git can be looked at."""
    looking = Looking(outside)
    outside.git = GitWay(looking.survey, looking.follow, lambda application, seconds: looking.took.append(seconds))
    outside.applications[o.CART] = Application(
        tool="argocd",
        name="argocd/cart",
        sources=(SOURCE,),
        automated=True,
        self_heal=True,
        synced=True,
        history=(Deployed((GOOD,), 0.0), Deployed((BAD,), outside.clock.now())),
    )
    return looking


@asynccontextmanager
async def managed(thresholds: Path) -> AsyncIterator[tuple[Life, Looking]]:
    """A daemon that has followed cart for a minute, which Argo CD keeps as Git says."""
    async with alive() as outside:
        looking = kept_in_git(outside)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        yield life, looking
        assert life.daemon.stepping.failed == {}
        await life.end()


async def test_a_release_is_looked_at_as_soon_as_it_is_under_watch_and_the_revert_names_its_commits(
    thresholds: Path,
) -> None:
    async with managed(thresholds) as (life, looking):
        life.outside.release("v3", errors=0.3)
        await life.until(lambda: looking.asked)
        await life.until(lambda: life.outside.orders)
        (question, *_) = looking.asked
        assert question.release == life.watch().release.id
        assert question.application.name == "argocd/cart"
        order = life.outside.orders[0]
        assert isinstance(order, RevertOrder)
        assert (order.commits, order.good, order.propose) == ((BAD,), GOOD, False)


async def test_a_revert_that_was_ordered_before_a_restart_is_looked_at_and_ordered_again(thresholds: Path) -> None:
    async with alive() as outside:
        looking = kept_in_git(outside)
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        life.acting.seconds = 60.0
        outside.release("v3", errors=0.3)
        await life.until(lambda: outside.orders)
        life.kill()

        looked = len(looking.asked)
        again = await Life.begin(outside, thresholds)
        await again.until(lambda: len(outside.orders) > 1, within=30.0)
        assert len(looking.asked) > looked
        first, second = outside.orders[:2]
        assert isinstance(second, RevertOrder)
        assert second.decision == first.decision
        await again.end()


async def test_without_evidence_it_is_looked_at_once(thresholds: Path) -> None:
    async with managed(thresholds) as (life, looking):
        life.outside.release("v3")
        await asyncio.sleep(3 * AGAIN)
        assert len(looking.asked) == 1


async def test_another_commit_that_is_deployed_is_a_reason_to_look_again(thresholds: Path) -> None:
    async with managed(thresholds) as (life, looking):
        life.outside.release("v3")
        await life.until(lambda: looking.asked)
        application = life.outside.applications[o.CART]
        life.outside.applications[o.CART] = replace(application, sources=(replace(SOURCE, deployed=REVERT),))
        await life.until(lambda: len(looking.asked) == 2)


async def test_a_fault_in_looking_leaves_the_others_alone_and_is_tried_again(thresholds: Path) -> None:
    async with managed(thresholds) as (life, looking):
        looking.failing = KeyError("a fault of ours")
        life.outside.release("v3", errors=0.3)
        await life.until(lambda: life.outside.log_of("prospect_failed"))
        looking.failing = None
        await life.until(lambda: life.outside.orders)


def reverted(life: Life) -> bool:
    left = life.state().unsettled
    return left is not None and left.revert is not None and bool(left.revert.revision)


async def test_a_pull_request_is_followed_until_it_is_merged(thresholds: Path) -> None:
    async with managed(thresholds) as (life, looking):
        application = life.outside.applications[o.CART]
        revert = Revert(application, SOURCE, GOOD, (BAD,), propose=True, began=life.outside.clock.now(), link=LINK)
        stepping = life.daemon.stepping
        state = stepping.states[o.CART]
        waits = Unsettled("abc", "uid/1", life.outside.clock.now(), revert, bridge=True)
        stepping.states[o.CART] = replace(state, unsettled=waits)
        application = replace(application, pinned="abc", pinned_from="main")
        life.outside.applications[o.CART] = application
        await life.until(lambda: looking.followed)
        assert looking.followed[0] == ("", BAD, LINK)
        looking.pull = PullState.MERGED
        await life.until(lambda: reverted(life))
        await life.until(lambda: any(isinstance(each, UnpinOrder) for each in life.outside.orders))
        life.outside.applications[o.CART] = replace(application, pinned="")
        life.outside.notify(o.CART)
        await life.until(lambda: life.state().unsettled is None)
        await life.until(lambda: o.CART not in stepping.followed)


class Asking(Prospects):
    """Asks of every release; the repository of an application is its name."""

    def _question(self, workload: Workload, watch: Any) -> Any:
        source = SimpleNamespace(deployed="x", repo=workload.name.partition("/")[0])
        application = SimpleNamespace(sources=(source,))
        return SimpleNamespace(workload=workload, release=watch.release.id, application=application)


async def first_look(seconds: float, names: list[str], suspect: str) -> float:
    """Seconds until the one release of `names` with evidence against it is looked at; others take so many seconds."""
    began, loop = 1e9, asyncio.get_running_loop()
    looked = asyncio.Event()
    clock: Any = SimpleNamespace(now=lambda: began + loop.time(), sleep=asyncio.sleep)
    watches = {
        Workload(Kind.DEPLOYMENT, "shop", name): SimpleNamespace(release=SimpleNamespace(id=name), rollback=None)
        for name in names
    }
    stepping: Any = SimpleNamespace(
        looked_into=lambda: watches,
        prospects={},
        followed={},
        states={},
        suspects={workload: 1 for workload in watches if workload.name == suspect},
        carrying_out=frozenset,
    )

    async def survey(question: Question) -> Prospect:
        await asyncio.sleep(1.0 if question.workload.name == suspect else seconds)
        if question.workload.name == suspect:
            looked.set()
        return Prospect(clock.now(), question.release, SOURCE, "", (), Route.NONE)

    way: Any = SimpleNamespace(survey=survey)
    cluster: Any = SimpleNamespace(view=lambda workload: None)
    prospects = Asking(way, cluster, stepping, clock, lambda view: None, lambda workloads: None)
    task, since = asyncio.ensure_future(prospects.run()), clock.now()
    await asyncio.wait_for(looked.wait(), 4000.0)
    took = float(clock.now() - since)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return took


async def test_a_repository_that_hangs_keeps_no_release_of_another_one_waiting() -> None:
    names = [*(f"slow/{number}" for number in range(4)), "shop/cart"]
    assert await first_look(120.0, names, "shop/cart") < GIT_PATIENCE


async def test_a_release_at_breach_is_looked_at_before_a_hundred_healthy_ones() -> None:
    """One commit to a monorepo of 200 applications; each look takes two seconds."""
    names = [f"shop/{number}" for number in range(200)]
    assert await first_look(2.0, names, "shop/199") < GIT_PATIENCE


async def test_of_several_sources_in_one_repository_the_one_that_was_reverted_counts(thresholds: Path) -> None:
    async with managed(thresholds) as (life, looking):
        application = life.outside.applications[o.CART]
        chart = replace(SOURCE, deployed=GOOD, paths=("chart",))
        revert = Revert(application, SOURCE, GOOD, (BAD,), propose=True, began=life.outside.clock.now(), link=LINK)
        stepping = life.daemon.stepping
        waits = Unsettled("abc", "uid/1", life.outside.clock.now(), revert)
        stepping.states[o.CART] = replace(stepping.states[o.CART], unsettled=waits)
        life.outside.applications[o.CART] = replace(application, sources=(chart, SOURCE))
        await life.until(lambda: looking.followed)
        assert looking.followed[0] == ("", BAD, LINK)
