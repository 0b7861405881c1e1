"""What every stand-in for a provider keeps, whatever shape it answers in: one flag in one environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

Json = Any
TOKEN = "flag-token-of-a-test"
SECRET = "a-secret-of-a-webhook-in-a-test"
KEY, ENVIRONMENT, PROJECT = "new-cart", "production", "shop"
BEGAN = 1_790_000_000.0


@dataclass(frozen=True)
class Asked:
    """A request, as far as a stand-in looks at it; `path` is below the address, `body` read from JSON."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]
    content: bytes = b""


@dataclass(frozen=True)
class Answered:
    status: int
    body: Json = None


class StandIn(Protocol):
    def answer(self, asked: Asked) -> Answered: ...


@dataclass
class Kept:
    """`in_between` is done once, right before a write is looked at.  While it is `silent`, writes are done and not
    answered.  `locked`: changes need an approval there."""

    on: bool = True
    version: int = 7
    changed: float = BEGAN
    archived: bool = False
    locked: bool = False
    silent: bool = False
    token: str = TOKEN
    in_between: Callable[[], object] | None = None
    writes: list[bool] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)

    def set(self, on: bool) -> None:
        """Somebody switches it."""
        self.on, self.version, self.changed = on, self.version + 1, self.changed + 60.0

    def touch(self) -> None:
        """Somebody changes something else of it, and it stays as it is."""
        self.set(self.on)

    def write(self, on: bool, reason: str = "") -> None:
        self.writes.append(on)
        self.reasons.append(reason)
        if on is not self.on:
            self.set(on)

    def interfere(self) -> None:
        if self.in_between is not None:
            meanwhile, self.in_between = self.in_between, None
            meanwhile()

    @property
    def time(self) -> str:
        return datetime.fromtimestamp(self.changed, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
