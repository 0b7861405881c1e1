"""What the shop knows of a pod, whoever runs it: the sandbox's controllers, or a real cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from watcher.core.model import Workload


@dataclass(frozen=True, slots=True)
class ShopPod:
    """One pod of a workload.  Times are Unix seconds.

    `started` is the start of its running container (a counter begins anew with it), None while there is none;
    `ready` the moment since which it gets requests, None while it gets none.  `weight` is the share of the
    workload's requests, a ratio in [0, 1], that a router sends to all pods of this image together; None where
    every Ready pod gets the same.
    """

    namespace: str
    name: str
    workload: Workload
    container: str
    image: str
    started: float | None
    ready: float | None = None
    weight: float | None = None


Pods = Callable[[], Iterable[ShopPod]]
"""Lists the pods that exist now."""
