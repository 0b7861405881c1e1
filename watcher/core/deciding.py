"""From a proven breach to a decision: guards, the way back, and how far it may go by itself."""

from __future__ import annotations

import hashlib

from watcher.core import commanded, framework, gate, reasons
from watcher.core.approving import covers, lift
from watcher.core.case import Case
from watcher.core.framework import Course, Situation
from watcher.core.gate import Passage
from watcher.core.guards import EXCUSES, SCHEMA, check_guards
from watcher.core.ladder import FAR_BACK, climb, next_rung
from watcher.core.managed import outlook
from watcher.core.model import Observation, WorkloadView
from watcher.core.policy import Policy
from watcher.core.siblings import known_origins, suspected_siblings
from watcher.core.state import Decision, Finding, GuardFinding, KnownGood, RungStep, Target, Watch, WorkloadState
from watcher.core.words import STRICTNESS, Action, Mode, Rung, strictest

MOST_NAMED = 20
"""Commits that a decision names, at the most."""


def decision_id(releases: tuple[str, ...], attempt: int) -> str:
    """A short hash of the releases covered and the attempt; usable as label value, Job name and trailer."""
    return hashlib.sha256("\n".join((*sorted(releases), str(attempt))).encode()).hexdigest()[:12]


def decide(
    state: WorkloadState,
    watch: Watch,
    findings: tuple[Finding, ...],
    observation: Observation,
    view: WorkloadView,
    policy: Policy,
    now: float,
) -> Decision:
    """What is to be done about these breaches, or at the command of a person that is among the findings."""
    request = commanded.behind(findings, state)
    target = commanded.aim(state, view, policy, watch.release.template_id, now, request)
    described = commanded.described(target, view, policy, now)
    blamed = commanded.evidence(findings)
    ahead = outlook(watch.release, observation, findings)
    rungs = climb(view, policy, ahead)
    if request is not None:
        rungs = commanded.steered(rungs, view, watch.release, target, request.to)
    chosen = next_rung(rungs)
    case = Case(state, watch.release, view, observation, policy, blamed, target, now, chosen.rung if chosen else None)
    found, passed = check_guards(case), commanded.passable(request)
    guards = commanded.holding(found, passed) + _barred(watch, now) + _no_way_back(chosen, rungs)
    sight = gate.relevant(observation, watch, target.template_id) if target is not None else None
    passage = gate.ask(sight, watch.downs, required=policy.migrations_required)
    passage = commanded.let_through(passage, found, passed)
    course = framework.decide(_situation(guards, chosen, target, passage))
    best, may, why_may = _strongest(watch, findings if request is not None else case.sound or findings, policy)
    mode, why_mode = _mode((may, why_may), chosen, described, policy, _down(passage, course))
    attempt = state.decisions + 1
    siblings = suspected_siblings(known_origins(watch.release, ahead.prospect), observation.surroundings.suspects)
    flag = ahead.tie.sight if chosen is not None and chosen.rung is Rung.FLAG else None
    way = reasons.way(chosen, described, passage, flag)
    done = reasons.consequence(course.action, guards, way, mode, why_mode)
    decision = Decision(
        id=decision_id((watch.release.id,), attempt),
        attempt=attempt,
        at=now,
        action=course.action,
        mode=mode,
        reason=reasons.decided(best, done, passage, siblings),
        why_mode=why_mode,
        findings=findings,
        guards=guards,
        rungs=rungs,
        target=described,
        siblings=tuple(str(each.workload) for each in siblings),
        source=ahead.prospect.source if ahead.prospect is not None else None,
        good=ahead.prospect.good if ahead.prospect is not None else "",
        commits=ahead.prospect.commits[:MOST_NAMED] if ahead.prospect is not None else (),
        flag=flag,
        migrations=sight,
        request=request,
        overridden=tuple(each for each in found if each.id in passed),
    )
    if watch.consent is None or not covers(watch, decision, now):
        return decision
    approved = f"{way.doing}, approved by {watch.consent.approval.by}."
    return lift(watch, decision, reasons.decided(best, approved, passage, siblings))


