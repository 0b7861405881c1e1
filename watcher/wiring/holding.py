"""Wiring only: what is asked right before a write that is not the Kubernetes API's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from watcher.core.model import Workload
from watcher.core.orders import RungOrder
from watcher.gitops.means import Holding
from watcher.ports import NotLeading


def holding(standing: Callable[[Workload], Awaitable[str]], left: Callable[[], float]) -> Holding:
    """Asks for the hold that stands and that an order does not pass.

    Raises NotLeading where this process leads no more (`left` seconds): another one may, so that is no hold.
    """

    async def held(order: RungOrder) -> str:
        if left() <= 0.0:
            raise NotLeading
        return "" if order.past_hold else await standing(order.workload)

    return held
