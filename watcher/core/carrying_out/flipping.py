"""Carrying out the flag rung: the order to switch it off, whether it is off, and how long until that is felt."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.deciding import commanded
from watcher.core.flags import FlagSight
from watcher.core.orders import FlagOrder
from watcher.core.state import Decision, Release, Rollback, SwitchedOff
from watcher.core.turn import Turn


def order(decision: Decision, rollback: Rollback, release: Release) -> FlagOrder:
    """Switch it off, if it still is as it was when that was decided."""
    seen = of(decision)
    return FlagOrder(
        decision=decision.id,
        tried=rollback.tried,
        workload=release.workload,
        uid=release.uid,
        flag=seen.flag,
        on=False,
        reason=decision.reason,
        expected=seen.version,
        state=seen.state,
        past_hold=commanded.past_hold(decision),
    )


def of(decision: Decision) -> FlagSight:
    """The flag as it stood when the decision was made.  Only to be asked of one that may switch it off."""
    if decision.flag is None:
        raise LookupError(f"decision {decision.id} names no flag")
    return decision.flag


def is_off(turn: Turn) -> bool:
    """Whether the flag of the rung under way is known to be off, be it that nobody has heard of the order."""
    sight = _now(turn)
    return sight is not None and sight.on is False


def note(turn: Turn) -> None:
    """Keep how it stands now, and that it was this decision which switched it off."""
    decision, report = turn.decision, turn.observation.report
    told = report.flag if report is not None and report.decision == decision.id else None
    after = told or _now(turn)
    if after is not None and after.on is not False:
        after = None
    switched = SwitchedOff(of(decision).flag, decision.id, turn.now)
    turn.update(replace(turn.watch, decision=replace(decision, flag_after=after), switched=switched))


def on_again(turn: Turn) -> FlagSight | None:
    """How the flag was seen after it was switched off, if it is on all the same."""
    sight, since = _now(turn), turn.watch.switched
    return sight if sight is not None and sight.on and since is not None and sight.at > since.at else None


def not_taken(turn: Turn, sight: FlagSight) -> bool:
    """Whether it stands just as it did before the order: the change was answered, and lost."""
    return bool(sight.version) and sight.version == of(turn.decision).version


def is_felt(turn: Turn) -> bool:
    """Whether the change has reached the service by now."""
    return turn.now >= turn.rollback.phase_began + of(turn.decision).propagates


def _now(turn: Turn) -> FlagSight | None:
    sight = turn.observation.surroundings.flag
    return sight if sight is not None and sight.flag == of(turn.decision).flag else None
