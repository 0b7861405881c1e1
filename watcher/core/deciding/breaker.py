"""The breaker: how many releases were rolled back lately, in the cluster and in each namespace."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from watcher.core.model import PastRollback
from watcher.core.policy import Limit


@dataclass(frozen=True, slots=True)
class Closing:
    """A person's word that the breaker is to count anew from `at` (Unix seconds), and who said so and why.

    `scope` is `all` for the one of the cluster, `namespace/NAME` for that of a namespace.
    """

    scope: str
    at: float
    author: str
    reason: str


CLUSTER = "all"
"""The scope of the breaker of the cluster."""

Closed = tuple[tuple[str, float], ...]
"""Scopes of breakers with when they were closed, Unix seconds."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """One breaker as it stands: `count` of the `limit` are used up; `closes` is when it does so
    by itself, None: it is not open.  `closed` is how it was closed by hand within its window, if so."""

    scope: str
    limit: Limit
    count: int
    closes: float | None = None
    closed: Closing | None = None

    @property
    def open(self) -> bool:
        """Whether no further release may be rolled back."""
        return self.count >= self.limit.max


def of_namespace(namespace: str) -> str:
    """The scope of the breaker of a namespace."""
    return f"namespace/{namespace}"


def counted(past: Iterable[PastRollback], scope: str, closed: Closed) -> tuple[PastRollback, ...]:
    """The rollbacks of a breaker's scope since it was closed by hand last."""
    last = max((at for name, at in closed if name == scope), default=-math.inf)
    return tuple(each for each in past if each.at >= last and scope in (CLUSTER, of_namespace(each.namespace)))


def spent(past: Iterable[PastRollback], limit: Limit, now: float, besides: str = "") -> int:
    """Releases rolled back within the limit's window, each counted once; attempts at `besides` are left out."""
    recent = (each for each in past if now - each.at < limit.window and not (besides and each.release == besides))
    return len({each.release or each.at for each in recent})


def is_open(past: Iterable[PastRollback], scope: str, closed: Closed, limit: Limit, now: float) -> bool:
    """Whether the breaker of this scope lets no further release be rolled back."""
    return spent(counted(past, scope, closed), limit, now) >= limit.max


def closes_at(past: Iterable[PastRollback], limit: Limit, now: float) -> float | None:
    """When it closes by itself, Unix seconds; None where it is not open."""
    newest: dict[str | float, float] = {}
    for each in sorted(past, key=lambda each: each.at):
        if now - each.at < limit.window:
            newest[each.release or each.at] = each.at
    ends = sorted(newest.values())
    return ends[len(ends) - limit.max] + limit.window if len(ends) >= limit.max else None


def breakers(
    past: Iterable[PastRollback], limits: tuple[Limit, Limit], closings: Iterable[Closing], now: float
) -> tuple[Breaker, ...]:
    """The breaker of the cluster, and those of namespaces that count something or were closed by hand lately.

    `limits` are that of the one, and of each of the others.
    """
    past, closings = tuple(past), tuple(closings)
    closed = tuple((each.scope, each.at) for each in closings)
    scopes = [CLUSTER, *sorted({of_namespace(each.namespace) for each in past})]
    found = []
    for scope in scopes:
        limit, own = limits[scope != CLUSTER], counted(past, scope, closed)
        last = max((each for each in closings if each.scope == scope), key=lambda each: each.at, default=None)
        recent = last if last is not None and now - last.at < limit.window else None
        found.append(Breaker(scope, limit, spent(own, limit, now), closes_at(own, limit, now), recent))
    return tuple(each for each in found if each.scope == CLUSTER or each.count or each.closed is not None)
