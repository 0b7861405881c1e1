"""Whether anything may be written at this moment, and whether what is seen can be relied on."""

from __future__ import annotations

from watcher.core.deciding import commanded, flagged, gate, quarantine
from watcher.core.deciding.approving import least, may_go
from watcher.core.deciding.case import Case
from watcher.core.deciding.freezes import frozen
from watcher.core.deciding.gate import Gate
from watcher.core.deciding.guards import IGNORANCE, STALE_CACHE, check_guards
from watcher.core.deciding.ladder import climb, target_still_accepted
from watcher.core.deciding.managed import Outlook, outlook, prospect
from watcher.core.judging import judge
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import Decision, Finding, GuardFinding, KnownGood, Rollback, RungStep
from watcher.core.turn import Turn
from watcher.core.words import Lane, Mode, Phase, Rung, strictest

LOOKED_AT = 30.0
"""Seconds in which everything should have been looked at after a start."""

VALID = 120.0
"""Seconds after which an intent that could not be carried out is given up, and judged anew."""


def forbidden(turn: Turn, rung: Rung) -> GuardFinding | None:
    """Why nothing of the decision under way that belongs to this rung may be written at this moment."""
    passed = commanded.named(turn.watch.decision)
    return _out_of_bounds(turn, passed) or _frozen(turn, rung, passed) or _mode_lowered(turn) or _not_now(turn)


def tidying_forbidden(turn: Turn, rung: Rung) -> GuardFinding | None:
    """Why nothing of this rung of an earlier decision, whose rollback has ended, may be tidied up at this moment."""
    if turn.policy.mode in (Mode.NONE, Mode.OBSERVE):
        return GuardFinding("mode", f"mode is {turn.policy.mode}")
    return _out_of_bounds(turn) or _frozen(turn, rung) or _not_now(turn)


def _out_of_bounds(turn: Turn, passed: frozenset[str] = frozenset()) -> GuardFinding | None:
    """Why people do not want the workload to be written to; what is `passed` a person lets it do all the same."""
    if turn.view.hold and "hold" not in passed:
        return GuardFinding("hold", f"held: {turn.view.hold}")
    if turn.policy.never and "never" not in passed:
        return GuardFinding("never", "the workload is on the never list")
    return None if turn.policy.watched else GuardFinding("not_watched", "no entry of services matches it any more")


def _frozen(turn: Turn, rung: Rung, passed: frozenset[str] = frozenset()) -> GuardFinding | None:
    why = "" if "freeze" in passed else frozen(turn.observation.surroundings.frozen, rung, turn.view)
    return GuardFinding("freeze", why) if why else None


def _mode_lowered(turn: Turn) -> GuardFinding | None:
    decision = turn.watch.decision
    return None if may_go(turn.policy.mode, decision) else GuardFinding("mode", f"mode is no longer {least(decision)}")


def _not_now(turn: Turn) -> GuardFinding | None:
    """Why this process may write nothing at this moment."""
    around = turn.observation.surroundings
    if not around.permitted:
        return GuardFinding("not_permitted", "this process may not write any more")
    if around.cache_age > STALE_CACHE:
        return GuardFinding("stale_cache", f"the view of the cluster is {seconds(around.cache_age)} old")
    return None


def withheld(turn: Turn, decision: Decision, rung: Rung) -> GuardFinding | None:
    """Why the first write of this rung must not be made now.

    Between the decision and that write lie a try of another rung, an API server that was away, or a restart: everything
    that was asked then is asked again.
    """
    first = forbidden(turn, rung) or tightened(turn, decision, rung) or _unapproved_down(turn, decision, rung)
    return first or next(iter(commanded.holding(_guards(turn, decision, rung), commanded.named(decision))), None)


def passed_now(turn: Turn, decision: Decision, rung: Rung) -> tuple[GuardFinding, ...]:
    """Guards that hold at this moment, and that the person who commanded it has named."""
    named = commanded.named(decision)
    return tuple(each for each in _guards(turn, decision, rung) if each.id in named) if named else ()


def _guards(turn: Turn, decision: Decision, rung: Rung) -> tuple[GuardFinding, ...]:
    state, view, policy, release = turn.state, turn.view, turn.policy, turn.watch.release
    target = _target(turn, decision)
    findings = commanded.evidence(_as_of_now(turn, decision))
    return check_guards(Case(state, release, view, turn.observation, policy, findings, target, turn.now, rung))


def _target(turn: Turn, decision: Decision) -> KnownGood | None:
    """The target as far as it is accepted; one that a person has named is to be passed by name where it is not."""
    if decision.target is None:
        return None
    template = decision.target.template_id
    if decision.request is not None and decision.request.to:
        return commanded.entry_of(turn.state, turn.view, template)
    return target_still_accepted(turn.state, turn.view, turn.policy, template, turn.now)


