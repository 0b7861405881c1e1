"""The rule for ratio and histogram checks: a share above its bound in several blocks in a row.

A check is folded block by block.  Each lane keeps a streak of consecutive blocks in which the new version's share lay
above the lane's bound.  A block without requests, with a gap or with a broken contract moves nothing: neither
a breach nor a pass comes from not seeing.
"""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import replace

from watcher.core.model import Block, PodCount
from watcher.core.policy import CounterCheck, JudgeRules, basis
from watcher.core.sentence import describe_breach, describe_quiet
from watcher.core.state import CounterEvidence, Finding, LaneEvidence, Release, Tally
from watcher.core.words import Lane, Mode, Verdict, strictest

LANES = (Lane.NEW_VS_OLD, Lane.NEW_VS_BEFORE, Lane.NEW_VS_MAX, Lane.SEVERE_40)
"""The lanes of this rule, the most telling first."""

ABSOLUTE = (Lane.NEW_VS_MAX, Lane.SEVERE_40)
"""Lanes with a bound of their own, which the version before may have broken too."""

CONSECUTIVE = 3
"""Blocks in a row above the bound before a breach counts as proven."""

MIN_BAD_TO_PROPOSE = 3.0
"""Bad requests in those blocks before a breach is even proposed."""

COLD_START = 0.40
"""Share of bad requests that no cold start explains: above it, pods are not excused for being young."""

STALE = 300.0
"""Seconds after its last bad block from which on a streak no longer proves a breach of now."""

ENOUGH_BEFORE = 3.0
"""Bad requests before the release from which on a bound counts as broken before it."""


def begin(check: CounterCheck) -> CounterEvidence:
    """Nothing seen yet."""
    return CounterEvidence(check.name, basis(check), lanes=tuple(LaneEvidence(lane) for lane in LANES))


def resume(evidence: CounterEvidence) -> CounterEvidence:
    """What a new process keeps: of the time before the release perhaps nothing can be read any more."""
    lanes = tuple(LaneEvidence(each.lane) for each in evidence.lanes)
    return CounterEvidence(evidence.check, evidence.basis, kept=evidence.usual, known=evidence.known, lanes=lanes)


def fold(
    check: CounterCheck, evidence: CounterEvidence, block: Block, release: Release, rules: JudgeRules
) -> CounterEvidence:
    """Add one closed block.  A block that was folded before changes nothing."""
    if block.end <= evidence.seen_until:
        return evidence
    evidence = replace(evidence, seen_until=block.end, broken=block.broken)
    if block.broken:
        return evidence
    evidence = replace(evidence, known=evidence.known or _shows_old(check, block, release))
    if block.start < release.began:
        return replace(evidence, before=evidence.before.plus(_before(check, block, release)))
    new, warm, old = _sides(check, block, release, rules)
    evidence = replace(evidence, new=evidence.new.plus(new), old=evidence.old.plus(old))
    if block.gap:
        return evidence
    if _shows_new(check, block, release, rules):
        evidence = replace(evidence, sighted=evidence.sighted + block.length)
    return replace(
        evidence,
        lanes=tuple(_advance(check, evidence, lane, block, (new, warm, old)) for lane in evidence.lanes),
    )


def read(check: CounterCheck, evidence: CounterEvidence, now: float, lanes: Container[Lane] = LANES) -> Finding:
    """What the check says now: the most telling of `lanes` that fired and may act, or why none did."""
    if evidence.broken:
        return Finding(check.name, Verdict.NO_DATA, f"{check.name}: {evidence.broken}", source=check.source)
    evidence = replace(evidence, lanes=tuple(each for each in evidence.lanes if now - each.until <= STALE))
    fired = [lane for lane in evidence.lanes if lane.lane in lanes and _fired(lane)]
    if not fired:
        verdict = None if evidence.new.total > 0 else Verdict.NO_DATA
        return Finding(check.name, verdict, describe_quiet(check, evidence), source=check.source)
    lane = next((each for each in fired if each.new.bad >= check.min_bad), fired[0])
    may, why = _may(check, evidence, lane)
    return Finding(
        check=check.name,
        verdict=Verdict.BREACH,
        sentence=describe_breach(check, lane),
        lane=lane.lane,
        may=may,
        why_may=why,
        since=lane.since,
        limit=_limit_of_health(check, evidence, lane),
        source=check.source,
        compared=lane.old.total > 0,
    )


def suspicious(evidence: CounterEvidence) -> bool:
    """Whether a streak is running: too early for a breach, too late for a pass."""
    return any(lane.streak for lane in evidence.lanes)


def exceeds(check: CounterCheck, evidence: CounterEvidence) -> bool:
    """Whether the new version on the whole lies above its bounds, proven or not: that is no pass."""
    limits = (_limit(check, evidence.usual, lane, Tally()) for lane in (Lane.NEW_VS_MAX, Lane.NEW_VS_BEFORE))
    bound = max((limit for limit in limits if limit is not None), default=1.0)
    return evidence.new.bad >= MIN_BAD_TO_PROPOSE and evidence.new.share > bound


