"""Windows: requests within one depend on each other.  What those that are over have shown of the old version."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

from watcher.core.judging import favour, lanes
from watcher.core.judging.evidence import CounterEvidence, LaneEvidence, Tally, Window
from watcher.core.judging.lanes import plans
from watcher.core.judging.parameters import BRIEF_WINDOW, DOUBT, MIN_BAD_TO_PROPOSE, SEVERE, WINDOW
from watcher.core.model import Block
from watcher.core.policy import CounterCheck
from watcher.core.state import Release
from watcher.core.words import Lane

BY_CHANCE = 0.02
"""Probability with which so many bad requests may be chance."""

EPISODE = 120.0
"""Seconds between two times that a bound was exceeded before the release, at the least."""

SURELY = 3.0
"""Standard deviations by which the old version must exceed a bound over several windows."""


def in_window(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    """Close the windows before when the block begins new ones, or is the first without the old version."""
    interval = block.interval or block.length
    evidence = _in_brief_window(evidence, block, max(BRIEF_WINDOW, interval), release)
    past, length = evidence.window, max(WINDOW, 2 * interval)
    if not _over(past, block, length, release):
        return evidence
    if not past.earlier:
        evidence = replace(evidence, favour=favour.fold(check, evidence))
    index, before, found = math.floor(block.start / length), evidence.before, evidence.lanes
    if (past.index + 1) * length <= release.began:  # what the old pods of a rollout suffer is no measure
        before = before.plus(past.old.total, past.old.bad)
        found = tuple(_episode(check, each, past, block.start) for each in found)
    if not past.earlier and past.old.bad >= MIN_BAD_TO_PROPOSE:
        found = tuple(_old_was_bad(check, evidence, past, block.start))
    window = Window(index, length, earlier=block.start < release.began, old_at=past.old_at)
    if index <= past.index + 1:
        window = replace(window, before=(past.new.total, past.old.total), pods=past.pods_now)
    return replace(evidence, before=before, window=window, lanes=_afresh(found, severe=False))


def _in_brief_window(evidence: CounterEvidence, block: Block, length: float, release: Release) -> CounterEvidence:
    past = evidence.brief
    if not _over(past, block, length, release):
        return evidence
    window = Window(math.floor(block.start / length), length, earlier=block.start < release.began, old_at=past.old_at)
    return replace(evidence, brief=window, lanes=_afresh(evidence.lanes, severe=True))


def _over(window: Window, block: Block, length: float, release: Release) -> bool:
    """Whether a window does not go on with this block."""
    alone = window.old.total > 0 and not window.earlier and not lanes.served_lately(window, block)
    return math.floor(block.start / length) != window.index or alone or window.earlier != (block.start < release.began)


def _afresh(found: tuple[LaneEvidence, ...], *, severe: bool) -> tuple[LaneEvidence, ...]:
    """The lanes of a window that is over, for the next one."""
    over = (each.ratio and (each.lane in SEVERE) == severe for each in found)
    return tuple(
        replace(each, ratio=(), credited=()) if is_over else each for each, is_over in zip(found, over, strict=True)
    )


def _old_was_bad(check: CounterCheck, evidence: CounterEvidence, past: Window, ended: float) -> Iterator[LaneEvidence]:
    """Note in which lanes the old version, while it still serves, exceeds the bound too."""
    bounds = {plan.lane: plan.bound for plan in plans(check, evidence.usual)}
    for lane in evidence.lanes:
        bad = lane.lane in bounds and unlikely(past.old.bad, bounds[lane.lane] * past.old.total)
        yield replace(lane, old_bad_at=ended) if bad else lane


def _episode(check: CounterCheck, lane: LaneEvidence, past: Window, ended: float) -> LaneEvidence:
    """Note that the lane's own bound was exceeded before the release."""
    bound = SEVERE.get(lane.lane, check.max if lane.lane is Lane.NEW_VS_MAX else None)
    if bound is None or past.old.bad < MIN_BAD_TO_PROPOSE or not unlikely(past.old.bad, bound * past.old.total):
        return lane
    again = ended - lane.episode_ended > EPISODE
    return replace(lane, episodes=lane.episodes + again, episode_ended=ended, episode=lane.episode.plus(past.old))


def old_beside(check: CounterCheck, evidence: CounterEvidence, old: Tally, end: float) -> CounterEvidence:
    """Note in which lanes the old version exceeds the bound, be it over several windows of little traffic."""
    if old.total <= 0 or (old.bad <= 0 and not any(each.old.total for each in evidence.lanes)):
        return evidence
    bounds = {plan.lane: plan.bound for plan in plans(check, evidence.usual)}
    found = []
    for lane in evidence.lanes:
        bound = bounds.get(lane.lane, 1.0)
        seen = lane.old.plus(old)
        allowed = bound * seen.total
        seen = seen if seen.bad > allowed else Tally()
        surely = seen.bad - allowed >= SURELY * math.sqrt(allowed) and unlikely(seen.bad, allowed)
        bad = seen.bad >= MIN_BAD_TO_PROPOSE and surely
        found.append(replace(lane, old=seen, old_bad_at=end if bad else lane.old_bad_at) if seen != lane.old else lane)
    return replace(evidence, lanes=tuple(found))


def unlikely(bad: float, allowed: float) -> bool:
    """Whether so many are rarely seen where so many are to be expected (Chernoff's bound for Poisson counts)."""
    return bad > allowed and bad * math.log(bad / allowed) - (bad - allowed) >= -math.log(BY_CHANCE)


def clearly_exceeds(tally: Tally, bound: float) -> bool:
    """Whether surely more than chance."""
    allowed = bound * tally.total
    return tally.bad - allowed >= DOUBT * math.sqrt(allowed)
