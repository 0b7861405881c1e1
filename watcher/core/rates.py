"""Ratio and histogram checks: blocks are folded into the evidence of their lanes, and read as findings.

A block without requests, with a gap or with a broken contract moves nothing: neither a breach nor a pass comes from not
seeing.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Container, Iterator
from dataclasses import dataclass, replace

from watcher.core import lanes
from watcher.core.dispersion import Windows
from watcher.core.lanes import Plan, plans
from watcher.core.model import Block, PodCount
from watcher.core.parameters import DISPERSION_WINDOWS, DOUBT, PODS, SEVERE, WEIGHTS, WINDOW
from watcher.core.policy import CounterCheck, JudgeRules, basis
from watcher.core.state import CounterEvidence, LaneEvidence, PodTally, Release, Run, Tally, Window
from watcher.core.words import Lane, Mode, strictest

ABSOLUTE = frozenset({Lane.NEW_VS_MAX, *SEVERE})
"""Lanes with a bound of their own, which the version before may have broken too."""

MIN_BAD_TO_PROPOSE = 3.0
"""Bad requests before a breach is even proposed."""

STALE = 300.0
"""Seconds after its last bad block from which on a lane no longer proves a breach of now."""

EPISODE = 120.0
"""Seconds between two times that a bound was exceeded before the release, at the least."""

NOT_OVER = 600.0
"""Seconds before the release from which on a bound that was exceeded counts as still exceeded when it began."""

LEAP, LEAP_REQUESTS = 10.0, 30.0
"""Times the requests of any block before, and requests at the least, that show that it begins to serve only now."""

HIDDEN = 120.0
"""Seconds after the new version began to serve within which a fault that is seen may have been there from the start."""

SHOWN = 5.0
"""Bad requests that the old version must have had, if it were as bad as the new one, to be compared with."""

BESIDE = 60.0
"""Seconds since the old version last served for which what hits both would still have shown on it."""

CALM = 5.0
"""Bad requests that the bound allows in the requests after which, without exceeding it, a run is over."""

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


def begin(check: CounterCheck) -> CounterEvidence:
    """Nothing seen yet."""
    return CounterEvidence(check.name, basis(check), lanes=tuple(LaneEvidence(lane) for lane in WEIGHTS))


def resume(evidence: CounterEvidence) -> CounterEvidence:
    """What a new process keeps: of the time before the release perhaps nothing can be read any more."""
    fresh = tuple(LaneEvidence(each.lane) for each in evidence.lanes)
    return CounterEvidence(evidence.check, evidence.basis, kept=evidence.usual, known=evidence.known, lanes=fresh)


def fold(
    check: CounterCheck,
    evidence: CounterEvidence,
    block: Block,
    release: Release,
    rules: JudgeRules,
    budget: float,
) -> CounterEvidence:
    """Add one closed block.  A block that was folded before changes nothing.

    `budget`: probability of a false breach that this check may cause.
    """
    if block.end <= evidence.seen_until:
        return evidence
    evidence = replace(evidence, seen_until=block.end, broken=block.broken or _still_broken(evidence, block, release))
    if block.broken:
        return evidence
    if not evidence.known and _shows_old(check, block, release):
        evidence = replace(evidence, known=True)
    evidence = _in_window(check, evidence, block, release)
    if block.start < release.began:
        return _fold_before(check, evidence, block, release)
    evidence = _serving(check, evidence, block, release)
    return _fold_after(check, evidence, block, _sides(check, evidence, block, release, rules), budget)


def _still_broken(evidence: CounterEvidence, block: Block, release: Release) -> str:
    """A broken contract is mended by what the new version shows; a block without it says nothing."""
    shown = any(not pod.pod or pod.revision == release.revision for pod in block.pods)
    return "" if shown else evidence.broken


def _in_window(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
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
        bad = lane.lane in bounds and _exceeds(past.old, bounds[lane.lane])
        yield replace(lane, old_bad_at=ended) if bad else lane


def _episode(check: CounterCheck, lane: LaneEvidence, past: Window, ended: float) -> LaneEvidence:
    """Note that the lane's own bound was exceeded before the release."""
    bound = SEVERE.get(lane.lane, check.max if lane.lane is Lane.NEW_VS_MAX else None)
    if bound is None or past.old.bad < MIN_BAD_TO_PROPOSE or not _exceeds(past.old, bound):
        return lane
    again = ended - lane.episode_ended > EPISODE
    return replace(lane, episodes=lane.episodes + again, episode_ended=ended)


def _exceeds(tally: Tally, bound: float) -> bool:
    """Whether surely more than chance."""
    allowed = bound * tally.total
    return tally.bad - allowed >= DOUBT * math.sqrt(allowed)