def _as_of_now(turn: Turn, decision: Decision) -> tuple[Finding, ...]:
    """What led to the decision, with what excuses it by now; a check that is silent meanwhile takes nothing back.

    Pods are not there yet for a moment after a start: then nothing new is known of them.
    """
    if not turn.view.pods:
        return decision.findings
    breaches = judge.breaches(judge.read(turn.watch, turn.view, turn.policy, turn.now))
    now = {each.check: each for each in breaches}
    return tuple(now.get(each.check, each) for each in decision.findings)


def current(turn: Turn) -> bool:
    """Whether the spec still asks for the release.  A newer template has no number, or an old one, for a moment."""
    newest = turn.view.newest()
    return newest is not None and newest.number == turn.watch.release.number


def tightened(turn: Turn, decision: Decision, rung: Rung) -> GuardFinding | None:
    """Why the thresholds file, or the workload, as they are now do not let this rung be taken on these findings."""
    release, request = turn.watch.release, decision.request
    ahead = outlook(turn.watch, turn.observation, decision.findings)
    rungs = climb(turn.view, turn.policy, ahead)
    if request is not None:
        rungs = commanded.steered(rungs, turn.view, release, decision.target, request.to)
    step = next((each for each in rungs if each.rung is rung), None)
    if step is not None and not step.taken and rung is not Rung.ABORT:
        return _closed(turn, step, ahead)
    mode = step.mode if step is not None and step.taken else turn.policy.rung_mode(rung)
    if not may_go(mode, decision):
        why = f": {step.reason}" if step is not None and step.taken else ""
        return GuardFinding("mode", f"rung {rung} may only {mode} now{why}")
    if not any(may_go(strictest(each.may, _may(turn.policy, each)), decision) for each in decision.findings):
        return GuardFinding("mode", f"none of the checks that fired may {least(decision)} any more")
    return None


def _unapproved_down(turn: Turn, decision: Decision, rung: Rung) -> GuardFinding | None:
    """Why a down migration that goes along must not run by itself."""
    if rung is Rung.FLAG or decision.target is None or commanded.DOWN in commanded.named(decision):
        return None
    if decision.request is None and may_go(Mode.PROPOSE, decision):
        return None
    sight = gate.relevant(turn.observation, turn.watch, decision.target.template_id)
    passage = gate.ask(sight, turn.watch.downs, turn.view, turn.policy)
    if passage.gate is not Gate.DOWN_APPROVAL:
        return None
    found = commanded.DOWN if decision.request is not None else "mode"
    return GuardFinding(found, f"{gate.names(passage)} runs with a person's approval only")


def _closed(turn: Turn, step: RungStep, ahead: Outlook) -> GuardFinding:
    """Why a rung that was decided on cannot be taken any more."""
    if step.rung is Rung.FLAG and flagged.unseen(ahead.tie, turn.policy):
        return GuardFinding("flag_unknown", step.reason)
    if turn.view.application is not None and prospect(turn.watch.release, turn.observation) is None:
        return GuardFinding("git_unknown", "what going back in Git would mean is not known")
    if turn.policy.rung_mode(step.rung) is Mode.NONE:
        return GuardFinding("mode", f"rung {step.rung} may only none now: {step.reason}")
    return GuardFinding("no_way_back", f"rung {step.rung} cannot be taken any more: {step.reason}")


def _may(policy: Policy, finding: Finding) -> Mode:
    if finding.lane is Lane.AVAILABILITY:
        return policy.availability
    if finding.check == commanded.CHECK:
        return Mode.ACT
    if finding.check == quarantine.CHECK:
        return Mode.ACT if policy.repeat else Mode.NONE
    check = policy.check(finding.check)
    return check.may if check is not None else Mode.NONE


def outdated(turn: Turn, rollback: Rollback) -> GuardFinding | None:
    """Why an intent is too old to be sent: much may have changed since it was decided."""
    age = turn.now - rollback.phase_began
    if age <= VALID:
        return None
    if rollback.denied:
        return GuardFinding("forbidden", f"a permission is missing: {rollback.denied}")
    return GuardFinding("outdated", f"it could not be carried out for {seconds(age)}")


def ignorant_since(turn: Turn, rollback: Rollback, why: GuardFinding | None) -> float | None:
    """Since when the intent is not sent because something has not been looked at; None: that is not why."""
    if why is None or why.id not in IGNORANCE:
        return None
    return turn.now if rollback.ignorant_since is None else rollback.ignorant_since


def may_soon_be_known(turn: Turn) -> bool:
    """Whether an intent waits unsent for something to be looked at, as after a start, rather than being given up."""
    since = turn.rollback.ignorant_since
    return since is not None and turn.now - since < LOOKED_AT


def blind(turn: Turn) -> bool:
    """Whether the verification clock stands: the API, or for recovery a source concerned, shows nothing now."""
    if turn.observation.surroundings.cache_age > STALE_CACHE:
        return True
    watch = turn.watch
    sick = {source.name for source in turn.observation.sources if not source.healthy}
    concerned = {finding.source for finding in watch.decision.findings} if watch.decision is not None else set()
    return watch.phase is Phase.RECOVERING and bool(sick & concerned)
