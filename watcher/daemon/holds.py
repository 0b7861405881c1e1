"""Holds that people have placed past the cluster, as the decision log keeps them."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Workload


class Holds:
    """The newest word on each scope.  Whoever changes them makes that durable first."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[Scope, Hold]] = {}

    def take_up(self, holds: Iterable[Hold]) -> None:
        """Go on from what the decision log holds."""
        self._held = {}
        for hold in holds:
            self.keep(hold)

    def keep(self, hold: Hold) -> None:
        """This holds from now on.  Raises ValueError for a scope that names nothing."""
        self._held[hold.scope] = (Scope.parse(hold.scope), hold)

    def drop(self, scope: str) -> None:
        """Nothing holds this any more."""
        self._held.pop(scope, None)

    def on(self, workload: Workload, now: float) -> str:
        """Why this workload is held (reason, whose, until when), or an empty string."""
        for scope, hold in self._held.values():
            if scope.covers(workload) and hold.in_force(now):
                return hold.text
        return ""

    def listed(self, now: float) -> tuple[Hold, ...]:
        """Those in force, by scope."""
        return tuple(hold for _, (_, hold) in sorted(self._held.items()) if hold.in_force(now))
