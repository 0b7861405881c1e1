"""The judge: folds what was measured into evidence, and reads findings from it.

This is the narrow interface between measuring and deciding: `begin`, `fold`, `read`.  How a check weighs its blocks is
the rule's own matter (`rule`, `sustained`, `availability`).
"""

from __future__ import annotations

import math
from dataclasses import replace

from watcher.core import availability, rule, sustained
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Check, CounterCheck, HistogramCheck, Policy, QueryCheck, RatioCheck, basis
from watcher.core.state import CounterEvidence, Evidence, Finding, QueryEvidence, Watch
from watcher.core.words import Lane, Phase, Verdict

PARKED_LANES = (Lane.SEVERE_40,)
"""Lanes of counter checks that a parked watch listens to."""

CHECK_KINDS = (RatioCheck, HistogramCheck, QueryCheck)

SIGHT = 0.8
"""Share of the bake time that a required check must have looked at the new version before a PASS."""


def fold(watch: Watch, observation: Observation, view: WorkloadView, policy: Policy, now: float) -> Evidence:
    """The watch's evidence with everything new in this observation added."""
    before = watch.evidence
    return Evidence(
        counters=tuple(_fold_counter(check, watch, observation, policy) for check in counters(policy)),
        queries=tuple(_fold_query(check, watch, observation) for check in queries(policy)),
        availability=availability.fold(before.availability, view, watch.release, now),
    )


def read(watch: Watch, view: WorkloadView, policy: Policy, now: float) -> tuple[Finding, ...]:
    """What every check says now, availability last.  A parked watch listens to severe lanes and availability only."""
    lanes = PARKED_LANES if watch.phase is Phase.PARKED else rule.LANES
    asked = () if watch.phase is Phase.PARKED else queries(policy)
    return (
        *(rule.read(check, counter_evidence(watch.evidence, check), now, lanes) for check in counters(policy)),
        *(sustained.read(check, query_evidence(watch.evidence, check), now) for check in asked),
        availability.read(watch.evidence.availability, view, watch.release, policy, watch.rolled_out_at, now),
    )


def resume(evidence: Evidence) -> Evidence:
    """What a new process keeps of this; the rest is folded again from raw samples, which tell of no shortage."""
    return Evidence(
        counters=tuple(rule.resume(each) for each in evidence.counters),
        availability=replace(evidence.availability, short_since=None),
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
    return next((each for each in evidence.counters if (each.check, each.basis) == name), rule.begin(check))


def query_evidence(evidence: Evidence, check: QueryCheck) -> QueryEvidence:
    """Evidence of one query check; empty where nothing was seen, or where it was measured against other bounds."""
    name = (check.name, basis(check))
    return next((each for each in evidence.queries if (each.check, each.basis) == name), sustained.begin(check))


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
    above = any(rule.exceeds(check, counter_evidence(watch.evidence, check)) for check in counters(policy))
    return (
        watch.exposed_at is not None
        and not above
        and all(
            _seen(watch.evidence, check) >= _needed(check, policy)
            and _sighted(watch.evidence, check) >= SIGHT * policy.bake.hold_for
            for check in required(policy)
        )
    )


def seen_through(watch: Watch, policy: Policy, until: float) -> bool:
    """Whether the required checks have seen everything up to `until`: what a source hides may be the breach."""
    return all(_seen_until(watch.evidence, check) >= until for check in required(policy))


def unsettled(watch: Watch, policy: Policy) -> bool:
    """Whether some check is on its way to a breach, so that a PASS would come too early."""
    growing = any(rule.suspicious(counter_evidence(watch.evidence, check)) for check in counters(policy))
    over = any(each.over_since is not None and not each.over_before for each in watch.evidence.queries)
    return growing or over or watch.evidence.availability.short_since is not None


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


def _fold_counter(check: CounterCheck, watch: Watch, observation: Observation, policy: Policy) -> CounterEvidence:
    evidence = counter_evidence(watch.evidence, check)
    for block in sorted(observation.blocks, key=lambda each: each.start):
        if block.check == check.name and block.basis in ("", evidence.basis):
            evidence = rule.fold(check, evidence, block, watch.release, policy.judge)
    return evidence


def _fold_query(check: QueryCheck, watch: Watch, observation: Observation) -> QueryEvidence:
    evidence = query_evidence(watch.evidence, check)
    for value in observation.queries:
        if value.check == check.name:
            evidence = sustained.fold(check, evidence, value, watch.release)
    return evidence
