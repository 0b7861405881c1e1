"""A way back as a mechanism: what is ordered, was it taken up, is the workload on target, what is stuck."""

from __future__ import annotations

from watcher.core.deciding import commanded
from watcher.core.gitops import Application, deployed_before
from watcher.core.model import WorkloadView
from watcher.core.orders import AbortOrder, PinOrder, RungOrder, SyncOrder, UndoOrder
from watcher.core.state import Decision, Release, Rollback, Target, Watch
from watcher.core.words import Kind, Rung

LEAST_ALLOWED = 60.0
"""Seconds that a mechanism is given at the least."""


def order(view: WorkloadView, decision: Decision, rollback: Rollback, release: Release) -> RungOrder:
    """The order for this rung of the decision; that for a revert in Git comes from `pairing`.

    A bridge that only keeps the tool off leads back by the undo that is ordered once it stands.
    """
    application = view.application
    if application is not None and rollback.rung in (Rung.SYNC, Rung.BRIDGE):
        stands = by_undo(view, rollback) and application.pinned == decision.id
        if not stands:
            return _at_the_tool(application, decision, rollback, release)
    if rollback.rung is Rung.ABORT:
        return AbortOrder(
            decision=decision.id,
            tried=rollback.tried,
            workload=release.workload,
            uid=release.uid,
            pod_hash=release.revision,
            clear_promotion=view.rollout is not None and view.rollout.promote_full,
            reason=decision.reason,
            past_hold=commanded.past_hold(decision),
        )
    target = target_of(decision)
    return UndoOrder(
        decision=decision.id,
        tried=rollback.tried,
        workload=release.workload,
        uid=release.uid,
        bad_template=release.template_id,
        target_template=target.template_id,
        target_revision=target.revision,
        reason=decision.reason,
        skip_steps=release.workload.kind is Kind.ROLLOUT,
        again=rollback.put_back,
        past_hold=commanded.past_hold(decision),
    )


def _at_the_tool(application: Application, decision: Decision, rollback: Rollback, release: Release) -> RungOrder:
    """What the GitOps tool is to follow for now."""
    if rollback.rung is Rung.SYNC:
        before = deployed_before(application, release.began)
        revisions = before.revisions if before is not None else ()
        return SyncOrder(
            decision=decision.id,
            tried=rollback.tried,
            workload=release.workload,
            uid=release.uid,
            application=application,
            revisions=revisions,
            reason=decision.reason,
            past_hold=commanded.past_hold(decision),
        )
    source, good = decision.source, decision.good
    if source is None:
        raise LookupError(f"decision {decision.id} names no source to pin")
    return PinOrder(
        decision=decision.id,
        tried=rollback.tried,
        workload=release.workload,
        uid=release.uid,
        application=application,
        source=source,
        revision=good,
        reason=decision.reason,
        past_hold=commanded.past_hold(decision),
    )


def by_undo(view: WorkloadView, rollback: Rollback) -> bool:
    """Whether it is an undo that leads back on this rung: on a bridge that keeps the tool off there is nothing else."""
    if rollback.rung is Rung.BRIDGE:
        return view.application is not None and not view.application.follows_commits
    return rollback.rung is Rung.UNDO


def target_of(decision: Decision) -> Target:
    """Where the decision leads.  Only to be asked of one that leads back."""
    if decision.target is None:
        raise LookupError(f"decision {decision.id} has no target")
    return decision.target


def shows_decision(view: WorkloadView, decision: Decision, rollback: Rollback) -> bool:
    """Whether the object itself, or the report of a revert, tells that this rung of the decision was carried out."""
    if rollback.rung is Rung.GIT:
        known = rollback.revert is not None and bool(rollback.revert.revision or rollback.revert.link)
        return known or by_git(view, decision, rollback)
    if rollback.rung is Rung.BRIDGE:
        return view.application is not None and view.application.pinned == decision.id
    if rollback.rung is Rung.SYNC or view.decision != decision.id:
        return False
    if rollback.rung is Rung.ABORT:
        return view.rollout is not None and bool(view.rollout.aborted_at)
    return has_target(view, decision)


def by_git(view: WorkloadView, decision: Decision, rollback: Rollback) -> bool:
    """Whether the revert that was ordered has led back, be it that nobody has heard of what became of the order."""
    return rollback.revert is not None and view.decision != decision.id and has_target(view, decision)


def has_target(view: WorkloadView, decision: Decision) -> bool:
    """Whether the spec asks for the target's template."""
    newest = view.newest()
    return newest is not None and decision.target is not None and newest.template_id == decision.target.template_id


def on_target(view: WorkloadView, decision: Decision, rollback: Rollback, release: Release) -> bool:
    """Whether the version before the release, and nothing else, serves."""
    if rollback.rung is Rung.ABORT and not (rollback.revert is not None and has_target(view, decision)):
        return abort_is_done(view, release)
    return has_target(view, decision) and view.rolled_out


def cannot_work_any_more(view: WorkloadView, decision: Decision, rollback: Rollback) -> bool:
    """An abort of a Rollout that was promoted meanwhile is ignored by its controller; a revert ends it by itself."""
    rollout = view.rollout
    if rollback.revert is not None and has_target(view, decision):
        return False
    return rollback.rung is Rung.ABORT and rollout is not None and not rollout.in_progress and not rollout.aborted_at


def not_taken_up(view: WorkloadView, decision: Decision, rollback: Rollback) -> bool:
    """Whether a Rollout's controller has lost the abort, or the promotion that skips the steps of the way back.

    Or a bridge stands, and the undo that it is for is not there yet.
    """
    rollout = view.rollout
    if rollback.rung is Rung.BRIDGE and by_undo(view, rollback) and not has_target(view, decision):
        return True
    if rollout is None:
        return False
    if rollback.rung is Rung.ABORT:
        return not rollout.aborted_at and not has_target(view, decision)  # a revert in Git may have come first
    return rollout.in_progress and not rollout.promote_full


def stuck_pods(view: WorkloadView, decision: Decision, release: Release) -> tuple[tuple[str, str], ...]:
    """Pods of the bad revision that wait for ever, or that an OnDelete strategy leaves; of the latter one at a time.

    Only once the controller has taken the target up, or it would make the same pods anew.
    """
    if view.workload.kind not in (Kind.STATEFUL_SET, Kind.DAEMON_SET):
        return ()
    if not view.observed or not has_target(view, decision):
        return ()
    left = [pod for pod in view.pods_of(release.revision) if pod.terminating is None]
    unready = [pod for pod in left if not pod.ready]
    if unready:
        return tuple((pod.name, pod.uid) for pod in unready)
    if view.on_delete and view.ready >= view.desired:
        return tuple((pod.name, pod.uid) for pod in left[:1])
    return ()


def allowed(watch: Watch, progress_deadline: float) -> float:
    """Seconds the mechanism is given: half as much again as the way forward took."""
    if watch.rolled_out_at is None:
        return max(LEAST_ALLOWED, progress_deadline)
    return max(LEAST_ALLOWED, 1.5 * (watch.rolled_out_at - watch.release.began))


def abort_is_done(view: WorkloadView, release: Release) -> bool:
    """Whether an abort of this release is through: only the stable version serves."""
    rollout = view.rollout
    if rollout is None or not rollout.aborted_at:
        return False
    if rollout.strategy == "blueGreen":
        return rollout.active_selector == rollout.stable
    if rollout.routed:
        return not rollout.canary_weight
    stable = view.stable()
    bad = view.revision(release.number)
    gone = bad is None or (bad.desired == 0 and bad.ready == 0)
    return gone and stable is not None and stable.available >= view.desired
