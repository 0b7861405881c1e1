"""What the daemon writes into the decision log, and reads at its start."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.daemon.life import Life, alive, living, virtual
from watcher.adapters.store.memory import MemoryStore
from watcher.core import record
from watcher.core.model import PastRollback
from watcher.core.words import Phase
from watcher.daemon.journal import load
from watcher.daemon.stepping import UNWATCHED
from watcher.ports import Commit, Rejected, StoredState

pytestmark = virtual


def test_a_state_that_cannot_be_read_stops_the_start_with_a_remedy() -> None:
    store = MemoryStore()
    store.commit(Commit(states=(StoredState("u1", "Deployment/shop/cart", 1.0, 9, b'{"_":"Future"}'),)))
    with pytest.raises(Rejected, match=r"state of Deployment/shop/cart \(schema 9\).*Start the version that wrote it"):
        load(store)


async def test_the_state_in_the_log_is_the_one_in_memory(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
        (stored,) = load(life.outside.store)
        assert stored == life.state()


async def test_records_follow_each_other_without_a_gap(thresholds: Path) -> None:
    """Between two transitions only evidence is added, so the next record begins at the phase where the last ended."""
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_outcome("restored")
    phase: str | None = None
    for transition in life.outside.store.transitions():
        before, after = json.loads(transition.state_before), json.loads(transition.state_after)
        assert _phase(before) == phase, transition.kind
        phase = _phase(after)
    assert phase == Phase.CLOSED


def _phase(state: dict[str, dict[str, str] | None] | None) -> str | None:
    watch = state["watch"] if state is not None else None
    return watch["phase"] if watch is not None else None


async def test_the_decision_of_a_superseded_release_tells_its_end(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.RECOVERING)
        life.outside.release("v3")
        await asyncio.sleep(10.0)
        (row,) = life.outside.store.decisions()
        body = json.loads(row.body)
        assert (row.outcome, body["outcome"], body["phase"]) == ("superseded", "superseded", "closed")


async def test_records_hold_only_the_rollbacks_that_the_breaker_counts(thresholds: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        now = outside.clock.now()
        old = tuple(PastRollback(now - 7200.0 - number, "shop", f"u/{number}") for number in range(500))
        life.daemon.stepping.situation.rollbacks = (*old, PastRollback(now - 60.0, "shop", "u/new"))
        outside.release("v2")
        await asyncio.sleep(5.0)
        transition = list(outside.store.transitions())[-1]
        observation = json.loads(transition.observation)
        assert [each["release"] for each in observation["surroundings"]["rollbacks"]] == ["u/new"]
        await life.end()


async def test_a_rollback_is_counted_with_its_release_from_the_intent_on(thresholds: Path) -> None:
    async with living(thresholds) as life:
        life.outside.release("v2", errors=0.2)
        await life.until_watch(lambda watch: watch.phase is Phase.CONFIRMING)
        (past,) = life.daemon.stepping.situation.rollbacks
        decision = life.watch().decision
        assert decision is not None
        assert past == PastRollback(decision.at, "shop", life.watch().release.id)
        assert life.outside.store.rollbacks(0.0) == (past,)


def test_a_policy_without_entry_is_recorded_as_one() -> None:
    again = record.decode(type(UNWATCHED), record.encode(UNWATCHED))
    assert again == UNWATCHED
    assert again == replace(UNWATCHED, watched=False)
