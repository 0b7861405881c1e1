"""Wiring only: what is asked right before a write that is not the Kubernetes API's."""

from __future__ import annotations

from collections.abc import Callable

from watcher.adapters.kubernetes.actuator import KubernetesActuator
from watcher.core.model import Workload
from watcher.gitops.means import Holding


def holding(on_cluster: KubernetesActuator, left: Callable[[], float]) -> Holding:
    """Why nothing may be written for a workload now: a hold, or that this process leads no more (`left` seconds)."""

    async def held(workload: Workload) -> str:
        return await on_cluster.held(workload) if left() > 0.0 else "this process does not hold the Lease any more"

    return held