def _limit_of_health(check: CounterCheck, evidence: CounterEvidence, lane: LaneEvidence) -> float:
    """The share within which the service counts as recovered: a severe lane's own bound would be too lax."""
    if lane.lane is not Lane.SEVERE_40:
        return lane.limit
    usual = (_limit(check, evidence.usual, each, Tally()) for each in (Lane.NEW_VS_MAX, Lane.NEW_VS_BEFORE))
    return min((limit for limit in usual if limit is not None), default=lane.limit)


def _fired(lane: LaneEvidence) -> bool:
    return lane.streak >= CONSECUTIVE and lane.new.bad >= MIN_BAD_TO_PROPOSE


def _may(check: CounterCheck, evidence: CounterEvidence, lane: LaneEvidence) -> tuple[Mode, str]:
    if not check.identify.sees_versions:
        return strictest(check.may, Mode.PROPOSE), f"check {check.name} cannot tell versions apart"
    if lane.new.bad < check.min_bad:
        return strictest(check.may, Mode.PROPOSE), f"only {lane.new.bad:.0f} bad requests; {check.min_bad} are needed"
    if not evidence.known and lane.lane in ABSOLUTE:
        return strictest(check.may, Mode.PROPOSE), "nothing was seen of the version before, which may have been as bad"
    return check.may, "" if check.may is Mode.ACT else f"check {check.name} may {check.may}"


def _sides(check: CounterCheck, block: Block, release: Release, rules: JudgeRules) -> tuple[Tally, Tally, Tally]:
    """Requests on the new version, on its pods past warm-up, and on the old versions."""
    if not check.identify.sees_versions:
        everything = _sum(block.pods)
        return everything, everything, Tally()
    new = [pod for pod in block.pods if pod.revision == release.revision]
    old = [pod for pod in block.pods if pod.revision != release.revision]
    warm = [pod for pod in new if pod.age is not None and pod.age >= rules.warm_up]
    return _sum(new), _sum(warm), _sum(old)


def _shows_new(check: CounterCheck, block: Block, release: Release, rules: JudgeRules) -> bool:
    """Whether the block looked at pods of the new version past warm-up, be it that no request came."""
    if not check.identify.sees_versions:
        return bool(block.pods)
    return any(
        pod.revision == release.revision and pod.age is not None and pod.age >= rules.warm_up for pod in block.pods
    )


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


def _advance(
    check: CounterCheck, evidence: CounterEvidence, lane: LaneEvidence, block: Block, sides: tuple[Tally, Tally, Tally]
) -> LaneEvidence:
    everything, warm, old = sides
    new = everything if lane.lane is Lane.SEVERE_40 else warm
    limit = _limit(check, evidence.usual, lane.lane, old)
    if new.total <= 0 or (limit is None and new.share > lane.limit):
        return lane
    if limit is None or new.share <= limit or _equally_bad(lane.lane, new, old):
        return LaneEvidence(lane.lane)
    if not _surely_more(check, lane.lane, new, evidence.usual if lane.lane is Lane.NEW_VS_BEFORE else old):
        return lane
    return LaneEvidence(
        lane=lane.lane,
        streak=lane.streak + 1,
        since=block.start if lane.since is None else lane.since,
        until=block.end,
        limit=limit,
        new=lane.new.plus(new),
        old=lane.old.plus(old),
    )


def _limit(check: CounterCheck, before: Tally, lane: Lane, old: Tally) -> float | None:
    """The share above which the lane's streak grows; None where the lane says nothing."""
    if lane is Lane.NEW_VS_OLD:
        return None if check.increase is None or old.total <= 0 else max(check.floor, check.increase * old.share)
    if lane is Lane.NEW_VS_BEFORE:
        blind = check.increase is None or old.total > 0 or before.total <= 0
        return None if blind or check.increase is None else max(check.floor, check.increase * before.share)
    bound = check.max if lane is Lane.NEW_VS_MAX else max(COLD_START, check.max or 0.0)
    if bound is not None and before.share > bound and before.bad >= ENOUGH_BEFORE:
        return None  # broken before the release: only a comparison can blame it
    return bound


def _surely_more(check: CounterCheck, lane: Lane, new: Tally, base: Tally) -> bool:
    """Whether few requests to compare with cannot be the reason that the new version looks worse.

    The bound on the base's share is the rule of three, widened by two standard deviations of what was seen.
    """
    if lane not in (Lane.NEW_VS_OLD, Lane.NEW_VS_BEFORE) or check.increase is None:
        return True
    highest = (base.bad + 2 * math.sqrt(base.bad) + 3) / base.total
    return new.share > check.increase * highest


def _equally_bad(lane: Lane, new: Tally, old: Tally) -> bool:
    """Whether old pods suffer the same now, so that an absolute bound blames the wrong one."""
    return lane is not Lane.NEW_VS_OLD and old.bad >= 1 and new.share <= 2 * old.share
