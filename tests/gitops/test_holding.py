"""What is asked right before a write by way of Git, or of a flag."""

from __future__ import annotations

import pytest

from tests.gitops.test_switching import CART, FLAG
from watcher.core.model import Workload
from watcher.core.orders import FlagOrder
from watcher.ports import NotLeading
from watcher.wiring.holding import holding


async def standing(workload: Workload) -> str:
    return f"{workload} is held: stocktaking"


def order(*, past_hold: bool = False) -> FlagOrder:
    return FlagOrder("d1", 1, CART, "u1", FLAG, on=False, reason="errors", expected="1", past_hold=past_hold)


async def test_a_hold_that_stands_is_told() -> None:
    assert await holding(standing, lambda: 3.0)(order()) == f"{CART} is held: stocktaking"
    assert await holding(standing, lambda: 3.0)(order(past_hold=True)) == ""


@pytest.mark.parametrize("past_hold", [True, False])
async def test_who_does_not_lead_is_held_by_nobody(*, past_hold: bool) -> None:
    with pytest.raises(NotLeading, match=r"^not sent, for this process does not lead any more$"):
        await holding(standing, lambda: 0.0)(order(past_hold=past_hold))
