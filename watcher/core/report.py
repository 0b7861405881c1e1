"""Decisions and releases as people and programs read them: plain dictionaries, ready for JSON.

Times are Unix seconds, durations seconds.  The shapes are part of the HTTP API and of the decision log.
"""

from __future__ import annotations

from watcher.core import accompanying, approving, causes, commanded
from watcher.core.breaker import Breaker
from watcher.core.guards import GUARDS
from watcher.core.holding import Hold
from watcher.core.ladder import next_rung
from watcher.core.model import Approval, Frozen, Request
from watcher.core.pairing import by_hand
from watcher.core.state import Decision, Finding, Refused, RungStep, Watch, WorkloadState
from watcher.core.words import Action, Durability, Kind, Mode, Outcome, Phase, Rung

FORWARD = "no revision is known good to go back to: go forward, or choose one by hand"

Body = dict[str, object]


def decision_body(watch: Watch, decision: Decision, *, until: float | None = None, replaced_by: str = "") -> Body:
    """One decision with its evidence, its ladder and what became of it.

    `until`: when a proposal ends with the watch.  `replaced_by`: id of the decision that took its place.
    """
    waits = not replaced_by and approving.waits(watch)
    release, rollback = watch.release, watch.rollback
    return {
        "id": decision.id,
        "attempt": decision.attempt,
        "at": decision.at,
        "workload": str(release.workload),
        "release": release.id,
        "revision": release.revision,
        "images": list(release.images),
        "siblings": list(decision.siblings),
        "action": decision.action.value,
        "mode": decision.mode.value,
        "why_mode": decision.why_mode,
        "approval": _approval(decision.approval),
        "request": _request(decision.request),
        "overridden": [{"id": each.id, "reason": each.reason} for each in decision.overridden],
        "waiting": {"until": until, "approve": approve_commands(watch, decision)} if waits else None,
        "replaced_by": replaced_by,
        "guard": {"id": decision.guard.id, "reason": decision.guard.reason} if decision.guard else None,
        "guards": [{"id": each.id, "reason": each.reason} for each in decision.guards],
        "verdicts": [finding_body(each) for each in decision.findings],
        "rung": rollback.rung.value if rollback is not None else None,
        "rungs": [_rung(each) for each in decision.rungs],
        "target": _target(decision),
        "git": _git(watch, decision),
        "flag": accompanying.flag_body(watch, decision),
        "migrations": accompanying.migrations_body(decision),
        "downs": [accompanying.down_body(each) for each in watch.downs],
        "causes": list(watch.causes),
        "reason": decision.reason,
        "phase": watch.phase.value,
        "outcome": watch.outcome.value if watch.outcome is not None else None,
        "durability": watch.durability.value if watch.durability is not None else None,
        "first_bad_at": first_bad_at(decision),
        "decided_at": decision.at,
        "restored_at": restored_at(watch),
        "remedy": "" if replaced_by else remedy(watch, decision),
    }


def release_body(watch: Watch) -> Body:
    """One release under watch, or as its watch ended."""
    release, decision = watch.release, watch.decision
    return {
        "id": release.id,
        "workload": str(release.workload),
        "revision": release.revision,
        "number": release.number,
        "images": list(release.images),
        "change": release.change.value,
        "began": release.began,
        "phase": watch.phase.value,
        "verdict": watch.verdict.value if watch.verdict is not None else None,
        "action": decision.action.value if decision is not None else Action.NONE.value,
        "decision": decision.id if decision is not None else None,
        "guard": decision.guard.id if decision is not None and decision.guard else None,
        "outcome": watch.outcome.value if watch.outcome is not None else None,
        "rolled_out_at": watch.rolled_out_at,
        "ended": watch.ended_at,
        "reason": watch.end_reason or (decision.reason if decision is not None else ""),
        "never_undo": release.never_undo,
    }


def first_bad_at(decision: Decision) -> float | None:
    """Start of the first bad block that led to this decision."""
    return min((each.since for each in decision.findings if each.since is not None), default=None)


def restored_at(watch: Watch) -> float | None:
    """When the service was proven to have recovered."""
    return watch.ended_at if watch.outcome is Outcome.RESTORED else None


def remedy(watch: Watch, decision: Decision) -> str:
    """The one thing a person must do, as a command where there is one; empty when nothing is left to do."""
    first = _first(watch, decision)
    if watch.switched is None or not (watch.phase is Phase.CLOSED or decision.guards):
        return first
    off = f"{watch.switched.flag} stays off until: {accompanying.restore_command(watch.switched.decision)}"
    return f"{first} {off}" if first else off


