"""Ratio and histogram checks: blocks are folded into the evidence of their lanes.

A block without requests, with a gap or with a broken contract moves nothing: neither a breach nor a pass comes from not
seeing.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core.judging import lanes, runs
from watcher.core.judging.evidence import CounterEvidence, LaneEvidence, Tally, Window
from watcher.core.judging.lanes import plans
from watcher.core.judging.parameters import MIN_BAD_TO_PROPOSE, SEVERE, WEIGHTS
from watcher.core.judging.runs import Sides
from watcher.core.judging.windows import in_window, old_beside
from watcher.core.model import Block, PodCount
from watcher.core.policy import CounterCheck, JudgeRules, basis
from watcher.core.state import Release
from watcher.core.words import Lane

LEAP, LEAP_REQUESTS = 10.0, 30.0
"""Times the requests of any block before, and requests at the least, that show that it begins to serve only now."""


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
    evidence = in_window(check, evidence, block, release)
    if block.start < release.began:
        return _fold_before(check, evidence, block, release)
    evidence = _serving(check, evidence, block, release)
    sides = _sides(check, evidence, block, release, rules)
    return _fold_after(check, old_beside(check, evidence, sides.old, block.end), block, sides, budget)


def _still_broken(evidence: CounterEvidence, block: Block, release: Release) -> str:
    """A broken contract is mended by what the new version shows; a block without it says nothing."""
    shown = any(not pod.pod or pod.revision == release.revision for pod in block.pods)
    return "" if shown else evidence.broken


def _fold_before(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    window = evidence.window
    usual = _before(check, block, release)
    evidence = old_beside(check, evidence, usual, block.end)
    return replace(evidence, window=replace(window, old=window.old.plus(usual)))


def _serving(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release) -> CounterEvidence:
    """Note when requests came to the new version: pods that were Ready long before start cold all the same."""
    blind = not check.identify.sees_versions
    total = sum(pod.total for pod in block.pods if blind or pod.revision == release.revision)
    if total <= evidence.pace:
        return evidence
    leap = total > LEAP * evidence.pace and (total >= LEAP_REQUESTS or not evidence.pace)
    return replace(evidence, pace=total, served_at=block.start if leap else evidence.served_at)


def _sides(check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release, rules: JudgeRules) -> Sides:
    if not check.identify.sees_versions:
        everything = _sum(block.pods)
        return Sides(everything, everything, Tally(), [], [])
    new = [pod for pod in block.pods if pod.revision == release.revision]
    old = [pod for pod in block.pods if pod.revision != release.revision]
    serves_long = block.start - block.interval - evidence.served_at >= rules.warm_up or not rules.warm_up
    warm = [pod for pod in new if pod.age is not None and pod.age >= rules.warm_up] if serves_long else []
    return Sides(_sum(new), _sum(warm), _sum(old), new, warm)


def _fold_after(
    check: CounterCheck, evidence: CounterEvidence, block: Block, sides: Sides, budget: float
) -> CounterEvidence:
    psi = _allowed_odds(check, evidence.old)
    evidence = replace(
        evidence,
        new=evidence.new.plus(sides.new),
        old=evidence.old.plus(sides.old),
        ill_since=_ill_since(check, evidence, block, sides.new),
    )
    if block.gap:
        return evidence
    if sides.warm_pods or not check.identify.sees_versions:
        evidence = _sight(evidence, block)
    window, brief = _added(evidence.window, sides, block.end), _added(evidence.brief, sides, block.end)
    found = {each.lane: each for each in evidence.lanes}
    for plan in plans(check, evidence.usual):
        own, odds = (brief if plan.lane in SEVERE else window), (psi if plan.lane is Lane.NEW_VS_OLD else 1.0)
        lane = lanes.fold(plan, found[plan.lane], block, own, odds, budget)
        found[plan.lane] = runs.go_on(check, plan, lane, block, sides, window, evidence.usual)
    return replace(evidence, window=window, brief=brief, lanes=tuple(found.values()))


def _ill_since(check: CounterCheck, evidence: CounterEvidence, block: Block, new: Tally) -> float:
    if new.total <= 0:
        return evidence.ill_since
    ill = new.share > (check.max if check.max is not None else check.floor)
    return (evidence.ill_since or block.start) if ill else 0.0


def _sight(evidence: CounterEvidence, block: Block) -> CounterEvidence:
    """A pod is seen at its scrapes; what lies between two of them was looked at too."""
    reach = max(block.interval, block.length)
    passed = min(block.end - evidence.sighted_at, reach)
    return replace(evidence, sighted=evidence.sighted + passed, sighted_at=block.end)


def _added(window: Window, sides: Sides, end: float) -> Window:
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


def exceeds(check: CounterCheck, evidence: CounterEvidence) -> bool:
    """Whether the new version on the whole lies above its bounds, proven or not, its fault or not: that is no pass."""
    before = [plan.bound for plan in plans(check, evidence.usual) if plan.lane is Lane.NEW_VS_BEFORE]
    bound = check.max if check.max is not None else max(before, default=1.0)
    return evidence.new.bad >= MIN_BAD_TO_PROPOSE and evidence.new.share > bound


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