def _fold_before(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    window = evidence.window
    usual = _before(check, block, release)
    return replace(evidence, window=replace(window, old=window.old.plus(usual)))


@dataclass(frozen=True, slots=True)
class _Sides:
    """One block: requests on the new version, on its pods past warm-up, and on the old versions."""

    new: Tally
    warm: Tally
    old: Tally
    new_pods: list[PodCount]
    warm_pods: list[PodCount]


def _serving(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    """Note when requests came to the new version: pods that were Ready long before start cold all the same."""
    blind = not check.identify.sees_versions
    total = sum(pod.total for pod in block.pods if blind or pod.revision == release.revision)
    if total <= evidence.pace:
        return evidence
    leap = total > LEAP * evidence.pace and (total >= LEAP_REQUESTS or not evidence.pace)
    return replace(evidence, pace=total, served_at=block.start if leap else evidence.served_at)


def _sides(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release, rules: JudgeRules) -> _Sides:
    if not check.identify.sees_versions:
        everything = _sum(block.pods)
        return _Sides(everything, everything, Tally(), [], [])
    new = [pod for pod in block.pods if pod.revision == release.revision]
    old = [pod for pod in block.pods if pod.revision != release.revision]
    serves_long = block.start - block.interval - evidence.served_at >= rules.warm_up or not rules.warm_up
    warm = [pod for pod in new if pod.age is not None and pod.age >= rules.warm_up] if serves_long else []
    return _Sides(_sum(new), _sum(warm), _sum(old), new, warm)


def _fold_after(
    check: CounterCheck, evidence: CounterEvidence, block: Block, sides: _Sides, budget: float
) -> CounterEvidence:
    psi = _allowed_odds(check, evidence.old)
    evidence = replace(evidence, new=evidence.new.plus(sides.new), old=evidence.old.plus(sides.old))
    if block.gap:
        return evidence
    if sides.warm_pods or not check.identify.sees_versions:
        evidence = _sight(evidence, block)
    window = _added(evidence.window, sides, block.end)
    found = {each.lane: each for each in evidence.lanes}
    for plan in plans(check, evidence.usual):
        lane = lanes.fold(plan, found[plan.lane], block, window, psi if plan.lane is Lane.NEW_VS_OLD else 1.0, budget)
        found[plan.lane] = _run(check, plan, lane, block, sides, window, evidence.usual)
    return replace(evidence, window=window, lanes=tuple(found.values()))


def _sight(evidence: CounterEvidence, block: Block) -> CounterEvidence:
    """A pod is seen at its scrapes; what lies between two of them was looked at too."""
    reach = max(block.interval, block.length)
    passed = min(block.end - evidence.sighted_at, reach)
    return replace(evidence, sighted=evidence.sighted + passed, sighted_at=block.end)


def _added(window: Window, sides: _Sides, end: float) -> Window:
    serving = sorted({*window.pods_now, *(pod.pod for pod in sides.new_pods if pod.total > 0)})[:2]
    return Window(
        index=window.index,
        length=window.length,
        earlier=window.earlier,
        new=window.new.plus(sides.new),
        warm=window.warm.plus(sides.warm),
        old=window.old.plus(sides.old),
        old_at=end if sides.old.total > 0 else window.old_at,
        before=window.before,
        pods=tuple(sorted({*window.pods, *serving})[:2]),
        pods_now=tuple(serving),
    )


def _allowed_odds(check: CounterCheck, old: Tally) -> float:
    """`increase`, a ratio of shares, as a ratio of odds at the old version's share."""
    factor = check.increase or 1.0
    share = min(old.share, 0.9 / factor)
    return factor * (1 - share) / (1 - factor * share)


def _run(
    check: CounterCheck, plan: Plan, lane: LaneEvidence, block: Block, sides: _Sides, window: Window, usual: Windows
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
            excuse=_excuse(check, lane, lane.run, evidence, release),
            limit_of_health=limit_of_health(check, evidence, lane.run),
        )


def growing(check: CounterCheck, evidence: CounterEvidence) -> Iterator[Run]:
    """Runs with some evidence behind them: too early for a breach, too late for a pass."""
    found = {each.lane: each for each in evidence.lanes}
    for plan in plans(check, evidence.usual):
        lane = found[plan.lane]
        if lane.run is not None and evidence.seen_until - lane.run.until <= STALE and lanes.worth(lane) >= GROWING:
            yield lane.run


def compared(check: CounterCheck, evidence: CounterEvidence, run: Run) -> bool:
    """Whether the old version served well beside the new one to the end of the run."""
    beside = run.old.total * run.new.share >= SHOWN and run.until - run.old_at < BESIDE
    return beside and run.old.share <= limit_of_health(check, evidence, run)


def earliest(evidence: CounterEvidence, run: Run) -> float:
    """When the fault may have begun, Unix seconds: young pods are not heard, so it may be as old as the serving."""
    return evidence.served_at if 0 <= run.since - evidence.served_at <= HIDDEN else run.since


def exceeds(check: CounterCheck, evidence: CounterEvidence) -> bool:
    """Whether the new version on the whole lies above its bounds, proven or not, its fault or not: that is no pass."""
    before = [plan.bound for plan in plans(check, evidence.usual) if plan.lane is Lane.NEW_VS_BEFORE]
    bound = check.max if check.max is not None else max(before, default=1.0)
    return evidence.new.bad >= MIN_BAD_TO_PROPOSE and evidence.new.share > bound


def _speaks(run: Run, window: Window, now: float) -> bool:
    fresh = now - run.until <= STALE
    return fresh and run.new.bad >= MIN_BAD_TO_PROPOSE and (len(window.pods) < 2 or _corroborated(run))


def _corroborated(run: Run) -> bool:
    """Whether the new version exceeds the bound also without its worst pod: one odd pod or node is not the release."""
    if not run.pods:
        return True  # series name no pods
    worst = max(run.pods, key=lambda pod: pod.bad - run.limit * pod.total)
    rest = Tally(run.new.total - worst.total, run.new.bad - worst.bad)
    return rest.bad >= 1 and _exceeds(rest, run.limit)


def _excuse(
    check: CounterCheck, lane: LaneEvidence, run: Run, evidence: CounterEvidence, release: Release
) -> tuple[str, str]:
    """The guard and the reason for which the lane, though it is right, says nothing of this release."""
    before = lane if lane.lane in ABSOLUTE else _of_history(lane, run, evidence)
    if before is not None and before.episodes:
        if release.began - before.episode_ended <= NOT_OVER:
            return "symptom_before", "it was as bad just before the release"
        if before.episodes > 1:
            return "flapping", f"it came and went {before.episodes} times before the release"
    beside = lane.lane is Lane.NEW_VS_OLD or compared(check, evidence, run)
    if not beside and run.since - lane.old_bad_at <= NOT_OVER:
        return "old_equally_bad", "the old version was as bad when it served last"
    if run.traffic >= OVERLOAD and run.old.total <= 0:
        return "overload", f"traffic was {run.traffic:.1f} times the usual when it began: shed load"
    return "", ""


def _of_history(lane: LaneEvidence, run: Run, evidence: CounterEvidence) -> LaneEvidence | None:
    """The severe lane of the least bound above this one: what it saw before tells of peaks that come again."""
    if lane.lane is not Lane.NEW_VS_BEFORE:
        return None
    return next((each for each in evidence.lanes if SEVERE.get(each.lane, 0.0) >= run.limit), None)


def limit_of_health(check: CounterCheck, evidence: CounterEvidence, run: Run) -> float:
    """The share within which the service counts as recovered: a severe lane's own bound would be too lax."""
    usual = [plan.bound for plan in plans(check, evidence.usual) if plan.lane in (Lane.NEW_VS_MAX, Lane.NEW_VS_BEFORE)]
    return min(usual, default=run.limit)


def _may(check: CounterCheck, evidence: CounterEvidence, lane: LaneEvidence) -> tuple[Mode, str]:
    if not check.identify.sees_versions:
        return strictest(check.may, Mode.PROPOSE), f"check {check.name} cannot tell versions apart"
    bad = lane.run.new.bad if lane.run is not None else 0.0
    if bad < check.min_bad:
        return strictest(check.may, Mode.PROPOSE), f"only {bad:.0f} bad requests; {check.min_bad} are needed"
    if not evidence.known and lane.lane in ABSOLUTE:
        return strictest(check.may, Mode.PROPOSE), "nothing was seen of the version before, which may have been as bad"
    return check.may, "" if check.may is Mode.ACT else f"check {check.name} may {check.may}"


def _shows_old(check: CounterCheck, block: Block, release: Release) -> bool:
    """Whether the block looked at the version before: its own history, or old pods beside the new ones."""
    if not check.identify.sees_versions:
        return block.end <= release.began
    if block.start < release.began:
        return any(pod.revision == release.previous_revision for pod in block.pods)
    return any(pod.revision != release.revision for pod in block.pods)


def _before(check: CounterCheck, block: Block, release: Release) -> Tally:
    """What was usual of the version that ran before; of the block in which the release began only what is its own."""
    if check.identify.sees_versions:
        return _sum([pod for pod in block.pods if pod.revision == release.previous_revision])
    return _sum(block.pods) if block.end <= release.began else Tally()


def _sum(pods: tuple[PodCount, ...] | list[PodCount]) -> Tally:
    return Tally(sum(pod.total for pod in pods), sum(pod.bad for pod in pods))
