"""The judge: folds what was measured into evidence, and reads findings from it.

This is the narrow interface between measuring and deciding: `begin`, `fold`, `read`.  How a check weighs its blocks is
its own matter (`rates` folds, `voices` speak; `sustained`, `availability`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from watcher.core.judging import availability, favour, rates, runs, sustained, traffic
from watcher.core.judging.evidence import CounterEvidence, Evidence, QueryEvidence, Run
from watcher.core.judging.parameters import SEVERE, WEIGHTS
from watcher.core.judging.voices import Voice, growing, voices
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Check, CounterCheck, HistogramCheck, Policy, QueryCheck, RatioCheck, basis
from watcher.core.sentence import describe_breach, describe_quiet
from watcher.core.state import Finding, Watch
from watcher.core.words import STRICTNESS, Lane, Mode, Phase, Verdict, strictest

PARKED_LANES = frozenset(SEVERE)
"""Lanes of counter checks that a parked watch listens to."""

CHECK_KINDS = (RatioCheck, HistogramCheck, QueryCheck)

SETTLED = 1.8
"""Brief windows that it takes until other services show a fault that they share."""

SIGHT = 0.8
"""Share of the bake time that a required check must have looked at the new version before a PASS."""


def fold(watch: Watch, observation: Observation, view: WorkloadView, policy: Policy, now: float) -> Evidence:
    """The watch's evidence with everything new in this observation added."""
    before = watch.evidence
    budget = before.budget or policy.promise.budget(observation.surroundings.releases)
    share = budget / max(1, len(counters(policy)))
    return Evidence(
        counters=tuple(_fold_counter(check, watch, observation, policy, share) for check in counters(policy)),
        queries=tuple(_fold_query(check, watch, observation) for check in queries(policy)),
        availability=availability.fold(before.availability, view, watch.release, now),
        budget=budget,
    )


def read(watch: Watch, view: WorkloadView, policy: Policy, now: float) -> tuple[Finding, ...]:
    """What every check says now, availability last.  A parked watch listens to severe lanes and availability only."""
    parked = watch.phase is Phase.PARKED
    asked, served = (() if parked else queries(policy)), (() if parked else _traffic_check(policy))
    return (
        *_read_counters(watch, policy, now),
        *(traffic.read(check, counter_evidence(watch.evidence, check), watch, policy) for check in served),
        *(sustained.read(check, query_evidence(watch.evidence, check), now) for check in asked),
        availability.read(watch.evidence.availability, view, watch.release, policy, watch.rolled_out_at, now),
    )


def _read_counters(watch: Watch, policy: Policy, now: float) -> tuple[Finding, ...]:
    """A breach is proven when the weighted mean of all lanes' evidence reaches one over the budget.

    Lanes that may act count alone first; those that may only propose, together with them.
    """
    checks, needed = counters(policy), 1 / (watch.evidence.budget or policy.promise.budget(0.0))
    heard = PARKED_LANES if watch.phase is Phase.PARKED else frozenset(WEIGHTS)
    speaking = [
        voice
        for check in checks
        for voice in voices(check, counter_evidence(watch.evidence, check), watch.release, now, heard, 1 / len(checks))
    ]
    acting = [voice for voice in speaking if voice.may is Mode.ACT and not voice.excuse[0]]
    unexcused = [voice for voice in speaking if not voice.excuse[0]]
    excused = [voice for voice in speaking if voice.excuse[0]]
    for limit, heard_now in ((Mode.ACT, acting), (Mode.PROPOSE, unexcused), (Mode.ACT, excused)):
        proof = math.fsum(voice.weight * voice.worth for voice in heard_now)
        if proof >= needed:
            fired = _fired(heard_now, needed)
            return tuple(_finding(check, watch, fired, proof, limit) for check in checks)
    return tuple(_finding(check, watch, [], 0.0, Mode.ACT) for check in checks)


def _fired(heard: list[Voice], needed: float) -> list[Voice]:
    """The lanes that made the case: those with a tenth of the evidence needed, at the least the strongest."""
    strongest = max(heard, key=lambda voice: voice.weight * voice.worth)
    return [voice for voice in heard if voice is strongest or voice.weight * voice.worth >= needed / 10]


