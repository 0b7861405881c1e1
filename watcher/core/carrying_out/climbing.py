"""Taking rungs: an intent, its orders, and the next rung where one fails."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import downs, ending, flipping, mechanism, pairing, settling
from watcher.core.carrying_out.pace import pause
from watcher.core.deciding import permission
from watcher.core.deciding.approving import may_go
from watcher.core.deciding.ladder import next_rung
from watcher.core.state import Decision, GuardFinding, Rollback, RungStep
from watcher.core.turn import Turn
from watcher.core.words import Phase, Rung, Stage

LEFT_TO_GIT = 900.0
"""Seconds after which what Git holds and the workload never comes to is not tried once more in another way."""


def take(turn: Turn, decision: Decision, rung: Rung) -> None:
    """Take this rung, after the down migrations that come before it.  The intent is durable before the order leaves."""
    rungs = tuple(replace(step, at=turn.now) if step.rung is rung else step for step in decision.rungs)
    decision = replace(decision, rungs=rungs)
    before = turn.watch.rollback
    began, revert = (before.began, before.revert) if before is not None else (turn.now, turn.watch.revert)
    if rung is Rung.GIT and revert is not None:  # it was in another rung's way; now it is the rung
        revert = replace(revert, failed="", began=turn.now)
    rollback = Rollback(rung, began=began, phase_began=turn.now, revert=revert)
    if rung is not Rung.FLAG:
        downs.plan(turn, decision)
    first = rung is not Rung.FLAG and downs.due(turn.watch, after=False) is not None
    phase = Phase.MIGRATING if first else Phase.ACTING
    turn.update(replace(turn.watch, phase=phase, decision=decision, rollback=rollback))
    turn.move(f"{rung}")
    if permission.current(turn) and permission.withheld(turn, decision, rung) is None:
        order_next(turn)  # else the next step stands down, and says why


def act(turn: Turn) -> None:
    """The down migrations that come first are done: now the version, if everything still lets it be changed."""
    rollback = replace(turn.rollback, phase_began=turn.now, waited=0.0)
    turn.update(replace(turn.watch, phase=Phase.ACTING, rollback=rollback))
    turn.move("migrated")
    if permission.current(turn) and permission.withheld(turn, turn.decision, rollback.rung) is None:
        order_next(turn)


def order_next(turn: Turn) -> None:
    """The rung's own order, or what must come before it: a down migration, the revert in Git."""
    rollback = turn.rollback
    run = downs.due(turn.watch, after=False) if turn.watch.phase is Phase.MIGRATING else None
    if run is not None:
        downs.order(turn, run)
    elif not pairing.goes_first(turn, rollback):
        hopeless = pairing.fought(turn, rollback)
        if hopeless:
            rung_failed(turn, hopeless)
        else:
            order_again(turn)
    elif rollback.revert is None or turn.now >= rollback.revert.next_order:
        if turn.now - rollback.phase_began > pairing.FIRST_PATIENCE:
            pairing.give_up(turn)
        else:
            pairing.order(turn)


def order_again(turn: Turn) -> None:
    """The rung's own order, for the first time or once more."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    tried = rollback.tried + 1
    rollback = replace(rollback, tried=tried, next_order=turn.now + pause(tried))
    turn.update(replace(watch, rollback=rollback))
    if rollback.rung is Rung.GIT:
        pairing.order(turn)
    elif rollback.rung is Rung.FLAG:
        turn.commands.append(flipping.order(decision, rollback, watch.release))
    else:
        turn.commands.append(mechanism.order(turn.view, decision, rollback, watch.release))
    turn.move("ordered")


def another(turn: Turn) -> bool:
    """Whether there is another rung that may be taken if this one cannot."""
    decision, rung = turn.decision, turn.rollback.rung
    following = next_rung(tuple(each for each in decision.rungs if each.rung is not rung))
    return following is not None and may_go(following.mode, decision)


def rung_failed(turn: Turn, message: str) -> None:
    """Go on with the next rung, or end where there is none."""
    decision, rollback = turn.decision, turn.rollback
    if rollback.applied:
        turn.state = settling.left(turn.state, turn.now, failed=True)
    rungs = tuple(
        replace(step, failed=message, done_at=turn.now) if _fails(step, rollback, turn.now) else step
        for step in decision.rungs
    )
    decision = replace(decision, rungs=rungs)
    turn.update(replace(turn.watch, decision=decision))
    following = next_rung(rungs)
    if following is not None and may_go(following.mode, decision):
        text = f"{rollback.rung}: {message}; going on with {following.rung}"
        turn.announce(Stage.RUNG_FAILED, text, rollback.rung)
        take(turn, decision, following.rung)
    elif rollback.rung is Rung.FLAG:
        _no_other_way(turn, following, message)
    else:
        ending.failed(turn, f"{rollback.rung}: {message}")


def _fails(step: RungStep, rollback: Rollback, now: float) -> bool:
    """Whether it ends with the rung that failed: that one itself, or what was left to Git time and again."""
    begun = step.at is not None and step.done_at is None and not step.failed
    hopeless = rollback.rung is Rung.GIT and now - rollback.began > LEFT_TO_GIT
    return step.rung is rollback.rung or (begun and hopeless)


def _no_other_way(turn: Turn, following: RungStep | None, message: str) -> None:
    """Behind a flag come ways of another kind: one that may only be proposed is, by a decision of its own."""
    if following is not None:
        why = f"rung {Rung.FLAG}: {message}; rung {following.rung} may only {following.mode} by itself"
        ending.stand_down(turn, GuardFinding("mode", why))
    elif turn.rollback.applied:
        ending.nothing_left(turn, message)
    else:
        ending.failed(turn, f"{Rung.FLAG}: {message}")
