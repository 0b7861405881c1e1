"""Whether many services began to suffer at the same time: then none of their releases is to blame by itself."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence

from watcher.core.model import Fleet

STEP = 60.0
"""Seconds between two points of a service's series; each point counts the requests since the one before."""

LOOK_BACK = 1800.0
"""Seconds of the past that are looked at."""

RECENT = 600.0
"""Seconds before now in which onsets may belong to a breach of now; older ones tell what is usual."""

TOGETHER = 120.0
"""Seconds within which faults that begin look as if they had a cause in common."""

FEW = 3
"""Other services that may suffer at the same time by chance."""

FOLLOW = 60.0
"""Seconds after a fault was first seen in which more services may follow those that suffer already."""

_CALM = 3  # points within the bound before an onset
_BAD = 3.0  # bad requests in a point at least

Point = tuple[float, float, float]
"""Unix seconds, requests, bad requests."""


def seen(services: Mapping[str, Sequence[Point]], bound: float, at: float) -> Fleet:
    """What the series of all other services tell.  `bound`: share in [0, 1]; points are in the order of time."""
    onsets = {name: list(_onsets(points, bound)) for name, points in services.items()}
    recent = sorted(max(each) for each in onsets.values() if each and max(each) > at - RECENT)
    earlier = sorted(time for each in onsets.values() for time in each if time <= at - RECENT)
    return Fleet(at, len(services), tuple(recent), _most_together(earlier))


def _onsets(points: Iterable[Point], bound: float) -> Iterable[float]:
    """When a service began to exceed the bound after it had kept to it for some points."""
    calm = 0
    for at, total, bad in points:
        over = bad >= _BAD and bad > bound * total
        if over and calm >= _CALM:
            yield at - STEP / 2
        calm = 0 if over else calm + 1


def _most_together(times: Sequence[float]) -> int:
    """Most onsets within `TOGETHER` seconds."""
    return max((bisect.bisect_right(times, time + TOGETHER) - place for place, time in enumerate(times)), default=0)


def together(fleet: Fleet, begin: float, end: float) -> int:
    """Most other services in which it began at one time, somewhere about `begin` to `end` (Unix seconds)."""
    return _most_together([onset for onset in fleet.onsets if begin - TOGETHER <= onset <= end + TOGETHER])


def by_chance(fleet: Fleet) -> int:
    """Most other services that may suffer at the same time without a common cause."""
    return max(FEW, fleet.usual)


def tells_nothing(fleet: Fleet | None, since: float, settles: float, begin: float, end: float) -> str:
    """Why this look does not tell whether a fault is one that many services share, or nothing: it does.

    `since`: when the fault was first seen (Unix seconds).  `settles`: seconds after which others would have shown it.
    """
    if fleet is None:
        return "nobody looked yet"
    if fleet.problem:
        return fleet.problem
    if fleet.at < since + settles:
        return "others would not have shown it when they were looked at"
    others = together(fleet, begin, end)
    if 0 < others <= by_chance(fleet) and fleet.at < since + FOLLOW:
        return f"{others} began at that time, and more may follow"
    return ""
