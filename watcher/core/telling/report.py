"""Decisions and releases as people and programs read them: plain dictionaries, ready for JSON.

Times are Unix seconds, durations seconds.  The shapes are part of the HTTP API and of the decision log.
"""

from __future__ import annotations

from watcher.core.deciding import approving
from watcher.core.deciding.breaker import Breaker
from watcher.core.deciding.holding import Hold
from watcher.core.model import Approval, Frozen, Request, Word
from watcher.core.state import Decision, Finding, Refused, RungStep, Watch, WorkloadState
from watcher.core.telling import accompanying
from watcher.core.telling.remedies import approve_commands, remedy
from watcher.core.words import Action, Outcome

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
        "called": _called(watch.said),
    }


def first_bad_at(decision: Decision) -> float | None:
    """Start of the first bad block that led to this decision."""
    return min((each.since for each in decision.findings if each.since is not None), default=None)


def restored_at(watch: Watch) -> float | None:
    """When the service was proven to have recovered."""
    return watch.ended_at if watch.outcome is Outcome.RESTORED else None


def _approval(approval: Approval | None) -> Body | None:
    if approval is None:
        return None
    return {"by": approval.by, "at": approval.at, "way": approval.way, "decision": approval.decision}


def _called(word: Word | None) -> Body | None:
    if word is None:
        return None
    return {"verdict": "good" if word.good else "bad", "by": word.by, "at": word.at, "reason": word.reason}


def _request(request: Request | None) -> Body | None:
    if request is None:
        return None
    named = {"from": request.leaving, "to": request.to, "overrides": list(request.overrides)}
    return {"by": request.by, "at": request.at, "way": request.way, "reason": request.reason, **named}


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
