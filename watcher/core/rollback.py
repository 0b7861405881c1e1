"""Carrying out a decision: order a rung, see it acknowledged, see the workload on target, see it recover.

A mechanism that fails leads to the next rung; a mechanism that works while the metric stays bad stops here and
pages (`did_not_help`), for a second blind rollback helps nobody.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core import ledger, recovery
from watcher.core.guards import STALE_CACHE
from watcher.core.ladder import next_rung
from watcher.core.model import Result, RungReport
from watcher.core.orders import AbortOrder, ReleaseStuckPodsOrder, RungOrder, UndoOrder
from watcher.core.state import Decision, Rollback, Target, Watch
from watcher.core.turn import Turn
from watcher.core.words import Durability, Kind, Mode, Outcome, Phase, Rung

ACKNOWLEDGE = 2.0
"""Seconds after which an order without visible effect is given again: Argo Rollouts 1.8.4 to 1.9.3 lose aborts."""

LONGEST_PAUSE = 30.0
"""Seconds between two orders, at the most."""

LEAST_ALLOWED = 60.0
"""Seconds that a mechanism is given at the least."""

TOO_MANY_CONFLICTS = 10
"""Decisions for one release that met a changed object, after which something is fighting us."""


def start(turn: Turn, decision: Decision) -> None:
    """Take the first rung of this decision.  The intent is durable before the order leaves."""
    chosen = next_rung(decision.rungs)
    if chosen is None:
        return
    _take(turn, decision, chosen.rung)
    turn.state = replace(turn.state, last_rollback=turn.now)
    turn.announce("RollingBack", decision.reason, warning=True)


def go_on(turn: Turn) -> None:
    """Continue the rollback under way."""
    watch = turn.watch
    if watch.rollback is None or watch.decision is None:
        return
    if not _blind(turn, watch):
        turn.update(
            replace(watch, rollback=replace(watch.rollback, waited=watch.rollback.waited + turn.passed_seconds()))
        )
    {Phase.ACTING: _acting, Phase.CONFIRMING: _confirming, Phase.RECOVERING: _recovering}[turn.watch.phase](turn)


def _acting(turn: Turn) -> None:
    report = turn.observation.report
    _, decision, rollback = _parts(turn)
    if _shows_decision(turn, decision):
        _acknowledged(turn, report.at if report is not None else turn.now)
    elif report is not None and (report.decision, report.rung) == (decision.id, rollback.rung):
        _reported(turn, report)
    elif not turn.observation.executing and turn.now >= rollback.next_order:
        _order_again(turn)


def _reported(turn: Turn, report: RungReport) -> None:
    if report.result in (Result.APPLIED, Result.ALREADY):
        _acknowledged(turn, report.at, report.message)
    elif report.result in (Result.CONFLICT, Result.HELD):
        _look_again(turn, report)
    elif report.result in (Result.FORBIDDEN, Result.REFUSED):
        _rung_failed(turn, report.message)
    else:
        _, _, rollback = _parts(turn)
        pause = min(LONGEST_PAUSE, 2.0 ** min(rollback.tried, 5))
        turn.update(
            replace(turn.watch, rollback=replace(rollback, next_order=turn.now + pause, message=report.message))
        )
        turn.move(f"{report.result}")


def _acknowledged(turn: Turn, at: float, message: str = "") -> None:
    watch, _, rollback = _parts(turn)
    rollback = replace(
        rollback, phase_began=at, waited=0.0, next_order=turn.now + ACKNOWLEDGE, message=message or rollback.message
    )
    turn.update(replace(watch, phase=Phase.CONFIRMING, rollback=rollback))
    turn.move("confirming")


def _look_again(turn: Turn, report: RungReport) -> None:
    """A precondition failed or a hold appeared: nothing was written; decide anew from what is true now."""
    watch, decision, _ = _parts(turn)
    if decision.attempt >= TOO_MANY_CONFLICTS:
        _rung_failed(turn, f"the object changed under every one of {decision.attempt} attempts: {report.message}")
        return
    turn.update(replace(watch, phase=Phase.WATCHING, rollback=None, decision=None))
    turn.move(f"{report.result}")


def stand_down(turn: Turn, reason: str) -> None:
    """Give up an intent that was not carried out, because something now forbids to write."""
    turn.update(replace(turn.watch, phase=Phase.WATCHING, rollback=None, decision=None))
    turn.move("stood_down")
    turn.announce("RollbackHeld", f"Rollback not sent: {reason}")


def _rung_failed(turn: Turn, message: str) -> None:
    watch, decision, rollback = _parts(turn)
    rungs = tuple(
        replace(step, failed=message, done_at=turn.now) if step.rung is rollback.rung else step
        for step in decision.rungs
    )
    decision = replace(decision, rungs=rungs)
    turn.update(replace(watch, decision=decision))
    following = next_rung(rungs)
    if following is None or following.mode is not Mode.ACT:
        turn.announce(
            "RollbackFailed", f"Rollback failed, a person is needed: {rollback.rung}: {message}", warning=True
        )
        turn.close(f"{rollback.rung}: {message}", Outcome.FAILED)
        return
    _take(turn, decision, following.rung)


def _take(turn: Turn, decision: Decision, rung: Rung) -> None:
    rungs = tuple(replace(step, at=turn.now) if step.rung is rung else step for step in decision.rungs)
    decision = replace(decision, rungs=rungs)
    began = turn.watch.rollback.began if turn.watch.rollback is not None else turn.now
    rollback = Rollback(rung, began=began, phase_began=turn.now)
    turn.update(replace(turn.watch, phase=Phase.ACTING, decision=decision, rollback=rollback))
    turn.move(f"{rung}")
    _order_again(turn)


def _order_again(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    pause = min(LONGEST_PAUSE, ACKNOWLEDGE * 2.0 ** min(rollback.tried, 5))
    rollback = replace(rollback, tried=rollback.tried + 1, next_order=turn.now + pause)
    turn.update(replace(watch, rollback=rollback))
    turn.commands.append(_order(turn, decision, rollback))
    turn.move("ordered")


def _order(turn: Turn, decision: Decision, rollback: Rollback) -> RungOrder:
    release, view = turn.watch.release, turn.view
    if rollback.rung is Rung.ABORT:
        return AbortOrder(
            decision=decision.id,
            tried=rollback.tried,
            workload=release.workload,
            uid=release.uid,
            pod_hash=release.revision,
            clear_promotion=view.rollout is not None and view.rollout.promote_full,
            reason=decision.reason,
        )
    target = _target(decision)
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
    )


def _confirming(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    if _on_target(turn):
        rungs = tuple(
            replace(step, done_at=turn.now) if step.rung is rollback.rung else step for step in decision.rungs
        )
        rollback = replace(
            rollback, phase_began=turn.now, waited=0.0, recovery=recovery.begin(decision.findings, turn.policy)
        )
        turn.update(replace(watch, phase=Phase.RECOVERING, decision=replace(decision, rungs=rungs), rollback=rollback))
        turn.move("on_target")
    elif _cannot_work_any_more(turn):
        _rung_failed(turn, "the Rollout was promoted before the abort took effect")
    elif rollback.waited > _allowed(turn):
        _rung_failed(turn, f"not on target after {rollback.waited:.0f} s")
    elif not turn.observation.executing and turn.now >= rollback.next_order:
        _nudge(turn)


def _nudge(turn: Turn) -> None:
    """Give what is missing once more: a lost abort, skipped steps, pods that block an ordered StatefulSet."""
    _, decision, rollback = _parts(turn)
    stuck = _stuck_pods(turn)
    if stuck:
        release = turn.watch.release
        turn.commands.append(ReleaseStuckPodsOrder(decision.id, rollback.tried, release.workload, release.uid, stuck))
        turn.update(replace(turn.watch, rollback=replace(rollback, next_order=turn.now + 5 * ACKNOWLEDGE)))
        turn.move("stuck_pods")
    elif _not_taken_up(turn):
        _order_again(turn)


def _not_taken_up(turn: Turn) -> bool:
    _, _, rollback = _parts(turn)
    rollout = turn.view.rollout
    if rollout is None:
        return False
    if rollback.rung is Rung.ABORT:
        return not rollout.aborted_at
    return rollout.in_progress and not rollout.promote_full


def _stuck_pods(turn: Turn) -> tuple[tuple[str, str], ...]:
    """Pods of the bad revision that wait for ever, or that an OnDelete strategy leaves; of the latter one at a time."""
    view, bad = turn.view, turn.watch.release.revision
    if view.workload.kind not in (Kind.STATEFUL_SET, Kind.DAEMON_SET):
        return ()
    left = [pod for pod in view.pods_of(bad) if pod.terminating is None]
    unready = [pod for pod in left if not pod.ready]
    if unready:
        return tuple((pod.name, pod.uid) for pod in unready)
    if view.on_delete and view.ready >= view.desired:
        return tuple((pod.name, pod.uid) for pod in left[:1])
    return ()


def _recovering(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    target = _target(decision)
    rollback = replace(
        rollback,
        recovery=recovery.fold(rollback.recovery, turn.observation, turn.policy, target.revision, rollback.phase_began),
    )
    turn.update(replace(watch, rollback=rollback))
    outcome = recovery.outcome(rollback, decision.findings, turn.view, turn.policy, watch.evidence)
    if outcome is not None:
        _finish(turn, outcome)


def _finish(turn: Turn, outcome: Outcome) -> None:
    watch, decision, rollback = _parts(turn)
    bad = watch.release.template_id
    reason = f"rolled back as decision {decision.id}"
    entries = ledger.revoke(turn.state.known_good, bad, reason)
    entries = ledger.runs_again(entries, _target(decision).template_id)
    durability = Durability.CLUSTER_ONLY if turn.view.manager is not None else Durability.DURABLE
    turn.state = replace(turn.state, known_good=entries, watch=replace(watch, durability=durability))
    text = recovery.describe(outcome, rollback, watch, turn.now)
    turn.announce("RolledBack", text, warning=outcome is Outcome.DID_NOT_HELP)
    turn.close(text, outcome)


def _shows_decision(turn: Turn, decision: Decision) -> bool:
    """Whether the object itself tells that an undo of this decision was applied."""
    newest = turn.view.newest()
    target = decision.target
    if newest is None or target is None or turn.watch.rollback is None or turn.watch.rollback.rung is not Rung.UNDO:
        return False
    return turn.view.decision == decision.id and newest.template_id == target.template_id


def _on_target(turn: Turn) -> bool:
    _, decision, rollback = _parts(turn)
    if rollback.rung is Rung.ABORT:
        return _abort_is_done(turn)
    newest = turn.view.newest()
    return newest is not None and newest.template_id == _target(decision).template_id and turn.view.rolled_out


def _abort_is_done(turn: Turn) -> bool:
    rollout, view = turn.view.rollout, turn.view
    if rollout is None or not rollout.aborted_at:
        return False
    if rollout.strategy == "blueGreen":
        return rollout.active_selector == rollout.stable
    if rollout.routed:
        return not rollout.canary_weight
    stable = next((each for each in view.revisions if each.name == rollout.stable), None)
    bad = view.revision(turn.watch.release.number)
    gone = bad is None or (bad.desired == 0 and bad.ready == 0)
    return gone and stable is not None and stable.available >= view.desired


def _cannot_work_any_more(turn: Turn) -> bool:
    """An abort of a Rollout that was promoted meanwhile is ignored by its controller."""
    _, _, rollback = _parts(turn)
    rollout = turn.view.rollout
    return rollback.rung is Rung.ABORT and rollout is not None and not rollout.in_progress and not rollout.aborted_at


def _allowed(turn: Turn) -> float:
    """Seconds the mechanism is given: half as much again as the way forward took."""
    watch = turn.watch
    if watch.rolled_out_at is None:
        return max(LEAST_ALLOWED, turn.policy.progress_deadline)
    return max(LEAST_ALLOWED, 1.5 * (watch.rolled_out_at - watch.release.began))


def _blind(turn: Turn, watch: Watch) -> bool:
    if turn.observation.surroundings.cache_age > STALE_CACHE:
        return True
    sick = {source.name for source in turn.observation.sources if not source.healthy}
    concerned = {finding.source for finding in watch.decision.findings} if watch.decision is not None else set()
    return watch.phase is Phase.RECOVERING and bool(sick & concerned)


def _parts(turn: Turn) -> tuple[Watch, Decision, Rollback]:
    watch = turn.watch
    if watch.decision is None or watch.rollback is None:
        raise LookupError(f"{watch.release.id} has no rollback under way")
    return watch, watch.decision, watch.rollback


def _target(decision: Decision) -> Target:
    if decision.target is None:
        raise LookupError(f"decision {decision.id} has no target")
    return decision.target