def _finding(check: CounterCheck, watch: Watch, fired: list[Voice], proof: float, limit: Mode) -> Finding:
    evidence = counter_evidence(watch.evidence, check)
    own = [voice for voice in fired if voice.check is check]
    if evidence.broken:
        return Finding(check.name, Verdict.NO_DATA, f"{check.name}: {evidence.broken}", source=check.source)
    if not own:
        verdict = None if evidence.new.total > 0 else Verdict.NO_DATA
        return Finding(check.name, verdict, describe_quiet(check, evidence), source=check.source)
    voice = max(
        own, key=lambda each: (STRICTNESS.index(each.may), each.lane is Lane.NEW_VS_OLD, each.weight * each.worth)
    )
    run = voice.run
    earliest, since, latest = runs.onset(evidence, run)
    return Finding(
        check=check.name,
        verdict=Verdict.BREACH,
        sentence=describe_breach(check, voice.lane, run, proof),
        lane=voice.lane,
        may=strictest(voice.may, limit),
        why_may=voice.why_may,
        since=since,
        earliest=earliest,
        latest=latest,
        settles=_settles(evidence, since),
        limit=min(run.limit, voice.limit_of_health) if voice.lane in SEVERE else run.limit,
        source=check.source,
        excuse=voice.excuse[1],
        excused_by=voice.excuse[0],
        compared=runs.compared(check, evidence, run),
        worth=proof,
        new=run.new,
        old=run.old,
    )


def _settles(evidence: CounterEvidence, since: float) -> float:
    """Seconds after `since` until others show it too.  Young pods prove nothing, and show when a fault began."""
    shown = min(since, evidence.ill_since) if evidence.ill_since else since
    return max(0.0, shown + SETTLED * evidence.brief.length - since)


def _traffic_check(policy: Policy) -> tuple[CounterCheck, ...]:
    """The check by whose requests traffic is judged: the first that tells versions apart."""
    if policy.traffic is Mode.NONE:
        return ()
    return tuple(check for check in counters(policy) if check.identify.sees_versions)[:1]


def resume(evidence: Evidence) -> Evidence:
    """What a new process keeps of this; the rest is folded again from raw samples, which tell of no shortage."""
    return Evidence(
        counters=tuple(rates.resume(each) for each in evidence.counters),
        availability=replace(evidence.availability, short_since=None),
        budget=evidence.budget,
    )


def counters(policy: Policy) -> tuple[CounterCheck, ...]:
    """Ratio and histogram checks."""
    return tuple(check for check in policy.checks if not isinstance(check, QueryCheck))


def queries(policy: Policy) -> tuple[QueryCheck, ...]:
    """Query checks."""
    return tuple(check for check in policy.checks if isinstance(check, QueryCheck))


def counter_evidence(evidence: Evidence, check: CounterCheck) -> CounterEvidence:
    """Evidence of one counter check; empty where nothing was seen, or where it was measured against other bounds."""
    name = (check.name, basis(check))
    return next((each for each in evidence.counters if (each.check, each.basis) == name), None) or rates.begin(check)


def query_evidence(evidence: Evidence, check: QueryCheck) -> QueryEvidence:
    """Evidence of one query check; empty where nothing was seen, or where it was measured against other bounds."""
    name = (check.name, basis(check))
    return next((each for each in evidence.queries if (each.check, each.basis) == name), None) or sustained.begin(check)


def suspected(watch: Watch, policy: Policy) -> tuple[float, bool, float] | None:
    """Since when there is evidence against the release, whether the old version stood beside it, and since when the
    fault may have been there unseen; None: no evidence."""
    found = _growing(watch, policy)
    if found:
        onsets = [runs.onset(evidence, run) for _, evidence, run in found]
        earliest, since = min(early for early, _, _ in onsets), max(seen for _, seen, _ in onsets)
        return since, any(runs.compared(*each) for each in found), earliest
    if watch.decision is None and watch.breached_at is None:
        return _above(watch, policy)
    if watch.breached_at is None:
        return None  # a breach that is over: what it left in the totals tells nothing of now
    blamed = watch.decision.findings if watch.decision is not None else ()
    return watch.breached_at, any(each.compared for each in blamed), watch.breached_at


def _above(watch: Watch, policy: Policy) -> tuple[float, bool, float] | None:
    """Young pods prove nothing; while they lie above the bounds, the fault of others may be theirs all the same."""
    seen = ((check, counter_evidence(watch.evidence, check)) for check in counters(policy))
    found = [each for check, each in seen if rates.exceeds(check, each)]
    return (max(each.seen_until for each in found), False, min(each.served_at for each in found)) if found else None


