"""Evidence for a release ends its watch early, where the user allows it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.core.world import World
from watcher.core.judging.favour import SOONEST
from watcher.core.judging.likelihood import for_bound, strength
from watcher.core.policy import Bake, JudgeRules
from watcher.core.words import Verdict

BAKE = 1200.0


def released(*, early: bool = True, errors: float = 0.0) -> World:
    world = World.of()
    world.set(bake=Bake(BAKE, 4 * BAKE), judge=replace(JudgeRules(), early_pass=early))
    world.release("v2", errors=errors)
    return world


def lasted(world: World) -> float:
    """Seconds from the end of the rollout to the PASS."""
    world.run_until("pass", within=3 * BAKE)
    assert world.watch.rolled_out_at is not None
    return world.now - world.watch.rolled_out_at


def test_a_watch_ends_early_only_where_that_is_allowed() -> None:
    assert SOONEST * BAKE <= lasted(released()) <= SOONEST * BAKE + 60
    assert lasted(released(early=False)) >= BAKE


def test_a_release_close_to_its_bound_is_watched_to_the_end() -> None:
    assert lasted(released(errors=0.0045)) >= BAKE


def test_a_source_that_is_down_ends_nothing_early() -> None:
    world = released()
    world.run(150)
    world.blind = True
    world.run(BAKE / 2)
    assert world.watch.verdict is None
    world.blind = False
    world.run_until("pass")
    assert world.watch.verdict is Verdict.PASS


@pytest.mark.parametrize("correlation", [0.001, 0.05, 0.3])
@pytest.mark.parametrize("bound", [0.01, 0.2])
def test_at_the_bound_the_evidence_is_a_bet_that_wins_nothing(bound: float, correlation: float) -> None:
    """Exact enumeration: the expectation of each factor is 1 under the beta-binomial null."""
    requests, total = 25, strength(correlation)
    a, b = bound * total, (1 - bound) * total
    for place in range(len(for_bound(0, requests, bound, total))):
        wins = math.fsum(
            math.exp(
                math.log(math.comb(requests, bad))
                + _beta(a + bad, b + requests - bad)
                - _beta(a, b)
                + for_bound(bad, requests, bound, total)[place]
            )
            for bad in range(requests + 1)
        )
        assert wins == pytest.approx(1.0)


def _beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
