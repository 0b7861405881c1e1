"""How many pods canary and stable have at a weight, and the next safe step towards that.

The rules are those of Argo Rollouts ("Canary Deployment Strategy" in its documentation): without traffic routing
the share of pods stands for the share of traffic; a weight between 0 and 100 keeps a pod on either side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.sandbox.controllers.families import available, wanted

if TYPE_CHECKING:
    from watcher.sandbox.controllers.rolling import Limits
    from watcher.sandbox.kubernetes.objects import Json

_FULL = 100


def basic_counts(limits: Limits, weight: int) -> tuple[int, int]:
    """Pods of canary and stable that come nearest to the weight (percent), using one more pod if surge allows."""
    size = limits.size
    if size == 0:
        return 0, 0
    ceiling, floor = -(-size * weight // _FULL), size * weight // _FULL
    ends_allowed = weight in (0, _FULL) or (size == 1 and limits.max_surge == 0)
    totals = [size, size + 1] if limits.max_surge else [size]
    options = [(canary, total) for total in totals for canary in (ceiling, floor) if ends_allowed or 0 < canary < total]
    canary, total = min(options, key=lambda option: abs(option[0] / option[1] - weight / _FULL))
    return canary, total - canary


def routed_counts(limits: Limits, weight: int) -> tuple[int, int]:
    """Pods under traffic routing: the canary by its weight (percent), stable always at full size."""
    return -(-limits.size * weight // _FULL), limits.size


def next_counts(limits: Limits, canary: Json, stable: Json, goal: tuple[int, int], older: int) -> tuple[int, int]:
    """The next sizes of canary and stable on the way to `goal`; `older` pods belong to other ReplicaSets.

    Grows within the surge, stable first; shrinks what has to shrink only as far as enough others are available.
    """
    sizes = wanted(canary), wanted(stable)
    room = max(0, limits.most - sum(sizes) - older)
    next_stable = max(sizes[1], min(goal[1], sizes[1] + room))
    room -= next_stable - sizes[1]
    next_canary = max(sizes[0], min(goal[0], sizes[0] + room))
    if older:
        return next_canary, next_stable
    if goal[0] >= sizes[0]:
        spare = min(sizes[0], available(canary)) + sizes[1] - limits.least
        next_stable = _lower(next_stable, sizes[1], goal[1], spare)
    else:
        spare = sizes[0] + min(sizes[1], available(stable)) - limits.least
        next_canary = _lower(next_canary, sizes[0], goal[0], spare)
    return next_canary, next_stable


def _lower(planned: int, size: int, goal: int, spare: int) -> int:
    """`size` lowered towards `goal` by `spare` pods at most; what is to grow stays as planned."""
    return planned if goal >= size else max(goal, size - max(0, spare))
