"""Down migrations that belong to a way back: each runs once as a Job, newest first, before the version or after it.

That one is ordered is durable before its Job is made, and the Job bears the decision's name: so whoever comes after a
crash finds what became of it.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import mechanism
from watcher.core.carrying_out.pace import pause
from watcher.core.deciding import commanded, gate
from watcher.core.migrations import DownSeen, When
from watcher.core.model import UNHEARD, Result, RungReport
from watcher.core.orders import DownOrder
from watcher.core.sentence import seconds
from watcher.core.state import Decision, DownRun, Watch
from watcher.core.turn import Turn

RUNG = "down"
"""What reports of these orders name as their rung."""

UNANSWERED = 120.0
"""Seconds after the first order after which nobody is asked any more to make the Job."""

GRACE = 30.0
"""Seconds beyond its deadline in which a Job may still end."""


def followed(watch: Watch | None) -> DownRun | None:
    """The down migration whose Job is to be looked at now, or None."""
    return next((each for each in watch.downs if each.under_way), None) if watch is not None else None


def plan(turn: Turn, decision: Decision) -> None:
    """Remember which down migrations belong to this way back; one that has run already is not run again."""
    watch = turn.watch
    target = decision.target.template_id if decision.target is not None else ""
    sight = gate.relevant(turn.observation, watch, target)
    passage = gate.ask(sight, watch.downs, turn.view, turn.policy)
    begun = tuple(each for each in watch.downs if each.ordered is not None)
    known = {each.note for each in begun}
    new = (DownRun(each.name, each.down) for each in passage.pending if each.down and each.name not in known)
    turn.update(replace(watch, downs=(*begun, *new)))


def due(watch: Watch, *, after: bool) -> DownRun | None:
    """The next one that has yet to be done before (or `after`) the version is changed; a failed one counts."""
    side = When.AFTER if after else When.BEFORE
    return next((each for each in watch.downs if each.down.when is side and not each.done), None)


def order(turn: Turn, run: DownRun) -> None:
    """Order it, once more where nobody knows what became of the order before."""
    release, decision = turn.watch.release, run.decision or turn.decision.id
    tried = run.tried + 1
    ordered = turn.now if run.ordered is None else run.ordered
    if run.ordered is None:  # what it waited for before does not count against its deadline
        _reset_clock(turn)
    _keep(turn, replace(run, decision=decision, ordered=ordered, tried=tried, next_order=turn.now + pause(tried)))
    turn.commands.append(
        DownOrder(
            decision=decision,
            tried=tried,
            workload=release.workload,
            uid=release.uid,
            note=run.note,
            down=run.down,
            reason=turn.decision.reason,
            live_template=_live(turn),
            past_hold=commanded.past_hold(turn.decision),
        )
    )
    turn.move("down_ordered")


def _live(turn: Turn) -> str:
    """The template that the spec must ask for when the Job is made: a newer release needs its schema."""
    if not turn.rollback.applied:
        return turn.watch.release.template_id
    target = turn.decision.target
    return target.template_id if target is not None and mechanism.has_target(turn.view, turn.decision) else ""


def hear(turn: Turn) -> None:
    """Take in what became of the Job under way: the report of an attempt to make it, and how it was seen."""
    run, report, seen = followed(turn.watch), turn.observation.report, turn.observation.surroundings.down
    if run is not None and report is not None and (report.decision, report.rung) == (run.decision, RUNG):
        turn.move(f"down_{report.result}")
        _note(turn, run, _reported(run, report))
    run = followed(turn.watch)
    if run is not None and seen is not None and (seen.decision, seen.note) == (run.decision, run.note):
        _note(turn, run, _seen(run, seen))
    run, rollback = followed(turn.watch), turn.watch.rollback
    if run is not None and rollback is not None and rollback.waited > run.down.deadline + UNANSWERED:
        _note(turn, run, replace(run, ended=turn.now, failed="what became of its Job was not seen in time"))


def _note(turn: Turn, before: DownRun, run: DownRun) -> None:
    if run == before:
        return
    _keep(turn, run)
    if run.ended is not None:
        _reset_clock(turn)
        turn.move("down_failed" if run.failed else "down_done")
    elif before.begun is None and run.begun is not None:
        turn.move("down_running")


def _reset_clock(turn: Turn) -> None:
    rollback = turn.watch.rollback
    if rollback is not None:
        turn.update(replace(turn.watch, rollback=replace(rollback, waited=0.0, phase_began=turn.now)))


def _reported(run: DownRun, report: RungReport) -> DownRun:
    run = replace(run, message=report.message)
    if report.result in (Result.APPLIED, Result.ALREADY):
        return replace(run, begun=run.begun or report.at)
    if report.result in UNHEARD:
        return run
    if report.result in (Result.HELD, Result.CONFLICT) and run.begun is None and run.tried == 1:
        return replace(run, decision="", ordered=None, tried=0, next_order=0.0)  # surely not made
    return replace(run, ended=report.at, failed=f"its Job was not made: {report.message or report.result}")


def _seen(run: DownRun, seen: DownSeen) -> DownRun:
    if seen.state == "gone":
        why = _lost(run, seen)
        return replace(run, ended=seen.at, failed=why) if why else run
    begun = run.begun or seen.at
    run = replace(run, begun=begun, job=seen.job, message=seen.message, logs=seen.logs)
    if seen.state == "succeeded":
        return replace(run, ended=seen.at)
    if seen.state == "failed":
        return replace(run, ended=seen.at, failed=f"its Job failed: {seen.message or 'it does not say why'}")
    late = seen.at > begun + run.down.deadline + GRACE
    why = f"its Job was not done within {seconds(run.down.deadline)}"
    return replace(run, ended=seen.at, failed=why) if late else run


def _lost(run: DownRun, seen: DownSeen) -> str:
    """Why a Job that is not there will not be made any more, or an empty string."""
    if run.begun is not None:
        return "its Job is gone, and nobody saw how it ended" if seen.at > run.begun else ""
    late = run.ordered is not None and seen.at > run.ordered + UNANSWERED
    return f"nobody knows whether its Job was made: {run.message or 'no answer came'}" if late else ""


def _keep(turn: Turn, run: DownRun) -> None:
    downs = tuple(run if each.note == run.note else each for each in turn.watch.downs)
    turn.update(replace(turn.watch, downs=downs))
