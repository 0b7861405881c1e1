"""When Flagger decides by itself."""

from __future__ import annotations

import pytest

from tests.core.world import World
from watcher.core.deciding.flagger import flagger_decides
from watcher.core.model import Canary


@pytest.mark.parametrize("phase", ["Progressing", "Waiting", "WaitingPromotion"])
def test_it_goes_back_at_its_threshold(phase: str) -> None:
    assert flagger_decides(Canary("cart", phase, 5, 5)) == (
        "Flagger's Canary cart has failed 5 of 5 checks and is going back by itself"
    )
    assert flagger_decides(Canary("cart", phase, 4, 5)) == ""


@pytest.mark.parametrize("phase", ["Promoting", "Finalising", "Failed", "Terminating"])
def test_what_it_has_begun_or_decided_is_left_alone(phase: str) -> None:
    assert flagger_decides(Canary("cart", phase, 0, 5)).startswith("Flagger's Canary cart ")


@pytest.mark.parametrize("phase", ["", "Initializing", "Initialized", "Succeeded", "Terminated"])
def test_otherwise_it_decides_nothing(phase: str) -> None:
    assert flagger_decides(Canary("cart", phase, 9, 5)) == ""


def test_after_a_promotion_that_let_a_fault_through_it_is_undone() -> None:
    world = World.of()
    world.canary = Canary("cart", "Succeeded", 0, 5)
    world.release("v2", errors=0.2)
    world.run_until("restored")
