"""Going on with the down migrations of a way back: those before the version is changed, and those after it."""

from __future__ import annotations

from watcher.core.carrying_out import climbing, downs, ending, hearing, proving
from watcher.core.deciding import permission
from watcher.core.model import Result, RungReport
from watcher.core.state import DownRun, GuardFinding
from watcher.core.turn import Turn

PATIENCE = 300.0
"""Seconds that a down migration after the change waits for what forbids it; then a person has to run it."""


def go_on(turn: Turn) -> None:
    """Order the next one, wait for the one under way, or go on where they are done.  One that failed stops it all."""
    applied = turn.rollback.applied
    run = downs.due(turn.watch, after=applied)
    if run is None:
        proving.arrived(turn) if applied else climbing.act(turn)
    elif run.failed:
        ended = ending.failed_on_target if applied else ending.failed
        ended(turn, _failure(run))
    elif run.begun is None:
        _after(turn, run) if applied else _before(turn, run)


def end_if_failed(turn: Turn) -> None:
    """One that was under way when its way back was given up has failed since."""
    run = next((each for each in turn.watch.downs if each.failed), None)
    if run is not None:
        ending.failed_by_itself(turn, _failure(run))


def _failure(run: DownRun) -> str:
    return f"down migration {run.note} failed: {run.failed}"


def _before(turn: Turn, run: DownRun) -> None:
    rollback = turn.rollback
    report = _report(turn)
    if report is not None and run.ordered is None:  # surely not made
        guard = "hold" if report.result == Result.HELD else "superseded"
        hearing.look_again(turn, GuardFinding(guard, report.message), 1)
    elif turn.observation.executing or turn.now < max(rollback.next_order, run.next_order):
        return
    elif rollback.again is not None:
        ending.bar(turn, rollback.again, seen=rollback.again.id != "hold")
        ending.stand_down(turn, rollback.again)
    elif permission.current(turn) and not permission.may_soon_be_known(turn) and _forbidden(turn) is None:
        downs.order(turn, run)


def _after(turn: Turn, run: DownRun) -> None:
    why = _forbidden(turn)
    if why is not None and run.ordered is None and turn.rollback.waited > PATIENCE:
        ending.failed_on_target(turn, f"down migration {run.note} was not run: {why.reason}")
    elif why is None and not turn.observation.executing and turn.now >= run.next_order:
        downs.order(turn, run)


def _forbidden(turn: Turn) -> GuardFinding | None:
    return permission.forbidden(turn, turn.rollback.rung)


def _report(turn: Turn) -> RungReport | None:
    report = turn.observation.report
    return report if report is not None and report.rung == downs.RUNG else None
