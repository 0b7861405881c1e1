"""The breaker: how many releases were rolled back lately, in the cluster and in each namespace."""

from __future__ import annotations

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


def spent(past: Iterable[PastRollback], limit: Limit, now: float, besides: str = "") -> int:
    """Releases rolled back within the limit's window, each counted once; attempts at `besides` are left out."""
    recent = (each for each in past if now - each.at < limit.window and not (besides and each.release == besides))
    return len({each.release or each.at for each in recent})


def is_open(past: Iterable[PastRollback], limit: Limit, now: float) -> bool:
    """Whether no further release may be rolled back."""
    return spent(past, limit, now) >= limit.max


def open_namespaces(past: Iterable[PastRollback], limit: Limit, now: float) -> frozenset[str]:
    """Namespaces in which no further release may be rolled back."""
    by_namespace: dict[str, list[PastRollback]] = {}
    for each in past:
        by_namespace.setdefault(each.namespace, []).append(each)
    return frozenset(name for name, found in by_namespace.items() if is_open(found, limit, now))
