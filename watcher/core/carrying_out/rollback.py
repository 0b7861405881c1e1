"""Carrying out a decision: order a rung, see it acknowledged, see the workload on target, see it recover.

A mechanism that fails leads to the next rung; a mechanism that works while the metric stays bad stops here and
pages (`did_not_help`), for a second blind rollback helps nobody.  Only behind a flag that is off comes another way.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import (
    climbing,
    downs,
    ending,
    flag_felt,
    flipping,
    hearing,
    mechanism,
    migrating,
    pairing,
    proving,
)
from watcher.core.deciding import permission
from watcher.core.deciding.ladder import next_rung
from watcher.core.state import Decision, Rollback
from watcher.core.turn import Turn
from watcher.core.words import Phase, Rung, Stage


def start(turn: Turn, decision: Decision) -> None:
    """Take the first rung of this decision.  The intent is durable before the order leaves."""
    chosen = next_rung(decision.rungs)
    if chosen is None:
        return
    climbing.take(turn, decision, chosen.rung)
    turn.announce(Stage.ROLLING_BACK if decision.request is None else Stage.COMMANDED, decision.reason)


def stand_down_if_forbidden(turn: Turn) -> None:
    """An intent is not sent, nor sent again, once anything speaks against it.  What was sent shows on the object."""
    watch, observation = turn.watch, turn.observation
    if not _unsent(turn) or observation.executing or observation.report is not None:
        return
    rollback = turn.rollback
    why = permission.withheld(turn, turn.decision, rollback.rung) or permission.outdated(turn, rollback)
    since = permission.ignorant_since(turn, rollback, why)
    turn.update(replace(watch, rollback=replace(rollback, ignorant_since=since)))
    if why is None:
        _note_what_is_passed(turn, rollback.rung)
        return
    if permission.may_soon_be_known(turn):
        return
    if _shows(turn) or mechanism.by_git(turn.view, turn.decision, rollback):
        return
    if rollback.revert is not None and rollback.revert.revision:
        _left_to_git(turn, f"{rollback.rung} not sent: {why.reason}; the revert is in Git already")
        return
    ending.bar(turn, why, seen=why.id != "forbidden")
    ending.stand_down(turn, why)


def _note_what_is_passed(turn: Turn, rung: Rung) -> None:
    """A guard that came up since the decision, and that the person has named."""
    decision = turn.decision
    known = {each.id for each in decision.overridden}
    more = tuple(each for each in permission.passed_now(turn, decision, rung) if each.id not in known)
    if more:
        turn.update(replace(turn.watch, decision=replace(decision, overridden=(*decision.overridden, *more))))
        turn.move("overridden")


def _unsent(turn: Turn) -> bool:
    """Whether the intent, or the down migration that comes before it, can still be given up."""
    if turn.watch.phase is Phase.MIGRATING:
        run = downs.due(turn.watch, after=turn.rollback.applied)
        return not turn.rollback.applied and run is not None and run.ordered is None
    return turn.watch.phase is Phase.ACTING


def _shows(turn: Turn) -> bool:
    """Whether it shows that this rung was carried out."""
    if turn.rollback.rung is Rung.FLAG:
        return flipping.is_off(turn)
    return mechanism.shows_decision(turn.view, turn.decision, turn.rollback)


def _left_to_git(turn: Turn, message: str) -> None:
    """The rung's own order is not sent any more: Git holds the revert, and leads back by itself."""
    turn.update(replace(turn.watch, rollback=replace(turn.rollback, rung=Rung.GIT)))
    hearing.acknowledged(turn, turn.now, message)


def go_on(turn: Turn) -> None:
    """Continue the rollback under way."""
    pairing.look(turn)
    watch, rollback = turn.watch, turn.rollback
    if not permission.blind(turn) and not pairing.waits_for_person(rollback):
        turn.update(replace(watch, rollback=replace(rollback, waited=rollback.waited + turn.passed_seconds())))
    hearing.note_completion(turn)
    {
        Phase.MIGRATING: migrating.go_on,
        Phase.ACTING: _acting,
        Phase.CONFIRMING: flag_felt.confirm if rollback.rung is Rung.FLAG else proving.confirm,
        Phase.RECOVERING: flag_felt.recover if rollback.rung is Rung.FLAG else proving.recover,
    }[watch.phase](turn)
    if turn.watch.phase in (Phase.CONFIRMING, Phase.RECOVERING) and not _undo_comes_first(turn):
        pairing.pursue(turn)


def _undo_comes_first(turn: Turn) -> bool:
    """Whether a bridge has just been laid, and the undo that it is for was not ordered yet."""
    rollback = turn.rollback
    return rollback.rung is Rung.BRIDGE and mechanism.by_undo(turn.view, rollback) and rollback.tried == 1


def _acting(turn: Turn) -> None:
    rollback, report = turn.rollback, hearing.own_report(turn)
    if _shows(turn):
        hearing.acknowledged(turn, report.at if report is not None else turn.now)
    elif report is not None:
        hearing.reported(turn, report)
    elif rollback.rung is not Rung.ABORT and mechanism.by_git(turn.view, turn.decision, rollback):
        _left_to_git(turn, f"the sync of the revert came before the {rollback.rung}")
    elif _must_wait(turn, rollback):
        return
    elif rollback.again is not None:
        ending.bar(turn, rollback.again, seen=rollback.again.id != "hold")
        ending.stand_down(turn, rollback.again)
    else:
        climbing.order_next(turn)


def _caught_up(turn: Turn, rollback: Rollback) -> bool:
    """Whether the view is newer than what the writer met, so that it shows what had changed; a hold it need not."""
    met_change = rollback.again is not None and rollback.again.id != "hold"
    return not met_change or turn.now - turn.observation.surroundings.cache_age >= rollback.next_order


def _must_wait(turn: Turn, rollback: Rollback) -> bool:
    early = turn.observation.executing or turn.now < rollback.next_order or not _caught_up(turn, rollback)
    return early or not permission.current(turn) or permission.may_soon_be_known(turn)
