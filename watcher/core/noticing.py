"""Noticing what became of the workload since the last step: a new release, our own way back, an abort and its end."""

from __future__ import annotations

from dataclasses import replace

from watcher.core import releases
from watcher.core.carrying_out import ending, mechanism, settling
from watcher.core.deciding import ledger
from watcher.core.model import Revision
from watcher.core.sentence import seconds
from watcher.core.state import AbortSeen, Release, Watch
from watcher.core.turn import Turn
from watcher.core.words import Outcome, Phase, Rung, Stage, Verdict

ABORTED = "the Rollout was aborted; its stable version serves"
"""Why a watch ended that somebody, or an analysis, ended by an abort."""


def notice(turn: Turn, newest: Revision) -> None:
    """Look at the revision that the spec asks for, and at what a Rollout's controller does with it."""
    if newest.number != turn.state.mark.number:
        _notice_revision(turn, newest)
    _notice_abort(turn, newest)


def end_if_aborted(turn: Turn) -> None:
    """End the watch of a Rollout that was aborted otherwise than by a rollback of ours: nothing of it serves."""
    watch, aborted = turn.watch, turn.state.aborted
    if aborted is None or watch.carrying_out or not mechanism.abort_is_done(turn.view, watch.release):
        return
    stable = turn.view.stable()
    if stable is not None:
        entries = ledger.now_runs(turn.state.known_good, stable.template_id, turn.now)
        turn.state = replace(turn.state, known_good=entries)
    turn.close(ABORTED)


def _notice_revision(turn: Turn, newest: Revision) -> None:
    """A newer revision than the one marked: our own way back, or a new release that ends the watch before."""
    turn.state = replace(turn.state, aborted=None)
    if _put_back(turn, newest):
        return
    if releases.is_own_way_back(turn.state.watch, turn.view, newest):
        entries = ledger.now_runs(turn.state.known_good, newest.template_id, turn.now)
        turn.state = replace(turn.state, mark=releases.mark(newest, turn.now), known_good=entries)
        turn.move("own_way_back")
        return
    release = releases.release(turn.state, turn.view, newest, turn.policy, turn.now)
    other = newest.template_id != turn.state.mark.template_id
    _leave(turn, release)
    _begin(turn, newest, release, f"superseded by revision {release.revision}")
    if other:
        _tell_if_bad(turn, release)


def _put_back(turn: Turn, newest: Revision) -> bool:
    """Whether a GitOps tool has put the bad version back during an undo: that is sent once more."""
    watch = turn.state.watch
    if watch is None or watch.rollback is None or not watch.carrying_out or turn.view.manager is None:
        return False
    rollback, release = watch.rollback, watch.release
    undone = mechanism.by_undo(turn.view, rollback) and rollback.applied
    if not undone or newest.template_id != release.template_id:
        return False
    if rollback.put_back:
        return False
    turn.state = replace(turn.state, mark=releases.mark(newest, turn.now))
    again = replace(release, number=newest.number, revision=newest.name)
    rollback = replace(
        rollback, put_back=True, applied=False, complete=False, phase_began=turn.now, next_order=turn.now
    )
    turn.update(replace(watch, release=again, phase=Phase.ACTING, rollback=rollback))
    turn.move("put_back")
    return True


def _leave(turn: Turn, release: Release) -> None:
    """Somebody's way back, or a hotfix, says of the version before that it was bad."""
    watch, marked = turn.state.watch, turn.state.mark
    if not release.never_undo.startswith("recovery"):
        return
    reason = f"somebody went back to {release.revision}"
    turn.state = replace(turn.state, known_good=ledger.revoke(turn.state.known_good, marked.template_id, reason))
    hotfix = release.never_undo.startswith(releases.AMID_BREACH)
    if not hotfix or (watch is not None and watch.verdict is Verdict.BREACH):
        reason = f"somebody went from it to {release.revision}"
        origins = watch.release.origins if watch is not None and watch.release.template_id == marked.template_id else ()
        turn.state = ledger.quarantine_template(
            turn.state, marked.template_id, marked.revision, reason, turn.now, origins
        )


def _begin(turn: Turn, newest: Revision, release: Release, why: str) -> None:
    """Watch this release instead of whatever was under watch."""
    _supersede(turn, why)
    turn.state = replace(
        turn.state,
        mark=releases.mark(newest, release.began),
        known_good=ledger.now_runs(turn.state.known_good, newest.template_id, release.began),
        watch=Watch(release),
        decisions=0,
    )
    turn.observation = replace(turn.observation, blocks=())  # counted for the watch before; they come again
    turn.move("release")


def _supersede(turn: Turn, why: str) -> None:
    watch = turn.state.open_watch
    if watch is None:
        return
    outcome = Outcome.SUPERSEDED if watch.rollback is not None else None
    if outcome is not None:
        turn.announce(
            Stage.SUPERSEDED,
            f"The rollback of revision {watch.release.revision} is over: {why}{ending.done_so_far(turn)}.",
        )
    if watch.phase in (Phase.ACTING, Phase.MIGRATING):  # nobody knows what became of the order; cooldown counts from it
        turn.state = replace(turn.state, last_rollback=turn.now, last_rolled_back=watch.release.id)
    turn.state = settling.left(turn.state, turn.now)
    turn.close(why, outcome)
    turn.ended.append(turn.watch)


def _tell_if_bad(turn: Turn, release: Release) -> None:
    bad = ledger.comes_back(turn.state, release)
    if bad is None:
        return
    turn.move("bad_version_back")
    ago = seconds(turn.now - bad.since)
    text = f"Revision {release.revision} is back: {bad.reason}, {ago} ago. It is watched and judged anew."
    turn.announce(Stage.BAD_VERSION_BACK, text)


def _notice_abort(turn: Turn, newest: Revision) -> None:
    """A Rollout keeps revision and template through an abort, and when it is set going again after one.

    Only of the release that is, or was last, under watch: what becomes of our own way back is the rollback's matter.
    """
    rollout, watch, seen = turn.view.rollout, turn.state.watch, turn.state.aborted
    if rollout is None or rollout.current != newest.name or watch is None or watch.release.number != newest.number:
        return
    if rollout.in_progress and rollout.aborted_at:
        if seen is None:
            _aborted(turn, watch)
    elif seen is not None and turn.view.observed and not rollout.abort and not rollout.aborted_at:
        release = releases.returned(watch.release, turn.state, newest, turn.policy, turn.now)
        turn.state = replace(turn.state, aborted=None)
        _begin(turn, newest, release, "the Rollout was set going again after an abort")
        _tell_if_bad(turn, release)


def _aborted(turn: Turn, watch: Watch) -> None:
    release, reason = watch.release, "somebody, or an analysis, aborted it"
    if watch.decision is not None and watch.rollback is not None and watch.rollback.rung is Rung.ABORT:
        reason = f"it was aborted as decision {watch.decision.id}"
    state = ledger.quarantine(turn.state, release, reason, turn.now)
    turn.state = replace(state, aborted=AbortSeen(release.revision, turn.now))
    turn.move("aborted")