def _first(watch: Watch, decision: Decision) -> str:
    way = _by_hand(watch, decision)
    in_git = _left_in_git(watch)
    if in_git is not None and watch.outcome is not Outcome.DID_NOT_HELP:
        return in_git
    if watch.phase is Phase.CLOSED and watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED):
        if watch.rollback is not None and watch.rollback.rung is Rung.FLAG:
            return "Mend what the flag switches on, then switch it on again."
        return "Put the good version into its source too: the next apply of the bad manifest brings it back."
    if watch.outcome is Outcome.DID_NOT_HELP:
        return f"Going back did not help. {causes.sentence(watch.causes)}"
    if watch.outcome is Outcome.FAILED:
        return _after_failure(watch, way)
    if decision.action is Action.ROLL_FORWARD:
        return "Roll forward: release a fix; going back would break data."
    if decision.action is Action.HOLD:
        return f"Decide whether the guard is right; if not, {_past_guards(watch, decision, way)}"
    if approving.waits(watch):
        by_hand = f"; or by hand: {way}" if way else ""
        return f"Only propose: to go back, run: {approve_commands(watch, decision)[0]}{by_hand}"
    if decision.mode in (Mode.PROPOSE, Mode.OBSERVE):
        return f"Only {decision.mode}: {f'to go back, run: {way}' if way else FORWARD}"
    return ""


def _past_guards(watch: Watch, decision: Decision, way: str) -> str:
    """What a person does who thinks that the guards are wrong: a daemon that acts is told, or it is done by hand."""
    by_hand = f"go back by hand: {way}" if way else FORWARD
    command = rollback_command(watch, decision)
    return f"run: {command}; or {by_hand}" if command else by_hand


def rollback_command(watch: Watch, decision: Decision) -> str:
    """The command by which a daemon that acts goes back past the guards that hold; empty where none does that."""
    guards = [each.id for each in decision.guards]
    if decision.mode not in (Mode.ACT, Mode.PROPOSE) or next_rung(decision.rungs) is None:
        return ""
    if guards == ["no_target"]:
        return commanded.line(str(watch.release.workload), "TEXT", "REVISION", (commanded.UNPROVEN,))
    if any(each not in GUARDS or not GUARDS[each].passable for each in guards):
        return ""
    return commanded.line(str(watch.release.workload), "TEXT", "", tuple(guards))


def _left_in_git(watch: Watch) -> str | None:
    """What is left to do in Git, where a revert belongs to it: empty when nothing is; None: nothing is known."""
    revert = watch.rollback.revert if watch.rollback is not None else None
    if revert is None:
        return None
    if watch.durability is Durability.DURABLE:
        return ""
    if revert.link and not revert.revision and not revert.failed:
        return f"Merge {revert.link}: until then Git holds the bad version."
    if watch.phase is Phase.CLOSED and not revert.revision:
        return f"Git holds the bad version: {by_hand(revert)}"
    return None


def approve_commands(watch: Watch, decision: Decision) -> list[str]:
    """The commands by which a person approves: over HTTP, and with nothing but kubectl."""
    workload = watch.release.workload
    kind = f"{workload.kind.lower()}/{workload.name}"
    return [
        f"watcher approve {decision.id}",
        f"kubectl -n {workload.namespace} annotate --overwrite {kind} watcher.dev/approve={decision.id}",
    ]


def _approval(approval: Approval | None) -> Body | None:
    if approval is None:
        return None
    return {"by": approval.by, "at": approval.at, "way": approval.way, "decision": approval.decision}


def _request(request: Request | None) -> Body | None:
    if request is None:
        return None
    named = {"to": request.to, "overrides": list(request.overrides)}
    return {"by": request.by, "at": request.at, "way": request.way, "reason": request.reason, **named}


def _after_failure(watch: Watch, way: str) -> str:
    rollback, workload = watch.rollback, watch.release.workload
    broken = next((each for each in watch.downs if each.failed), None)
    if broken is not None:
        return f"Down migration {broken.note} did not succeed: see its Job's logs, and put the database right by hand."
    if rollback is not None and rollback.applied and rollback.rung is Rung.UNDO:
        get = f"kubectl -n {workload.namespace} describe {workload.kind.lower()}/{workload.name}"
        return f"The good version is in the spec already and does not come up; do not undo again, see why: {get}"
    if not way:
        return f"The rollback failed: {FORWARD}"
    again = commanded.line(str(workload), "TEXT", "", ())
    return f"Go back by hand: {way}; or, once what kept it from working is mended, run: {again}"


