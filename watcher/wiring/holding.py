"""Wiring only: what is asked right before a write that is not the Kubernetes API's."""

from __future__ import annotations

from collections.abc import Callable

from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.core.orders import RungOrder
from watcher.gitops.means import Holding


def holding(on_cluster: KubernetesActuator, left: Callable[[], float]) -> Holding:
    """Why an order may not be carried out now: a hold that it does not pass, or that this process leads no more
    (`left` seconds)."""

    async def held(order: RungOrder) -> str:
        if left() <= 0.0:
            return "this process does not hold the Lease any more"
        return "" if order.past_hold else await on_cluster.held(order.workload)

    return held
