"""What is known of one pod over time, from whichever source, and how several sources are joined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

SAME = 2.0
"""Seconds within which two sources mean the same restart: the API server tells whole seconds."""


@dataclass(frozen=True, slots=True)
class Restart:
    """A container ended at `at`, or waits since then, and runs again at `back`; Unix seconds."""

    at: float
    reason: str
    back: float | None = None


@dataclass(frozen=True, slots=True)
class PodFacts:
    """One pod.  Times are Unix seconds.

    `ready` holds stretches (from, until); `until` is infinite while it lasts, and a stretch whose beginning nobody
    knows begins at minus infinity.
    """

    name: str
    revision: str
    created: float
    node: str = ""
    ready: tuple[tuple[float, float], ...] = ()
    terminating: float | None = None
    deleted: float | None = None
    restarts: tuple[Restart, ...] = ()

    def begun(self, first: float | None) -> PodFacts:
        """With the beginning of its first stretch: `first`, when it was seen to serve first.  None: not known."""
        known = [each for each in self.ready if each[0] > -math.inf]
        lost = [until for begin, until in self.ready if begin == -math.inf]
        if lost and first is not None and self.created <= first < lost[0]:
            known.insert(0, (first, lost[0]))
        return replace(self, ready=tuple(known))

    def until(self, end: float) -> PodFacts:
        """Without what happened after `end`, and with all times in their order."""
        created = self.created
        gone = _within(self.terminating, created, end)
        return replace(
            self,
            ready=tuple(_in_order(self.ready, created, end)),
            terminating=gone,
            deleted=_within(self.deleted, created if gone is None else gone, end),
            restarts=tuple(_restarts(self.restarts, created, end)),
        )


def _within(at: float | None, earliest: float, end: float) -> float | None:
    return None if at is None or at > end else max(at, earliest)


def _in_order(stretches: Iterable[tuple[float, float]], created: float, end: float) -> Iterator[tuple[float, float]]:
    before = created
    for since, until in sorted(stretches):
        begin = max(since, before)
        if begin <= end and begin < until:
            yield begin, until if until <= end else math.inf
            before = until


def _restarts(restarts: Iterable[Restart], created: float, end: float) -> Iterator[Restart]:
    for each in sorted(restarts, key=lambda restart: restart.at):
        if each.at <= end:
            at = max(each.at, created)
            yield Restart(at, each.reason, None if each.back is None or each.back > end else max(each.back, at))


def joined(now: PodFacts, told: PodFacts) -> PodFacts:
    """What the API server says of a pod `now`, with what was `told` of it by one who followed it."""
    sure = [each for each in now.ready if each[0] > -math.inf]
    lost = [until for begin, until in now.ready if begin == -math.inf]
    limit = min([*(begin for begin, _ in sure), *lost], default=math.inf)
    stretches = [(begin, min(until, limit)) for begin, until in told.ready if begin < limit]
    ours = sure if stretches else list(now.ready)
    known = [each.back if each.back is not None else each.at for each in now.restarts]
    more = [each for each in told.restarts if all(abs((each.back or each.at) - at) > SAME for at in known)]
    return replace(now, ready=tuple(sorted([*stretches, *ours])), restarts=(*more, *now.restarts))