def _by_hand(watch: Watch, decision: Decision) -> str:
    """The command that leads to the target; empty where there is none.

    The revision is named: without it `kubectl` goes to the previous one, whatever that is.  A controller renumbers a
    template that comes back, so the number holds until the next release.
    """
    workload, target = watch.release.workload, decision.target
    if decision.source is not None and decision.good:
        return f"revert to {decision.good[:12]} on {decision.source.branch} of {decision.source.repo}"
    if target is None or not target.number:
        return ""
    if workload.kind is not Kind.ROLLOUT:
        kind = workload.kind.lower()
        return f"kubectl -n {workload.namespace} rollout undo {kind}/{workload.name} --to-revision={target.number}"
    chosen = next_rung(decision.rungs)
    if chosen is not None and chosen.rung is Rung.ABORT:
        return f"kubectl argo rollouts abort {workload.name} -n {workload.namespace}"
    return f"kubectl argo rollouts undo {workload.name} -n {workload.namespace} --to-revision={target.number}"


def breaker_body(breaker: Breaker) -> Body:
    """One breaker as it stands."""
    closed = breaker.closed
    return {
        "scope": breaker.scope,
        "open": breaker.open,
        "rollbacks": breaker.count,
        "max": breaker.limit.max,
        "window_s": breaker.limit.window,
        "closes": breaker.closes,
        "closed": {"at": closed.at, "by": closed.author, "reason": closed.reason} if closed is not None else None,
    }


def frozen_body(frozen: Frozen) -> Body:
    """A freeze window that is open."""
    return {"name": frozen.name, "until": frozen.until, "reason": frozen.reason, "except": list(frozen.rungs)}


def hold_body(hold: Hold) -> Body:
    """A hold that is in force."""
    return {
        "scope": hold.scope,
        "reason": hold.reason,
        "by": hold.author,
        "since": hold.since,
        "until": hold.until,
        "where": hold.where or "decision log",
    }


def ledger_body(state: WorkloadState | None) -> Body:
    """What is known of the workload's revisions, and the last command of a person that was refused."""
    known, bad = (state.known_good, state.quarantined) if state is not None else ((), ())
    return {
        "known_good": [
            {"revision": each.revision, "provenance": each.provenance.value, "revoked": each.revoked, "by": each.by}
            for each in known
        ],
        "quarantined": [
            {"revision": each.revision, "reason": each.reason, "since": each.since, "by": each.by} for each in bad
        ],
        "refused": _refused(state.refused) if state is not None else None,
    }


def _refused(refused: Refused | None) -> Body | None:
    if refused is None:
        return None
    return {"by": refused.request.by, "at": refused.at, "reason": refused.request.reason, "why": refused.reason}


def finding_body(finding: Finding) -> Body:
    """What one check says."""
    return {
        "check": finding.check,
        "lane": finding.lane.value if finding.lane is not None else None,
        "verdict": finding.verdict.value if finding.verdict is not None else None,
        "sentence": finding.sentence,
        "may": finding.may.value,
        "since": finding.since,
        "limit": finding.limit,
    }


def _rung(step: RungStep) -> Body:
    took = step.done_at - step.at if step.at is not None and step.done_at is not None else None
    return {
        "rung": step.rung.value,
        "mode": step.mode.value,
        "taken": step.at is not None,
        "reason": step.reason,
        "failed": step.failed,
        "at": step.at,
        "took_s": took,
    }


def _git(watch: Watch, decision: Decision) -> Body | None:
    """Where in Git the version came from, and what became of its revert; None where nobody looked there."""
    revert = watch.rollback.revert if watch.rollback is not None else None
    source = revert.source if revert is not None else decision.source
    if source is None:
        return None
    return {
        "application": str(revert.application) if revert is not None else "",
        "repo": source.repo,
        "branch": source.branch,
        "good": decision.good,
        "commits": [
            {"sha": each.sha, "author": each.author, "subject": each.subject, "at": each.at}
            for each in decision.commits
        ],
        "revision": revert.revision if revert is not None else "",
        "link": revert.link if revert is not None else "",
        "failed": revert.failed if revert is not None else "",
        "message": revert.message if revert is not None else "",
    }


def _target(decision: Decision) -> Body | None:
    target = decision.target
    if target is None:
        return None
    return {
        "revision": target.revision,
        "images": list(target.images),
        "template_id": target.template_id,
        "provenance": target.provenance.value if target.provenance is not None else None,
        "releases_back": target.releases_back,
    }
