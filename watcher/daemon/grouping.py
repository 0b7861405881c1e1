"""Which watches are read together: those that want about the same time, in pieces that fit into a request."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from watcher.core.policy import By, Identify
from watcher.daemon.folds import Folds

LIVE = 120.0
"""Seconds behind now up to which watches are read together."""

CHUNK = 600.0
"""Seconds that one reading of the past covers at the most; the last one before now, twice that."""

SELECTOR_BYTES = 30_000
"""Names of pods in one selector, in bytes, at the most."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Watches of which the samples in (start, end] are read by the same queries."""

    start: float
    end: float
    folds: tuple[Folds, ...]


def pieces(wants: Iterable[tuple[Folds, float]], at: float, limit: int = SELECTOR_BYTES) -> list[Piece]:
    """Group watches by the time from which on they want samples; what lies far back is read in chunks."""
    groups: dict[float, list[tuple[Folds, float]]] = {}
    for folds, start in wants:
        groups.setdefault(_age(start, at), []).append((folds, start))
    found: list[Piece] = []
    for _, members in sorted(groups.items()):
        start = min(each for _, each in members)
        end = (math.floor(start / CHUNK) + 1) * CHUNK
        if end >= at - CHUNK:
            end = at
        found += [Piece(start, end, part) for part in _split([folds for folds, _ in members], start, limit)]
    return found


def _age(start: float, at: float) -> float:
    """Watches of equal age are read together: live, recent, or in the same chunk of the past."""
    behind = at - start
    if behind <= LIVE:
        return LIVE
    return CHUNK if behind <= CHUNK else at - math.floor(start / CHUNK) * CHUNK


def _split(folds: Sequence[Folds], start: float, limit: int) -> list[tuple[Folds, ...]]:
    """All pods of a watch stay together."""
    parts: list[list[Folds]] = [[]]
    size = 0
    for each in folds:
        own = sum(len(name) + 1 for name in each.subjects(Identify(By.POD), start))
        if parts[-1] and size + own > limit:
            parts.append([])
            size = 0
        parts[-1].append(each)
        size += own
    return [tuple(part) for part in parts if part]
