"""Evidence for a release: whether it is surely better than its bounds, so that its watch may end early.

The same as in the lanes, the other way round: a factor whose expectation is at most 1 for as long as the share of bad
requests is not below the bound.  There is no mixture over beginnings: a release must have been good from the start.
"""

from __future__ import annotations

import math

from watcher.core.judging.evidence import CounterEvidence
from watcher.core.judging.lanes import plans
from watcher.core.judging.likelihood import for_bound
from watcher.core.judging.parameters import BETTER, WRONG_PASS
from watcher.core.policy import CounterCheck
from watcher.core.words import Lane

SOONEST = 0.25
"""Share of the bake time that a watch lasts at the least."""

_BOUNDS = (Lane.NEW_VS_MAX, Lane.NEW_VS_BEFORE)


def fold(check: CounterCheck, evidence: CounterEvidence) -> tuple[float, ...]:
    """The evidence (natural logarithms, one for each of `BETTER`) with the window that is over now."""
    before, seen = evidence.favour or (0.0,) * len(BETTER), evidence.window.warm
    tested = [plan for plan in plans(check, evidence.usual) if plan.lane in _BOUNDS]
    if seen.total <= 0 or not tested:
        return before
    plan = min(tested, key=lambda each: each.bound)
    ratios = for_bound(seen.bad, seen.total, plan.bound, plan.strength)
    return tuple([sum(each) for each in zip(before, ratios, strict=True)])


def convinces(evidence: CounterEvidence) -> bool:
    """Whether a release at its bound would look as good as this with a probability of at most `WRONG_PASS`."""
    if evidence.broken or not evidence.favour:
        return False
    return math.fsum(math.exp(min(each, 50.0)) for each in evidence.favour) / len(BETTER) >= 1 / WRONG_PASS
