"""Lanes: running tests of one check, each an e-process.

Evidence is a factor whose expectation is at most 1 for as long as the lane's bound holds, whenever one looks (Ville's
inequality).  It is a mixture over alternatives and over the windows in which a fault may have begun; no short burst may
convince, whatever its size: what a lane gains in a time is limited.  Lowering such evidence keeps it valid.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from watcher.core.judging.dispersion import Windows
from watcher.core.judging.evidence import LaneEvidence, Window
from watcher.core.judging.likelihood import against_bound, against_other, strength
from watcher.core.judging.parameters import (
    COLD_START,
    FIRST_START,
    LATER_STARTS,
    MOST,
    ODDS,
    SEVERE,
    SPLIT_CORRELATION,
    SUSTAINED,
    TAIL,
    WEIGHTS,
)
from watcher.core.model import Block
from watcher.core.policy import CounterCheck
from watcher.core.words import Lane

NO_BOUND = 0.95
"""Bounds from here on are none: nothing could exceed them."""


class Plan(NamedTuple):
    """How one lane of a check is tested.

    `bound`: share in (0, 1).  `weight`: its part of the check's budget.  `strength`: of the shares' distribution.
    """

    lane: Lane
    bound: float
    weight: float
    strength: float

    @property
    def hears_young_pods(self) -> bool:
        """Whether no cold start could exceed the bound."""
        return self.bound >= COLD_START


@lru_cache(maxsize=4096)
def plans(check: CounterCheck, usual: Windows) -> tuple[Plan, ...]:
    """The lanes that this check has after what was usual, the most telling first.  Equal bounds are tested once."""
    bounds: dict[Lane, float] = {}
    for lane in WEIGHTS:
        bound = _bound(check, lane, usual)
        if bound is not None and bound < NO_BOUND and not (lane in SEVERE and bound in bounds.values()):
            bounds[lane] = bound
    whole = sum(WEIGHTS[lane] for lane in bounds)
    return tuple(
        Plan(lane, bound, WEIGHTS[lane] / whole, strength(usual.correlation(bound))) for lane, bound in bounds.items()
    )


def _bound(check: CounterCheck, lane: Lane, usual: Windows) -> float | None:
    """The share that must be exceeded; None where the lane says nothing.

    A bound that was exceeded before the release cannot be blamed on it.
    """
    if lane is Lane.NEW_VS_OLD:
        return None if check.increase is None else max(check.floor, _LEAST)
    if lane is Lane.NEW_VS_MAX:
        return None if check.max is None or usual.sure > check.max else max(check.max, _LEAST)
    if lane is Lane.NEW_VS_BEFORE:
        blind = check.increase is None or usual.total <= 0
        return None if blind else max(check.floor, (check.increase or 1.0) * usual.highest, _LEAST)
    return max(SEVERE[lane], check.max or 0.0, (check.increase or 1.0) * usual.sure)


_LEAST = 1e-6  # a bound of 0: one bad request in a million is none


def sustained(bound: float, interval: float) -> float:
    """Seconds that a fault must last before a lane of this bound can be sure of it."""
    return next(max(seconds, scrapes * interval) for least, seconds, scrapes in SUSTAINED if bound >= least)


def start_weight(windows: int) -> float:
    """Weight of a fault that begins with the window of this number, from 0 on; all of them sum up to 1."""
    later = 1 - FIRST_START
    if windows == 0:
        return FIRST_START
    if windows <= LATER_STARTS:
        return later * (1 - TAIL) / LATER_STARTS
    place = windows - LATER_STARTS
    return later * TAIL * LATER_STARTS / ((place + LATER_STARTS - 1) * (place + LATER_STARTS))


def _unspent(windows: int) -> float:
    """Weight of all starts that are still to come after this many windows."""
    if windows == 0:
        return 1.0
    later = 1 - FIRST_START
    if windows <= LATER_STARTS + 1:
        return later * (TAIL + (1 - TAIL) * (1 - (windows - 1) / LATER_STARTS))
    return later * TAIL * LATER_STARTS / (windows - 1)


def worth(lane: LaneEvidence) -> float:
    """The lane's evidence so far: 1 at the start."""
    return math.fsum(lane.worth) / len(ODDS) + _unspent(lane.windows)


def gain_per_second(plan: Plan, budget: float, interval: float) -> float:
    """Natural logarithms that the lane may gain in a second.

    `budget`: probability of a false breach that this check may cause.  Sized so that a fault of any strength which
    begins late in the watch proves itself within `sustained`, and one at the start sooner.
    """
    needed = math.log(2) - math.log(budget * plan.weight * start_weight(1))
    return needed / sustained(plan.bound, interval)


def fold(plan: Plan, lane: LaneEvidence, block: Block, window: Window, psi: float, budget: float) -> LaneEvidence:
    """Take in the window so far; `psi`: by how much the new version's odds may exceed those of the old one.

    Of what the ratio gains only so much is credited as the allowance gives; where it falls, what was credited stays as
    long as it is not more than the ratio.  So the evidence is never more than the uncapped one: that makes it valid.
    """
    ratio = _ratio(plan, window, block, psi)
    if ratio is None:
        return lane
    windows, values = lane.windows, lane.worth or (0.0,) * len(ODDS)
    if not lane.ratio:  # the first of this window
        spent = start_weight(windows)
        windows, values = windows + 1, tuple([each + spent for each in values])
    most = max(block.interval, block.length)  # seconds: each pod has a sample in them
    rate = gain_per_second(plan, budget, most)
    allowance = min(lane.allowance + rate * (block.end - lane.folded_at), rate * most)
    before, had = lane.ratio or (0.0,) * len(ODDS), lane.credited or (0.0,) * len(ODDS)
    credited = tuple(
        [
            min(new, credit + max(0.0, min(new - old, allowance)))
            for new, old, credit in zip(ratio, before, had, strict=True)
        ]
    )
    gains = [new - old for new, old in zip(credited, had, strict=True)]
    values = tuple([min(value * math.exp(gain), MOST) for value, gain in zip(values, gains, strict=True)])
    return LaneEvidence(
        lane=lane.lane,
        windows=windows,
        worth=values,
        ratio=ratio,
        credited=credited,
        allowance=allowance - max(0.0, *gains),
        folded_at=block.end,
        run=lane.run,
        episodes=lane.episodes,
        episode_ended=lane.episode_ended,
        episode=lane.episode,
        old_bad_at=lane.old_bad_at,
        old=lane.old,
    )


_SPLIT_STRENGTH = strength(SPLIT_CORRELATION)


def served_lately(window: Window, block: Block) -> bool:
    """Whether a sample of the old version may still come that tells of the time of this block."""
    return block.start - window.old_at < max(block.interval, block.length)


def _ratio(plan: Plan, window: Window, block: Block, psi: float) -> tuple[float, ...] | None:
    """Log-likelihood ratios of the window so far; None where it tells nothing yet.

    Where the old version serves too, the new one must be worse than it besides: what hits both is nobody's fault here.
    The smaller of two such ratios is valid whichever of both bounds holds.
    """
    new, old = window.new if plan.hears_young_pods else window.warm, window.old
    if new.total <= 0:
        return None
    compared = old.total > 0
    if not compared and (plan.lane is Lane.NEW_VS_OLD or served_lately(window, block)):
        return None
    alone = against_bound(new.bad, new.total, plan.bound, plan.strength)
    if not compared:
        return alone
    share = psi * new.total / (psi * new.total + old.total)
    beside = against_other(new.bad, old.bad, share, _SPLIT_STRENGTH)
    return tuple([min(one, other) for one, other in zip(alone, beside, strict=True)])
