"""From a proven breach to a decision: guards, the way back, and how far it may go by itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from watcher.core.deciding import commanded, framework, gate, reach, reasons
from watcher.core.deciding.approving import covers, lift
from watcher.core.deciding.case import Case
from watcher.core.deciding.framework import Situation
from watcher.core.deciding.gate import Passage
from watcher.core.deciding.guards import EXCUSES, SCHEMA, check_guards
from watcher.core.deciding.ladder import climb, next_rung
from watcher.core.deciding.managed import outlook
from watcher.core.deciding.siblings import known_origins, suspected_siblings
from watcher.core.flags import FlagSight
from watcher.core.gitops import Prospect
from watcher.core.model import Observation, Request, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Decision, Finding, GuardFinding, KnownGood, RungStep, Target, Watch, WorkloadState
from watcher.core.words import Action, Mode, Rung

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
    ways = _ways(state, watch, findings, observation, view, policy, now)
    blamed, rung = commanded.evidence(findings), ways.chosen.rung if ways.chosen is not None else None
    case = Case(state, watch.release, view, observation, policy, blamed, ways.target, now, rung)
    found, passed = check_guards(case) + _barred(watch, now), commanded.passable(ways.request)
    guards = commanded.holding(found, passed) + _no_way_back(ways)
    sight = gate.relevant(observation, watch, ways.target.template_id) if ways.target is not None else None
    passage = gate.ask(sight, watch.downs, view, policy)
    passage = commanded.let_through(passage, found, passed)
    course = framework.decide(_situation(guards, ways, passage))
    heard = findings if ways.request is not None else case.sound or findings
    best, may, why_may = reach.strongest(watch, heard, policy)
    mode, why_mode = reach.limited((may, why_may), ways.chosen, ways.leads_to, policy, reach.down(passage, course))
    siblings = suspected_siblings(known_origins(watch.release, ways.prospect), observation.surroundings.suspects)
    way = reasons.way(ways.chosen, ways.leads_to, passage, ways.flag)
    done = reasons.consequence(course.action, guards, way, mode, why_mode)
    decision = replace(
        _begun(state, watch, ways, now),
        action=course.action,
        mode=mode,
        reason=reasons.decided(best, done, passage, siblings),
        why_mode=why_mode,
        findings=findings,
        guards=guards,
        siblings=tuple(str(each.workload) for each in siblings),
        migrations=sight,
        overridden=tuple(each for each in found if each.id in passed),
    )
    if watch.consent is None or not covers(watch, decision, now):
        return decision
    approved = f"{way.doing}, approved by {watch.consent.approval.by}."
    return lift(watch, decision, reasons.decided(best, approved, passage, siblings))


def _begun(state: WorkloadState, watch: Watch, ways: _Ways, now: float) -> Decision:
    """The decision as far as it says which ways there are."""
    attempt, prospect = state.decisions + 1, ways.prospect
    return Decision(
        id=decision_id((watch.release.id,), attempt),
        attempt=attempt,
        at=now,
        action=Action.NONE,
        mode=Mode.NONE,
        reason="",
        rungs=ways.rungs,
        target=ways.leads_to,
        source=prospect.source if prospect is not None else None,
        good=prospect.good if prospect is not None else "",
        commits=prospect.commits[:MOST_NAMED] if prospect is not None else (),
        flag=ways.flag,
        request=ways.request,
    )


@dataclass(frozen=True, slots=True)
class _Ways:
    """The rungs as they can be taken here, and where they lead."""

    request: Request | None
    target: KnownGood | None
    leads_to: Target | None
    rungs: tuple[RungStep, ...]
    prospect: Prospect | None
    sight: FlagSight | None

    @property
    def chosen(self) -> RungStep | None:
        """The first that can be taken."""
        return next_rung(self.rungs)

    @property
    def flag(self) -> FlagSight | None:
        """The flag that would be switched off, as it stands."""
        return self.sight if self.chosen is not None and self.chosen.rung is Rung.FLAG else None


def _ways(
    state: WorkloadState,
    watch: Watch,
    findings: tuple[Finding, ...],
    observation: Observation,
    view: WorkloadView,
    policy: Policy,
    now: float,
) -> _Ways:
    request = commanded.behind(findings, state)
    target = commanded.aim(state, view, policy, watch.release.template_id, now, request)
    ahead = outlook(watch, observation, findings)
    rungs = climb(view, policy, ahead)
    if request is not None:
        rungs = commanded.steered(rungs, view, watch.release, target, request.to)
    leads_to = commanded.described(target, view, policy, now)
    return _Ways(request, target, leads_to, rungs, ahead.prospect, ahead.tie.sight)


def _situation(guards: tuple[GuardFinding, ...], ways: _Ways, passage: Passage) -> Situation:
    """What the framework asks for, of a breach that is proven."""
    return Situation(
        breach=True,
        guard=any(each.id not in SCHEMA for each in guards),
        flag=ways.flag is not None,
        target=ways.target is not None,
        rung=ways.chosen is not None,
        gate=passage.gate,
    )


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
        gate.downs(decision.migrations),  # more than to go back, and to be approved as such
    )


def _barred(watch: Watch, now: float) -> tuple[GuardFinding, ...]:
    return (watch.bar.guard,) if watch.bar is not None and now < watch.bar.until else ()


def _no_way_back(ways: _Ways) -> tuple[GuardFinding, ...]:
    if ways.chosen is not None:
        return ()
    git = next((each.reason for each in ways.rungs if each.rung is Rung.GIT), "")
    return (GuardFinding("no_way_back", f"no rung can be taken here: {git}"),)
