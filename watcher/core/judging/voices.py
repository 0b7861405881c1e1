"""Voices: which lanes count towards a breach, how far each may go, and what excuses the release."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator
from dataclasses import dataclass

from watcher.core.judging import lanes
from watcher.core.judging.evidence import CounterEvidence, LaneEvidence, Run, Tally, Window
from watcher.core.judging.lanes import Plan, plans
from watcher.core.judging.parameters import MIN_BAD_TO_PROPOSE, SEVERE
from watcher.core.judging.runs import compared, limit_of_health
from watcher.core.judging.windows import SURELY, clearly_exceeds, unlikely
from watcher.core.policy import CounterCheck
from watcher.core.state import Release
from watcher.core.words import Lane, Mode, strictest

STALE = 300.0
"""Seconds after its last bad block from which on a lane no longer proves a breach of now."""

ALIKE = 4.0
"""Times by which the pods of a bad release may differ from each other."""

ABSOLUTE = frozenset({Lane.NEW_VS_MAX, *SEVERE})
"""Lanes with a bound of their own, which the version before may have broken too."""

NOT_OVER = 600.0
"""Seconds before the release from which on a bound that was exceeded counts as still exceeded when it began."""

OVERLOAD = 1.5
"""Times the usual traffic from which on errors that begin then are rather blamed on it."""

GROWING = 10.0
"""Evidence from which on a pass would come too early."""


@dataclass(frozen=True, slots=True)
class Voice:
    """One lane that speaks up: its evidence, its part of the whole budget, how far it may go and why not farther."""

    check: CounterCheck
    lane: Lane
    run: Run
    worth: float
    weight: float
    may: Mode
    why_may: str
    excuse: tuple[str, str]
    limit_of_health: float


def voices(
    check: CounterCheck, evidence: CounterEvidence, release: Release, now: float, heard: Container[Lane], weight: float
) -> Iterator[Voice]:
    """The lanes of `heard` that may count towards a breach.  `weight`: the check's part of the whole budget."""
    if evidence.broken:
        return
    found = {each.lane: each for each in evidence.lanes}
    for plan in plans(check, evidence.usual):
        lane = found[plan.lane]
        if plan.lane not in heard or lane.run is None or not _speaks(lane.run, evidence.window, now):
            continue
        may, why = _may(check, evidence, lane)
        yield Voice(
            check=check,
            lane=plan.lane,
            run=lane.run,
            worth=lanes.worth(lane),
            weight=weight * plan.weight,
            may=may,
            why_may=why,
            excuse=_excuse(check, plan, lane.run, evidence, release),
            limit_of_health=limit_of_health(check, evidence, lane.run),
        )


def growing(check: CounterCheck, evidence: CounterEvidence) -> Iterator[Run]:
    """Runs with some evidence behind them: too early for a breach, too late for a pass."""
    found = {each.lane: each for each in evidence.lanes}
    for plan in plans(check, evidence.usual):
        lane = found[plan.lane]
        if lane.run is not None and evidence.seen_until - lane.run.until <= STALE and lanes.worth(lane) >= GROWING:
            yield lane.run


def _speaks(run: Run, window: Window, now: float) -> bool:
    several = max(len(window.pods), len(run.pods)) > 1
    return now - run.until <= STALE and run.new.bad >= MIN_BAD_TO_PROPOSE and (not several or _corroborated(run))


def _corroborated(run: Run) -> bool:
    """Whether the new version is bad also without its worst pod: one odd pod, node or client is not the release.

    The others must exceed the bound together, and one of them surely, being liker to the worst, less bad as it may be,
    than to the bound.
    """
    if not run.pods:
        return True  # series name no pods
    worst, *others = sorted(run.pods, key=lambda pod: run.limit * pod.total - pod.bad)
    rest = Tally(run.new.total - worst.total, run.new.bad - worst.bad)
    if not others or rest.bad < 1 or not clearly_exceeds(rest, run.limit):
        return False
    like = worst.bad / (ALIKE * worst.total) if worst.total > 0 else 0.0
    between = (like - run.limit) / math.log(like / run.limit) if like > run.limit else 0.0
    second = others[0]
    if between <= run.limit:
        return True
    return second.bad >= between * second.total and unlikely(second.bad, run.limit * second.total)


def _excuse(check: CounterCheck, plan: Plan, run: Run, evidence: CounterEvidence, release: Release) -> tuple[str, str]:
    """The guard and the reason for which the lane, though it is right, says nothing of this release.

    What excuses a milder lane excuses this one too, unless it is clearly worse now than it was then.
    """
    found = {each.lane: each for each in evidence.lanes}
    beside = plan.lane is Lane.NEW_VS_OLD or compared(check, evidence, run)
    for each in plans(check, evidence.usual):
        lane, own = found[each.lane], each.lane is plan.lane
        if not own and (Lane.NEW_VS_OLD in (plan.lane, each.lane) or each.bound >= plan.bound):
            continue
        before = lane if lane.lane in ABSOLUTE else _of_history(lane, run, evidence)
        if before is not None and before.episodes and (own or not _worse(check, run, before.episode)):
            if release.began - before.episode_ended <= NOT_OVER:
                return "symptom_before", "it was as bad just before the release"
            if before.episodes > 1:
                return "flapping", f"it came and went {before.episodes} times before the release"
        since = min(run.since, lane.run.since if lane.run is not None else run.since)
        if not beside and since - lane.old_bad_at <= NOT_OVER and (own or not _worse(check, run, lane.old)):
            return "old_equally_bad", "the old version was as bad when it served last"
    if run.traffic >= OVERLOAD and run.old.total <= 0:
        return "overload", f"traffic was {run.traffic:.1f} times the usual when it began: shed load"
    return "", ""


def _worse(check: CounterCheck, run: Run, then: Tally) -> bool:
    """Whether the new version is worse than what was seen then, by more than is allowed and more than chance."""
    if then.total <= 0:
        return True
    at_most = (then.bad + SURELY * math.sqrt(then.bad)) / then.total
    return run.new.share > (check.increase or 1.0) * at_most


def _of_history(lane: LaneEvidence, run: Run, evidence: CounterEvidence) -> LaneEvidence | None:
    """The severe lane of the least bound above this one: what it saw before tells of peaks that come again."""
    if lane.lane is not Lane.NEW_VS_BEFORE:
        return None
    return next((each for each in evidence.lanes if SEVERE.get(each.lane, 0.0) >= run.limit), None)


def _may(check: CounterCheck, evidence: CounterEvidence, lane: LaneEvidence) -> tuple[Mode, str]:
    if not check.identify.sees_versions:
        return strictest(check.may, Mode.PROPOSE), f"check {check.name} cannot tell versions apart"
    bad = lane.run.new.bad if lane.run is not None else 0.0
    if bad < check.min_bad:
        return strictest(check.may, Mode.PROPOSE), f"only {bad:.0f} bad requests; {check.min_bad} are needed"
    if not evidence.known and lane.lane in ABSOLUTE:
        return strictest(check.may, Mode.PROPOSE), "nothing was seen of the version before, which may have been as bad"
    return check.may, "" if check.may is Mode.ACT else f"check {check.name} may {check.may}"
