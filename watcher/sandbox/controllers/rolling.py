"""The arithmetic of a rolling update: how far the new ReplicaSet may grow and the old ones may shrink.

As in the Deployment controller of Kubernetes: never more than `size + max_surge` pods asked for, never fewer
than `size - max_unavailable` of them available.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.sandbox.controllers.families import available, wanted
from watcher.sandbox.controllers.world import share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.sandbox.kubernetes.objects import Json


@dataclass(frozen=True)
class Limits:
    """The bounds of a rolling update, in pods."""

    size: int
    max_surge: int
    max_unavailable: int

    @classmethod
    def of(cls, size: int, rolling: Mapping[str, Any]) -> Limits:
        """From `maxSurge` and `maxUnavailable` (numbers or percentages; default 25 %), never both 0."""
        surge = share(rolling.get("maxSurge", "25%"), size, up=True)
        unavailable = share(rolling.get("maxUnavailable", "25%"), size, up=False)
        return cls(size, surge, 1 if surge == 0 and unavailable == 0 else unavailable)

    @property
    def most(self) -> int:
        """Pods that may be asked for."""
        return self.size + self.max_surge

    @property
    def least(self) -> int:
        """Pods that must stay available."""
        return self.size - self.max_unavailable


def new_size(limits: Limits, target: int, current: int, asked_for: int) -> int:
    """The next size of the new ReplicaSet on its way to `target`; `asked_for` counts all ReplicaSets."""
    if current >= target:
        return target
    room = max(0, limits.most - asked_for)
    return current + min(room, target - current)


def shrink(limits: Limits, new: Json | None, old: Sequence[Json], keep: int = 0) -> list[tuple[Json, int]]:
    """The old ReplicaSets to scale and their next sizes; `keep` pods of the old versions are to stay.

    Pods that are not available go first, since their loss costs nothing.
    """
    sizes = [wanted(rs) for rs in old]
    surplus = sum(sizes) - keep
    unavailable_new = max(0, wanted(new) - available(new)) if new is not None else 0
    asked_for = sum(sizes) + (wanted(new) if new is not None else 0)
    budget = min(surplus, asked_for - limits.least - unavailable_new)
    next_sizes = list(sizes)
    for index, rs in enumerate(old):
        unhealthy = min(budget, max(0, sizes[index] - available(rs)))
        if unhealthy > 0:
            next_sizes[index] -= unhealthy
            budget -= unhealthy
            surplus -= unhealthy
    # A status that has not seen the last scaling yet still counts pods that are as good as gone.
    available_now = sum(min(available(rs), wanted(rs)) for rs in [*old, *([new] if new is not None else [])])
    spare = min(surplus, available_now - limits.least)
    for index in range(len(old)):
        taken = min(next_sizes[index], max(0, spare))
        next_sizes[index] -= taken
        spare -= taken
    return [(rs, size) for rs, size, before in zip(old, next_sizes, sizes, strict=True) if size != before]
