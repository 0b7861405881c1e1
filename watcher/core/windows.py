"""Windows: requests within one depend on each other.  What those that are over have shown of the old version."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from watcher.core import lanes
from watcher.core.lanes import plans
from watcher.core.model import Block
from watcher.core.parameters import DOUBT, MIN_BAD_TO_PROPOSE, SEVERE, WINDOW
from watcher.core.policy import CounterCheck
from watcher.core.state import CounterEvidence, LaneEvidence, Release, Tally, Window
from watcher.core.words import Lane

EPISODE = 120.0
"""Seconds between two times that a bound was exceeded before the release, at the least."""

SURELY = 3.0
"""Standard deviations by which the old version must exceed a bound over several windows."""


def in_window(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    """Close the window before when the block begins a new one, or is the first without the old version."""
    length = max(WINDOW, 2 * (block.interval or block.length))
    index, past = math.floor(block.start / length), evidence.window
    under_watch = block.start >= release.began
    alone = past.old.total > 0 and not past.earlier and not lanes.served_lately(past, block)
    if index == past.index and not alone and past.earlier != under_watch:
        return evidence
    before, found = evidence.before, evidence.lanes
    if (past.index + 1) * length <= release.began:  # what the old pods of a rollout suffer is no measure
        before = before.plus(past.old.total, past.old.bad)
        found = tuple(_episode(check, each, past, block.start) for each in found)
    if not past.earlier and past.old.bad >= MIN_BAD_TO_PROPOSE:
        found = tuple(_old_was_bad(check, evidence, past, block.start))
    window = Window(index, length, earlier=not under_watch, old_at=past.old_at)
    if index <= past.index + 1:
        window = replace(window, before=(past.new.total, past.old.total), pods=past.pods_now)
    found = tuple(replace(each, ratio=()) if each.ratio else each for each in found)
    return replace(evidence, before=before, window=window, lanes=found)


def _old_was_bad(check: CounterCheck, evidence: CounterEvidence, past: Window, ended: float) -> Iterator[LaneEvidence]:
    """Note in which lanes the old version, while it still serves, exceeds the bound too."""
    bounds = {plan.lane: plan.bound for plan in plans(check, evidence.usual)}
    for lane in evidence.lanes:
        bad = lane.lane in bounds and clearly_exceeds(past.old, bounds[lane.lane])
        yield replace(lane, old_bad_at=ended) if bad else lane


def _episode(check: CounterCheck, lane: LaneEvidence, past: Window, ended: float) -> LaneEvidence:
    """Note that the lane's own bound was exceeded before the release."""
    bound = SEVERE.get(lane.lane, check.max if lane.lane is Lane.NEW_VS_MAX else None)
    if bound is None or past.old.bad < MIN_BAD_TO_PROPOSE or not clearly_exceeds(past.old, bound):
        return lane
    again = ended - lane.episode_ended > EPISODE
    return replace(lane, episodes=lane.episodes + again, episode_ended=ended)


def old_beside(check: CounterCheck, evidence: CounterEvidence, old: Tally, end: float) -> CounterEvidence:
    """Note in which lanes the old version exceeds the bound, be it over several windows of little traffic."""
    if old.total <= 0:
        return evidence
    bounds = {plan.lane: plan.bound for plan in plans(check, evidence.usual)}
    found = []
    for lane in evidence.lanes:
        bound = bounds.get(lane.lane, 1.0)
        seen = lane.old.plus(old)
        allowed = bound * seen.total
        seen = seen if seen.bad > allowed else Tally()
        bad = seen.bad >= MIN_BAD_TO_PROPOSE and seen.bad - allowed >= SURELY * math.sqrt(allowed)
        found.append(replace(lane, old=seen, old_bad_at=end if bad else lane.old_bad_at) if seen != lane.old else lane)
    return replace(evidence, lanes=tuple(found))


def clearly_exceeds(tally: Tally, bound: float) -> bool:
    """Whether surely more than chance."""
    allowed = bound * tally.total
    return tally.bad - allowed >= DOUBT * math.sqrt(allowed)
