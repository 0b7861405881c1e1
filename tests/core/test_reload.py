"""Thresholds that change while a release is under watch: evidence counts for the bounds it was measured against."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.world import BLOCK, ERRORS, World
from watcher.core.model import Block, PodCount
from watcher.core.policy import Bake, Check, HistogramCheck, Identify, QueryCheck, basis
from watcher.core.words import Mode, Verdict

LAG = QueryCheck("lag", "main", "lag", max=100.0, hold_for=60.0, may=Mode.ACT, identify=Identify())


def observed(share: float = 0.025, check: Check = ERRORS) -> World:
    """A release that stands at breach and was only observed so far."""
    world = World.of()
    world.set(mode=Mode.OBSERVE, checks=(check,), bake=Bake(hold_for=1200.0))
    world.values["lag"] = 500.0
    world.release("v2", errors=share)
    world.run_until("roll_back")
    return world


def test_a_breach_of_a_bound_that_was_raised_is_not_acted_on() -> None:
    world = observed()
    world.set(mode=Mode.ACT, checks=(replace(ERRORS, max=0.05, increase=None),))
    world.run(900)
    assert world.orders == []
    assert "breach_over" in world.moved


def test_a_lane_that_is_switched_off_does_not_fire_on_what_it_saw() -> None:
    world = observed(share=0.008)  # within max, more than twice what was usual
    assert world.decision.findings[0].lane == "new_vs_before"
    world.set(mode=Mode.ACT, checks=(replace(ERRORS, increase=None),))
    world.run(900)
    assert world.orders == []


def test_a_breach_of_the_new_bound_too_is_acted_on_at_once() -> None:
    """All blocks are counted again, so nobody waits for the evidence to grow once more."""
    world = observed(share=0.2)
    world.set(mode=Mode.ACT, checks=(replace(ERRORS, max=0.05),))
    world.run_until("ordered", within=10)


def test_a_value_beyond_a_bound_that_was_raised_begins_anew() -> None:
    world = observed(check=LAG)
    world.set(mode=Mode.ACT, checks=(replace(LAG, max=400.0),))
    world.run(55)
    assert world.orders == []
    world.run_until("ordered", within=15)


@pytest.mark.parametrize("check", [replace(ERRORS, may=Mode.PROPOSE), replace(ERRORS, min_bad=20)])
def test_what_is_only_asked_of_evidence_does_not_take_it_away(check: Check) -> None:
    world = observed()
    before = world.watch.evidence
    world.policy = replace(world.policy, checks=(check,))
    world.step()
    assert world.watch.evidence.counters == before.counters


@pytest.mark.parametrize(
    "change",
    [
        {"max": 0.05},
        {"increase": 3.0},
        {"floor": 0.01},
        {"total": "other_total"},
        {"errors": "errors_total"},
        {"bad": ((("code", "5.."),),)},
        {"source": "thanos"},
        {"identify": Identify(pod="pod_name")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_whatever_changes_the_measure_makes_another_basis(change: dict[str, object]) -> None:
    assert basis(replace(ERRORS, **change)) != basis(ERRORS)  # type: ignore[arg-type]


def test_a_check_of_another_kind_has_another_basis() -> None:
    assert basis(HistogramCheck("errors", "main", "requests_total", 0.5)) != basis(ERRORS)
    assert basis(replace(LAG, query="other")) != basis(LAG)
    assert basis(replace(LAG, hold_for=1.0)) == basis(LAG)


def test_blocks_that_were_counted_before_the_change_are_left_out() -> None:
    """They arrive late, and would hide that everything is counted again."""
    world = World.of()
    world.release("v2")
    world.run(60)
    world.set(checks=(replace(ERRORS, max=0.05),))
    again = tuple(world.outbox)
    stale = Block("errors", world.now, BLOCK, (PodCount("p", "hash-v2", 600.0, 300.0, 90.0),), basis=basis(ERRORS))
    world.outbox[:] = [stale]
    world.step()
    assert world.watch.evidence.counters[0].seen_until == 0.0
    world.outbox[:] = again
    world.step()
    assert world.watch.evidence.counters[0].before.total > 10_000
    assert world.watch.verdict is not Verdict.BREACH
