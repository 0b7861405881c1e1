"""Runs: what was seen since a lane's bound began to be exceeded, and what that tells of the fault's beginning."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass, replace

from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import CounterEvidence, LaneEvidence, PodTally, Run, Tally, Window
from watcher.core.judging.lanes import Plan, plans
from watcher.core.judging.parameters import DISPERSION_WINDOWS, PODS
from watcher.core.model import Block, PodCount
from watcher.core.policy import CounterCheck
from watcher.core.words import Lane

HIDDEN = 120.0
"""Seconds after the new version began to serve within which a fault that is seen may have been there from the start:
young pods are not heard."""

UNSEEN = 5.0
"""Bad requests to be expected of a fault, without seeing one, before it is believed not to have been there yet."""

FEWER = 2.0
"""Standard deviations by which a run may have more bad requests than its fault brings: a lucky few prove it soonest."""

MOST_UNSEEN = 600.0
"""Seconds that a fault may have been there unseen, at the most."""

MOSTLY = 2 / 3
"""Share of a run's bad requests that tells that the fault began with the run of a stricter lane."""

SHOWN = 5.0
"""Bad requests that the old version must have had, if it were as bad as the new one, to be compared with."""

BESIDE = 60.0
"""Seconds since the old version last served for which what hits both would still have shown on it."""

CALM = 5.0
"""Bad requests that the bound allows in the requests after which, without exceeding it, a run is over."""


@dataclass(frozen=True, slots=True)
class Sides:
    """One block: requests on the new version, on its pods past warm-up, and on the old versions."""

    new: Tally
    warm: Tally
    old: Tally
    new_pods: list[PodCount]
    warm_pods: list[PodCount]


def go_on(
    check: CounterCheck, plan: Plan, lane: LaneEvidence, block: Block, sides: Sides, window: Window, usual: Windows
) -> LaneEvidence:
    """Go on with the lane's run, begin one, or end it."""
    new, pods = (sides.new, sides.new_pods) if plan.hears_young_pods else (sides.warm, sides.warm_pods)
    if new.total <= 0:
        return lane
    limit = plan.bound
    if plan.lane is Lane.NEW_VS_OLD:
        limit = max(limit, (check.increase or 1.0) * window.old.share)
    run = lane.run or Run(block.start, block.end, limit, 0.0, Tally(), Tally(), (), _traffic(window, usual))
    excess = run.excess + new.bad - limit * new.total
    over = new.share > limit
    calm = 0.0 if over else run.calm + new.total
    long_calm = calm * limit >= CALM and block.end - run.until >= window.length
    if excess <= 0 or long_calm:
        return lane if lane.run is None else replace(lane, run=None)
    return replace(
        lane,
        run=Run(
            since=run.since,
            until=block.end if over else run.until,
            limit=limit,
            excess=excess,
            new=run.new.plus(new),
            old=run.old.plus(sides.old),
            pods=_with_pods(run.pods, pods),
            traffic=run.traffic,
            calm=calm,
            old_at=block.end if sides.old.total > 0 else run.old_at,
        ),
    )


def _traffic(window: Window, usual: Windows) -> float:
    """Requests in the window before, as a multiple of what was usual."""
    known = usual.total > 0 and usual.count >= DISPERSION_WINDOWS / 2
    return sum(window.before) * usual.count / usual.total if known else 0.0


def _with_pods(tallies: tuple[PodTally, ...], pods: list[PodCount]) -> tuple[PodTally, ...]:
    found = {each.pod: (each.total, each.bad) for each in tallies}
    for pod in pods:
        name = pod.pod
        if name not in found and len(found) >= PODS:
            name = f"#{zlib.crc32(name.encode()) % PODS}"
        total, bad = found.get(name, (0.0, 0.0))
        found[name] = (total + pod.total, bad + pod.bad)
    return tuple(PodTally(name, *found[name]) for name in sorted(found))


def compared(check: CounterCheck, evidence: CounterEvidence, run: Run) -> bool:
    """Whether the old version served well beside the new one, for a scrape at least, to the end of the run.

    Samples of a scrape in which the one took over from the other do not tell what came first, that or the fault.
    """
    together = run.old_at - run.since >= evidence.window.length / 2
    beside = together and run.old.total * run.new.share >= SHOWN and run.until - run.old_at < BESIDE
    return beside and run.old.share <= limit_of_health(check, evidence, run)


def onset(evidence: CounterEvidence, run: Run) -> tuple[float, float, float]:
    """When the fault began, Unix seconds: at the earliest, by what was seen, and at the latest.

    Where little is served it may have been there unseen, and what is seen first may have been chance: the run of a
    stricter lane that has most of the bad requests tells better.
    """
    stricter = [lane.run for lane in evidence.lanes if lane.run is not None and lane.run.limit > run.limit]
    since = max((each.since for each in stricter if each.new.bad >= MOSTLY * run.new.bad), default=None)
    surely = max(run.new.bad - FEWER * math.sqrt(run.new.bad), 1.0)
    apart = (run.until - run.since) / surely
    unseen = min(UNSEEN * apart, MOST_UNSEEN)
    serving = evidence.served_at
    from_start = 0 <= run.since - serving <= HIDDEN + unseen
    share = surely / run.new.total
    if from_start and any(lane.run == run and _may_have(share, lane.old) for lane in evidence.lanes):
        unseen = MOST_UNSEEN  # the old version may have suffered it before
    earliest = (serving if from_start else run.since) - unseen
    return (earliest, run.since, run.until) if since is None else (earliest, since, since + apart)


def _may_have(share: float, seen: Tally) -> bool:
    """Whether bad requests may be as frequent as this, as few as have been seen."""
    return seen.bad > 0 and share * seen.total <= seen.bad + FEWER * math.sqrt(seen.bad)


def limit_of_health(check: CounterCheck, evidence: CounterEvidence, run: Run) -> float:
    """The share within which the service counts as recovered: a severe lane's own bound would be too lax."""
    usual = [plan.bound for plan in plans(check, evidence.usual) if plan.lane in (Lane.NEW_VS_MAX, Lane.NEW_VS_BEFORE)]
    return min(usual, default=run.limit)