def _growing(watch: Watch, policy: Policy) -> list[tuple[CounterCheck, CounterEvidence, Run]]:
    seen = ((check, counter_evidence(watch.evidence, check)) for check in counters(policy))
    return [(check, evidence, run) for check, evidence in seen for run in growing(check, evidence)]


def breaches(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Findings that prove a breach."""
    return tuple(each for each in findings if each.verdict is Verdict.BREACH)


def required(policy: Policy) -> tuple[Check, ...]:
    """Checks that must have had data before a PASS: those that `require` names, else the ratio checks, else histograms,
    else queries."""
    if policy.require:
        return tuple(check for check in policy.checks if check.name in policy.require)
    by_kind = (tuple(each for each in policy.checks if isinstance(each, kind)) for kind in CHECK_KINDS)
    return next((checks for checks in by_kind if checks), ())


def enough(watch: Watch, policy: Policy) -> bool:
    """Whether the new version served, and every required check saw enough of it, for long enough, for a PASS; and
    whether no check saw it above its bounds on the whole."""
    sights = (_sighted(watch.evidence, check) for check in required(policy))
    return _served(watch, policy) and all(each >= SIGHT * policy.bake.hold_for for each in sights)


def surely_good(watch: Watch, policy: Policy) -> bool:
    """Whether every ratio and histogram check has strong evidence that the new version is better than its bounds."""
    checks = counters(policy)
    convincing = all(favour.convinces(counter_evidence(watch.evidence, each)) for each in checks)
    return bool(checks) and convincing and _served(watch, policy)


def _served(watch: Watch, policy: Policy) -> bool:
    """Whether requests came, as many as are asked for, and not more bad ones on the whole than the bounds allow."""
    if above(watch, policy):
        return False
    seen = all(_seen(watch.evidence, check) >= _needed(check, policy) for check in required(policy))
    return watch.exposed_at is not None and seen


def above(watch: Watch, policy: Policy) -> bool:
    """Whether some check saw the new version above its bounds on the whole."""
    return any(rates.exceeds(check, counter_evidence(watch.evidence, check)) for check in counters(policy))


def seen_through(watch: Watch, policy: Policy, until: float) -> bool:
    """Whether the required checks have seen everything up to `until`: what a source hides may be the breach."""
    return all(_seen_until(watch.evidence, check) >= until for check in required(policy))


def unsettled(watch: Watch, policy: Policy) -> bool:
    """Whether some check is on its way to a breach, so that a PASS would come too early."""
    over = any(each.over_since is not None and not each.over_before for each in watch.evidence.queries)
    return bool(_growing(watch, policy)) or over or watch.evidence.availability.short_since is not None


def _needed(check: Check, policy: Policy) -> float:
    return 1.0 if isinstance(check, QueryCheck) else max(1.0, policy.bake.min_requests)


def _seen(evidence: Evidence, check: Check) -> float:
    if isinstance(check, QueryCheck):
        return query_evidence(evidence, check).values
    seen = counter_evidence(evidence, check)
    return 0.0 if seen.broken else seen.new.total


def _sighted(evidence: Evidence, check: Check) -> float:
    return math.inf if isinstance(check, QueryCheck) else counter_evidence(evidence, check).sighted


def _seen_until(evidence: Evidence, check: Check) -> float:
    if isinstance(check, QueryCheck):
        return query_evidence(evidence, check).last_at
    return counter_evidence(evidence, check).seen_until


def _fold_counter(
    check: CounterCheck, watch: Watch, observation: Observation, policy: Policy, budget: float
) -> CounterEvidence:
    evidence = counter_evidence(watch.evidence, check)
    for block in sorted(observation.blocks, key=lambda each: each.start):
        if block.check == check.name and block.basis in ("", evidence.basis):
            evidence = rates.fold(check, evidence, block, watch.release, policy.judge, budget)
    return evidence


def _fold_query(check: QueryCheck, watch: Watch, observation: Observation) -> QueryEvidence:
    evidence = query_evidence(watch.evidence, check)
    for value in observation.queries:
        if value.check == check.name:
            evidence = sustained.fold(check, evidence, value, watch.release)
    return evidence
