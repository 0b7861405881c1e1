"""A feature flag, simulated: what its provider says of it, and when a change is felt by the service."""

from __future__ import annotations

from dataclasses import dataclass, field

from watcher.core.flags import Flag, FlagSight

FLAG = Flag("openfeature", "shop.cart", "prod")


@dataclass
class Switch:
    """On until somebody turns it off.  `covers` has the share of requests that fail without it, by template."""

    on: bool = True
    number: int = 1  # of its version
    changed: float | None = None
    felt_after: float = 10.0
    propagates: float = 30.0
    problem: str = ""
    unseen: bool = False  # nobody has looked yet
    stuck: bool = False  # a change is answered, and lost
    covers: dict[str, float] = field(default_factory=dict)

    @property
    def version(self) -> str:
        return str(self.number)

    def turn(self, now: float, *, on: bool) -> None:
        """Somebody turns it on or off."""
        if not self.stuck:
            self.on, self.number, self.changed = on, self.number + 1, now

    def felt(self, at: float) -> bool:
        """Whether the service does without it at that time."""
        return not self.on and (self.changed is None or at >= self.changed + self.felt_after)

    def sight(self, now: float) -> FlagSight | None:
        """How it is seen."""
        if self.unseen or not (self.covers or self.problem):
            return None
        known = None if self.problem else self.on
        state = "" if known is None else f"state: {'ENABLED' if self.on else 'DISABLED'}"
        return FlagSight(FLAG, now, known, state, self.version, self.changed, self.propagates, self.problem)