def _situation(
    guards: tuple[GuardFinding, ...], chosen: RungStep | None, target: KnownGood | None, passage: Passage
) -> Situation:
    """What the framework asks for, of a breach that is proven."""
    return Situation(
        breach=True,
        guard=any(each.id not in SCHEMA for each in guards),
        flag=chosen is not None and chosen.rung is Rung.FLAG,
        target=target is not None,
        rung=chosen is not None,
        gate=passage.gate,
    )


def _down(passage: Passage, course: Course) -> tuple[Mode, str]:
    """How far the down migrations let it go, and why not farther."""
    down = course.action is Action.ROLL_BACK and course.most is not Mode.ACT
    return (course.most, f"{gate.names(passage)} runs with a person's approval only") if down else (Mode.ACT, "")


def same_decision(one: Decision | None, other: Decision) -> bool:
    """Whether both come to the same and no check speaks up that did not before, so that the second is no news."""
    return one is not None and _gist(one) == _gist(other) and _checks(other) <= _checks(one)


def _checks(decision: Decision) -> set[str]:
    return {finding.check for finding in decision.findings}


def _gist(decision: Decision) -> tuple[object, ...]:
    rung = next_rung(decision.rungs)
    return (
        decision.action,
        decision.mode,
        ("excused" if decision.guard.id in EXCUSES else decision.guard.id) if decision.guard else "",
        rung.rung if rung else None,
        decision.target.template_id if decision.target else "",
    )


def _barred(watch: Watch, now: float) -> tuple[GuardFinding, ...]:
    return (watch.bar.guard,) if watch.bar is not None and now < watch.bar.until else ()


def _no_way_back(chosen: RungStep | None, rungs: tuple[RungStep, ...]) -> tuple[GuardFinding, ...]:
    if chosen:
        return ()
    git = next((each.reason for each in rungs if each.rung is Rung.GIT), "")
    return (GuardFinding("no_way_back", f"no rung can be taken here: {git}"),)


def _strongest(watch: Watch, findings: tuple[Finding, ...], policy: Policy) -> tuple[Finding, Mode, str]:
    """The finding on which one may go farthest, how far that is, and why not farther."""
    limited = [(finding, *_own_limit(watch, finding, policy)) for finding in findings]
    return max(limited, key=lambda each: STRICTNESS.index(each[1]))


def _own_limit(watch: Watch, finding: Finding, policy: Policy) -> tuple[Mode, str]:
    late = _late_onset(watch, finding, policy)
    if STRICTNESS.index(late) < STRICTNESS.index(finding.may):
        return late, "the fault began long after the last change of exposure"
    return finding.may, finding.why_may


def _mode(
    finding: tuple[Mode, str],
    chosen: RungStep | None,
    target: Target | None,
    policy: Policy,
    down: tuple[Mode, str],
) -> tuple[Mode, str]:
    """The strictest of everything that limits how far this may go, and the reason for it."""
    limits = [
        (policy.mode, f"mode is {policy.mode}"),
        finding,
        (chosen.mode if chosen else Mode.NONE, f"rung {chosen.rung}: {chosen.reason}" if chosen else "no rung"),
        (_far_back(chosen, target), "the target is several releases back"),
        down,
    ]
    mode = strictest(*(limit for limit, _ in limits))
    return mode, "" if mode is Mode.ACT else next(why for limit, why in limits if limit is mode)


def _late_onset(watch: Watch, finding: Finding, policy: Policy) -> Mode:
    """A fault that begins late, with no old pods to compare with, is mostly a dependency's."""
    if finding.compared or finding.since is None or watch.exposure_changed_at is None:
        return Mode.ACT
    late = finding.since - watch.exposure_changed_at > policy.judge.blame_window
    return Mode.PROPOSE if late else Mode.ACT


def _far_back(chosen: RungStep | None, target: Target | None) -> Mode:
    if chosen is not None and chosen.rung is Rung.FLAG:
        return Mode.ACT
    return Mode.PROPOSE if target is not None and target.releases_back > FAR_BACK else Mode.ACT
