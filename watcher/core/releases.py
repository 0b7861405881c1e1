"""Recognising releases: what changed since the workload was last looked at, and what kind of change it is."""

from __future__ import annotations

from watcher.core.ledger import known
from watcher.core.model import Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Mark, Release, Watch, WorkloadState
from watcher.core.words import Change, Outcome, Verdict


def mark(revision: Revision, since: float) -> Mark:
    """Remember this revision as the one looked at last."""
    return Mark(revision.number, revision.name, revision.template_id, revision.code_id, revision.images, since)


def first_sight(view: WorkloadView, newest: Revision, policy: Policy, now: float) -> WorkloadState:
    """The state of a workload never seen before: a recent or unfinished rollout is a release under watch.

    The release before it, if its revision still exists, is what ran until then.
    """
    others = [each for each in view.revisions if each.number != newest.number]
    before = max(others, key=lambda each: each.number, default=None)
    state = WorkloadState(view.workload, view.uid, mark(newest, newest.created))
    recent = now - newest.created < policy.bake.hold_for
    if before is None or (view.rolled_out and not recent):
        return state
    earlier = WorkloadState(view.workload, view.uid, mark(before, before.created))
    return WorkloadState(
        view.workload, view.uid, state.mark, watch=Watch(release(earlier, view, newest, policy, newest.created))
    )


def release(state: WorkloadState, view: WorkloadView, newest: Revision, policy: Policy, now: float) -> Release:
    """The release that led from the marked revision to `newest`."""
    began = newest.created if newest.created > state.mark.since else now
    return Release(
        id=f"{view.uid}/{newest.number}",
        workload=view.workload,
        uid=view.uid,
        number=newest.number,
        revision=newest.name,
        template_id=newest.template_id,
        images=newest.images,
        change=_change(state.mark, newest),
        began=began,
        previous=state.mark.template_id,
        never_undo=_never_undo(state, newest, policy, now),
    )


def is_own_way_back(watch: Watch | None, view: WorkloadView, newest: Revision) -> bool:
    """Whether `newest` is what our own rollback put in place, hence no release to watch.

    Our decision's id stands on the object since the very patch that put the template back.
    """
    if watch is None or watch.rollback is None or watch.decision is None or watch.decision.target is None:
        return False
    same = newest.template_id == watch.decision.target.template_id
    return same and view.decision == watch.decision.id


def _change(before: Mark, newest: Revision) -> Change:
    if newest.template_id == before.template_id:
        return Change.RESTART
    return Change.CONFIGURATION if newest.code_id == before.code_id else Change.VERSION


def _never_undo(state: WorkloadState, newest: Revision, policy: Policy, now: float) -> str:
    if newest.roll_forward_only:
        return f"marked roll-forward-only: {newest.roll_forward_only}"
    watch = state.watch
    if watch is not None and _stands_at_breach(watch):
        return f"recovery release: it began while revision {watch.release.revision} stood at breach"
    good = known(state.known_good, newest.template_id, policy.known_good, now)
    if good is not None and newest.template_id != state.mark.template_id:
        return f"recovery release: it returns to revision {good.revision}, known good ({good.provenance})"
    return ""


def _stands_at_breach(watch: Watch) -> bool:
    restored = watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    return watch.verdict is Verdict.BREACH and not restored
