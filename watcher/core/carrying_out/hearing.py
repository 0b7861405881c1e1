"""What the report of an attempt comes to."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import climbing, flipping, mechanism, pairing
from watcher.core.carrying_out.pace import SHORTEST_PAUSE, pause
from watcher.core.model import UNHEARD, Result, RungReport
from watcher.core.state import GuardFinding
from watcher.core.turn import Turn
from watcher.core.words import Phase, Rung, Stage

TOO_MANY_CONFLICTS = 10
"""Orders for one release that met a changed object, after which something is fighting us."""


def own_report(turn: Turn) -> RungReport | None:
    """The report of an order of this rung (`undo`, or a part of it such as `undo:stuck_pods`)."""
    decision, rollback, report = turn.decision, turn.rollback, turn.observation.report
    parts = (rollback.rung, Rung.UNDO) if mechanism.by_undo(turn.view, rollback) else (rollback.rung,)
    given = (decision.id, rollback.revert.decision) if rollback.revert is not None else (decision.id,)
    own = report is not None and report.decision in given and report.rung.startswith(parts)
    return report if own else None


def note_completion(turn: Turn) -> None:
    """Remember that an attempt has reported on this rung."""
    rollback, report = turn.rollback, own_report(turn)
    last = Rung.UNDO if mechanism.by_undo(turn.view, rollback) else rollback.rung
    if report is not None and report.rung == last and report.result not in UNHEARD:
        turn.update(replace(turn.watch, rollback=replace(rollback, complete=True)))


def reported(turn: Turn, report: RungReport) -> None:
    """Take in the report of an order whose effect does not show yet."""
    rollback = turn.rollback
    if report.result in (Result.APPLIED, Result.ALREADY):
        acknowledged(turn, report.at, report.message)
    elif report.result == Result.CONFLICT:
        _met_a_changed_object(turn, report)
    elif report.result == Result.HELD:
        look_again(turn, GuardFinding("hold", f"held: {report.message}"), rollback.tried)
        turn.move(report.result)
    elif report.result == Result.REFUSED or (report.result == Result.FORBIDDEN and climbing.another(turn)):
        climbing.rung_failed(turn, report.message)
    else:
        denied = report.message if report.result == Result.FORBIDDEN else ""
        later = turn.now + pause(rollback.tried)
        rollback = replace(rollback, next_order=later, message=report.message, denied=denied)
        turn.update(replace(turn.watch, rollback=rollback))
        turn.move(report.result)


def acknowledged(turn: Turn, at: float, message: str = "") -> None:
    """The rung's change was made."""
    watch, rollback = turn.watch, turn.rollback
    rollback = replace(
        rollback,
        phase_began=at,
        waited=0.0,
        next_order=turn.now + SHORTEST_PAUSE,
        message=message or rollback.message,
        applied=True,
    )
    turn.update(replace(watch, phase=Phase.CONFIRMING, rollback=rollback))
    turn.state = replace(turn.state, last_rollback=turn.now, last_rolled_back=watch.release.id)
    turn.move("confirming")
    if rollback.rung is Rung.FLAG:
        flipping.note(turn)
    if pairing.waits_for_person(rollback) and rollback.revert is not None:
        turn.announce(Stage.WAITING_FOR_PERSON, f"Merge it, nothing else leads back: {rollback.revert.link}")


def _met_a_changed_object(turn: Turn, report: RungReport) -> None:
    """A precondition failed: nothing was written.  The view will soon show what changed."""
    conflicts = turn.watch.conflicts + 1
    if conflicts >= TOO_MANY_CONFLICTS:
        climbing.rung_failed(turn, f"the object changed under every one of {conflicts} attempts: {report.message}")
        return
    turn.update(replace(turn.watch, conflicts=conflicts))
    look_again(turn, GuardFinding("superseded", report.message), conflicts)
    turn.move(report.result)


def look_again(turn: Turn, why: GuardFinding, times: int) -> None:
    """Decide anew, but only once the view has caught up with what the writer saw."""
    rollback = replace(turn.rollback, again=why, next_order=turn.now + pause(times), message=why.reason)
    turn.update(replace(turn.watch, rollback=rollback))
