from __future__ import annotations

import asyncio

import pytest

from tests.adapters.argocd.stand_in import API, StandIn
from tests.adapters.kubernetes.scripted import LoopClock
from tests.core.applications import an_application, merged
from watcher.adapters.argocd import ArgoCdFeed, ArgoCdServer
from watcher.adapters.argocd.feed import POLL_SECONDS
from watcher.core.keepers.keeper import Keeper

HERE = {"spec": {"destination": {"server": None, "name": "prod"}}}


class Seen:
    """What the feed told, in its order."""

    def __init__(self, server: ArgoCdServer) -> None:
        self.events: list[str] = []
        self.feed = ArgoCdFeed(server, "prod", LoopClock(), self._noting("put"), self._noting("drop"))

    def _noting(self, what: str):  # type: ignore[no-untyped-def]
        def note(keeper: Keeper) -> None:
            assert keeper.application.through == API
            self.events.append(f"{what} {keeper.application.name}")

        return note


async def test_only_what_deploys_here_is_told_and_only_once(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.make(an_application(HERE))
    stand_in.make(an_application(name="elsewhere"))
    stand_in.applications["odd"] = {"metadata": {"name": "odd"}}
    seen = Seen(server)
    assert not seen.feed.settled
    await seen.feed.poll()
    await seen.feed.poll()
    assert seen.events == ["put argocd/cart"]
    assert (seen.feed.settled, seen.feed.problem) == (True, "")


async def test_changes_and_ends_are_told(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.make(an_application(HERE))
    stand_in.make(an_application(HERE, name="web"))
    seen = Seen(server)
    await seen.feed.poll()
    stand_in.merge("argocd/cart", {"status": {"sync": {"status": "OutOfSync"}}})
    stand_in.merge("argocd/web", {"spec": {"destination": {"name": "staging"}}})
    await seen.feed.poll()
    assert seen.events[2:] == ["drop argocd/web", "put argocd/cart"]


@pytest.mark.looptime
async def test_a_failure_ages_what_is_known_and_takes_nothing_away(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.make(merged(an_application(), HERE))
    seen = Seen(server)
    task = asyncio.create_task(seen.feed.run())
    await asyncio.sleep(1)
    stand_in.allowed = set()
    await asyncio.sleep(10 * POLL_SECONDS)
    assert seen.events == ["put argocd/cart"]
    assert "lacks `applications, get`" in seen.feed.problem
    assert seen.feed.age() > 9 * POLL_SECONDS
    assert not seen.feed.unreadable
    stand_in.allowed = {"get"}
    await asyncio.sleep(POLL_SECONDS)
    assert (seen.feed.problem, seen.feed.age() <= POLL_SECONDS) == ("", True)
    task.cancel()
    await asyncio.wait([task])


@pytest.mark.looptime
async def test_one_that_never_answered_is_not_waited_for(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.allowed = set()
    seen = Seen(server)
    task = asyncio.create_task(seen.feed.run())
    await asyncio.sleep(1)
    assert not seen.feed.unreadable
    await asyncio.sleep(60)
    assert (seen.feed.settled, seen.feed.unreadable) == (False, True)
    task.cancel()
    await asyncio.wait([task])
