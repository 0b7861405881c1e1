"""The proof of the flag rung: it is off, that has reached the service, and the new version is well without it."""

from __future__ import annotations

from watcher.core.carrying_out import climbing, ending, flipping, mechanism, proving
from watcher.core.deciding import permission
from watcher.core.noticing import ABORTED
from watcher.core.turn import Turn
from watcher.core.words import Outcome, Stage

LONGEST = 60.0
"""Seconds that a flag is given, beyond its own time, to be off."""


def confirm(turn: Turn) -> None:
    """Wait until the change has reached the service, and give it once more where it was answered and lost."""
    sight = flipping.on_again(turn)
    if _ended_by_abort(turn):
        return
    if sight is None:
        if flipping.is_felt(turn):
            proving.arrived(turn)
    elif not flipping.not_taken(turn, sight):
        _taken_over(turn)
    elif turn.rollback.waited > LONGEST + sight.propagates:
        climbing.rung_failed(turn, f"{sight.flag} is still on after {turn.rollback.waited:.0f} s")
    elif _may_order(turn):
        climbing.order_again(turn)


def recover(turn: Turn) -> None:
    """See whether the new version is well with its flag off; if not, the next way back is taken."""
    sight = flipping.on_again(turn)
    if _ended_by_abort(turn):
        return
    if sight is not None and not flipping.not_taken(turn, sight):
        _taken_over(turn)
        return
    outcome = proving.see(turn, turn.watch.release.revision)
    if outcome is Outcome.DID_NOT_HELP:
        climbing.rung_failed(turn, f"{flipping.of(turn.decision).flag} is off and it did not help")
    elif outcome is not None:
        ending.finish_by_flag(turn, outcome)


def _ended_by_abort(turn: Turn) -> bool:
    """Whether somebody, or an analysis, has aborted the Rollout meanwhile: its stable version serves."""
    watch = turn.watch
    if not mechanism.abort_is_done(turn.view, watch.release):
        return False
    turn.announce(Stage.SUPERSEDED, f"The rollback of revision {watch.release.revision} is over: {ABORTED}.")
    turn.close(ABORTED, Outcome.SUPERSEDED)
    return True


def _taken_over(turn: Turn) -> None:
    """Somebody wants it on: that is not fought, nor gone round."""
    ending.failed(turn, f"somebody has switched {flipping.of(turn.decision).flag} on again, and is asked to take over")


def _may_order(turn: Turn) -> bool:
    rollback = turn.rollback
    if turn.observation.executing or turn.now < rollback.next_order:
        return False
    return permission.forbidden(turn, rollback.rung) is None
