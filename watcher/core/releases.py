"""Recognising releases: what changed since the workload was last looked at, and what kind of change it is."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.deciding.ledger import known, quarantined
from watcher.core.deciding.siblings import origins
from watcher.core.model import Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Mark, Release, Watch, WorkloadState
from watcher.core.words import Change, Outcome, Rung, Verdict

AMID_BREACH = "recovery release: it began while"

RETURNS = "recovery release: it returns to"

FORWARD_ONLY = "marked roll-forward-only"

CONCLUDED = (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED, Outcome.DID_NOT_HELP)
"""Outcomes after which the target was seen in place."""


def mark(revision: Revision, since: float) -> Mark:
    """Remember this revision as the one looked at last."""
    return Mark(revision.number, revision.name, revision.template_id, revision.code_id, revision.images, since)


def first_sight(view: WorkloadView, newest: Revision, policy: Policy, now: float) -> WorkloadState:
    """The state of a workload never seen before: a recent or unfinished rollout is a release under watch.

    The release before it, if its revision still exists, is what ran until then.
    """
    others = [each for each in view.revisions if each.number != newest.number]
    before = max(others, key=lambda each: each.number, default=None)
    since = max(each.created for each in view.revisions)  # an old template that came back did so after all others
    state = WorkloadState(view.workload, view.uid, mark(newest, since))
    if before is None or not _worth_watching(view, now - since, policy):
        return state
    earlier = WorkloadState(view.workload, view.uid, mark(before, before.created))
    return replace(state, watch=Watch(release(earlier, view, newest, policy, since)))


def _worth_watching(view: WorkloadView, age: float, policy: Policy) -> bool:
    """Whether a release found at first sight is still one; a canary may well pause for days."""
    if view.rollout is not None and view.rollout.in_progress:
        return True
    return age < (policy.bake.max if view.replacing else policy.bake.hold_for)


def release(state: WorkloadState, view: WorkloadView, newest: Revision, policy: Policy, now: float) -> Release:
    """The release that led from the marked revision to `newest`."""
    began = newest.created if newest.created > state.mark.since else now
    before = _ran_before(state.mark, view, newest)
    return Release(
        id=f"{view.uid}/{newest.number}",
        workload=view.workload,
        uid=view.uid,
        number=newest.number,
        revision=newest.name,
        template_id=newest.template_id,
        images=newest.images,
        change=_change(before, newest),
        began=began,
        previous=before.template_id,
        previous_revision=_served(before, view) if not _amid_breach(state) else "",
        never_undo=_never_undo(state, newest, policy, now),
        origins=origins(before, newest),
        flag=newest.flag,
    )


def returned(before: Release, state: WorkloadState, newest: Revision, policy: Policy, now: float) -> Release:
    """The release that begins when an aborted Rollout is set going again: revision, number and template are the same.

    What it is compared with has not changed either; only whether it may be undone is asked anew.
    """
    times = before.returned + 1
    return replace(
        before,
        id=f"{before.uid}/{before.number}.{times}",
        began=now,
        never_undo=_never_undo(state, newest, policy, now),
        returned=times,
    )


def is_own_way_back(watch: Watch | None, view: WorkloadView, newest: Revision) -> bool:
    """Whether `newest` is what our own rollback put in place, hence no release to watch.

    Our decision's id stands on the object since the very patch that put the template back; what Git brings back bears
    no mark.
    """
    if watch is None or watch.rollback is None or watch.decision is None or watch.decision.target is None:
        return False
    if watch.outcome in CONCLUDED:  # it was put in place long ago; this is somebody's restart
        return False
    same = newest.template_id == watch.decision.target.template_id
    by_git = watch.rollback.revert is not None or watch.rollback.rung in (Rung.SYNC, Rung.BRIDGE)
    return same and (by_git or view.decision == watch.decision.id)


def is_numbered(state: WorkloadState, newest: Revision) -> bool:
    """Whether the controller has given the newest revision its number: an old template that comes back bears the old
    number for a moment, and is no release of that number.  Numbers begin anew where all revisions were deleted."""
    return newest.number >= state.mark.number or newest.created > state.mark.since


def _ran_before(marked: Mark, view: WorkloadView, newest: Revision) -> Mark:
    """What ran until this release: of a Rollout that never finished the one before, its stable version."""
    found = view.stable()
    if found is None or found.name in (marked.revision, newest.name):
        return marked
    return mark(found, marked.since)


def _served(before: Mark, view: WorkloadView) -> str:
    """Name of the revision that served until the release: the stable one also where the spec asked for another."""
    return view.rollout.stable if view.rollout is not None and view.rollout.stable else before.revision


def _change(before: Mark, newest: Revision) -> Change:
    if newest.template_id == before.template_id:
        return Change.RESTART
    return Change.CONFIGURATION if newest.code_id == before.code_id else Change.VERSION


def _never_undo(state: WorkloadState, newest: Revision, policy: Policy, now: float) -> str:
    if newest.roll_forward_only:
        return f"{FORWARD_ONLY}: {newest.roll_forward_only}"
    watch = state.watch
    if watch is not None and newest.template_id != watch.release.template_id and _amid_breach(state):
        return f"{AMID_BREACH} revision {watch.release.revision} stood at breach"
    good = known(state.known_good, newest.template_id, policy.known_good, now)
    if quarantined(state, newest.template_id) is not None:
        return ""
    if good is not None and newest.template_id != state.mark.template_id:
        return f"{RETURNS} revision {good.revision}, known good ({good.provenance})"
    return ""


def _amid_breach(state: WorkloadState) -> bool:
    """Whether the service is still in trouble: at breach, or in the middle of a recovery from one."""
    watch = state.watch
    if watch is None:
        return False
    if watch.verdict is Verdict.BREACH:
        restored = watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
        return watch.breached_at is not None and not restored
    return watch.verdict is None and watch.release.never_undo.startswith(AMID_BREACH)
