"""The proof of a way back: the workload comes to the target, and the service is well on it."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import climbing, downs, ending, hearing, mechanism, pairing, recovery
from watcher.core.deciding import commanded, permission
from watcher.core.deciding.approving import may_go
from watcher.core.model import Result
from watcher.core.orders import ReleaseStuckPodsOrder
from watcher.core.sentence import seconds
from watcher.core.state import Rollback
from watcher.core.turn import Turn
from watcher.core.words import Outcome, Phase, Rung, Stage

STUCK_PAUSE = 10.0
"""Seconds between two orders to delete stuck pods."""

TRIED_ENOUGH = 5
"""Orders after which nobody is asked any more whether an undo that shows on the object was carried through."""


def confirm(turn: Turn) -> None:
    """See the workload come to the target, and give what is missing once more."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    report = hearing.own_report(turn)
    if report is not None and report.result not in (Result.APPLIED, Result.ALREADY):
        rollback = replace(rollback, message=report.message)
        turn.update(replace(watch, rollback=rollback))
    if mechanism.on_target(turn.view, decision, rollback, watch.release):
        _on_target(turn)
    elif report is not None and report.result == Result.REFUSED and rollback.rung is Rung.BRIDGE:
        climbing.rung_failed(turn, report.message)
    elif mechanism.cannot_work_any_more(turn.view, decision, rollback):
        climbing.rung_failed(turn, "the Rollout was promoted before the abort took effect")
    elif rollback.revert is not None and rollback.revert.failed and rollback.rung is Rung.GIT:
        climbing.rung_failed(turn, rollback.revert.failed)
    elif pairing.waits_for_person(rollback):
        _wait_for_person(turn)
    elif rollback.waited > mechanism.allowed(watch, turn.policy.progress_deadline):
        why = f": {rollback.message}" if rollback.message else ""
        climbing.rung_failed(turn, f"not on target after {rollback.waited:.0f} s{why}")
    elif _may_order(turn, rollback):
        _nudge(turn)


def _wait_for_person(turn: Turn) -> None:
    revert = turn.rollback.revert
    if revert is not None and turn.now - revert.began > pairing.WAIT_FOR_PERSON:
        ending.end_waiting(turn, revert.link)


def _may_order(turn: Turn, rollback: Rollback) -> bool:
    """Whether something may be ordered now that the rung's change was made."""
    if turn.observation.executing or turn.now < rollback.next_order:
        return False
    return permission.forbidden(turn, rollback.rung) is None


def _unfinished(turn: Turn, rollback: Rollback) -> bool:
    """Whether an undo shows on the object and nobody has told that it was carried through, as after a crash.

    Its last patch gives the changed fields back to whoever applied them; an abort's last patch is the abort.
    """
    return mechanism.by_undo(turn.view, rollback) and not rollback.complete and rollback.tried < TRIED_ENOUGH


def _on_target(turn: Turn) -> None:
    """The version is back: the down migrations that come after it are due, if there are any."""
    if downs.due(turn.watch, after=True) is None:
        arrived(turn)
        return
    turn.update(replace(turn.watch, phase=Phase.MIGRATING, rollback=replace(turn.rollback, waited=0.0)))
    turn.move("migrating")


def arrived(turn: Turn) -> None:
    """Nothing is left to be done; that the service recovered is to be proven from now on."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    rungs = tuple(replace(step, done_at=turn.now) if step.rung is rollback.rung else step for step in decision.rungs)
    rollback = replace(
        rollback, phase_began=turn.now, waited=0.0, recovery=recovery.begin(decision.findings, turn.policy)
    )
    turn.update(replace(watch, phase=Phase.RECOVERING, decision=replace(decision, rungs=rungs), rollback=rollback))
    took, what = seconds(turn.now - rollback.began), "off" if rollback.rung is Rung.FLAG else "on target"
    turn.announce(Stage.RUNG_DONE, f"{rollback.rung}: {what} after {took}; recovery is to be proven", rollback.rung)
    turn.move("on_target")


def _nudge(turn: Turn) -> None:
    """Give what is missing once more: a lost abort, skipped steps, pods that block an ordered StatefulSet."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    release = watch.release
    if not _undo_may_follow(turn, rollback):
        return
    if _unfinished(turn, rollback):
        climbing.order_again(turn)
        return
    stuck = mechanism.stuck_pods(turn.view, decision, release)
    if stuck:
        order = ReleaseStuckPodsOrder(decision.id, rollback.tried, release.workload, release.uid, stuck)
        turn.commands.append(replace(order, past_hold=commanded.past_hold(decision)))
        turn.update(replace(watch, rollback=replace(rollback, next_order=turn.now + STUCK_PAUSE)))
        turn.move("stuck_pods")
    elif mechanism.not_taken_up(turn.view, decision, rollback):
        climbing.order_again(turn)


def _undo_may_follow(turn: Turn, rollback: Rollback) -> bool:
    """Whether the undo that a bridge is for is still allowed."""
    return rollback.rung is not Rung.BRIDGE or may_go(turn.policy.rung_mode(Rung.UNDO), turn.watch.decision)


def recover(turn: Turn) -> None:
    """See whether the service is well on the target."""
    outcome = see(turn, mechanism.target_of(turn.decision).revision)
    rollback = turn.rollback
    if _unfinished(turn, rollback) and _may_order(turn, rollback):
        climbing.order_again(turn)
    elif outcome is not None and pairing.settled(turn) and _ends(turn, rollback):
        ending.finish(turn, outcome)


def see(turn: Turn, revision: str) -> Outcome | None:
    """Fold what this revision has served since the way back was there; how that ended, or None while it is open."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    seen = recovery.fold(rollback.recovery, turn.observation, turn.policy, revision, rollback.phase_began)
    rollback = replace(rollback, recovery=seen)
    turn.update(replace(watch, rollback=rollback))
    return recovery.outcome(rollback, decision.findings, turn.view, turn.policy, watch.evidence)


def _ends(turn: Turn, rollback: Rollback) -> bool:
    """Whether nothing is left that could still be ordered."""
    return not _unfinished(turn, rollback) or permission.forbidden(turn, rollback.rung) is not None
