"""What is left to do in Git once a rollback has ended: a pull request to be merged, a bridge to be taken down."""

from __future__ import annotations

from dataclasses import replace

from watcher.core import permission
from watcher.core.gitops import PullState
from watcher.core.orders import UnpinOrder
from watcher.core.pace import pause
from watcher.core.sentence import seconds
from watcher.core.state import Decision, Rollback, Unsettled, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import Durability, Rung, Stage


def left(state: WorkloadState, decision: Decision, rollback: Rollback, now: float) -> WorkloadState:
    """The state with what this rollback, which ends now, leaves to be done in Git."""
    revert, watch = rollback.revert, state.watch
    if watch is None or revert is None or not revert.link or revert.revision:
        return state
    bridge = rollback.rung is Rung.BRIDGE
    return replace(state, unsettled=Unsettled(decision.id, watch.release.id, revert, now, bridge))


def settle(turn: Turn) -> None:
    """Follow what is left, and do what is due: take the bridge down once Git holds the good version."""
    left_over = turn.state.unsettled
    if left_over is None:
        return
    followed = turn.observation.surroundings.followed
    revert = left_over.revert
    if followed is not None and not revert.revision and followed.pull is PullState.MERGED:
        revert = replace(revert, revision=followed.merged or "merged")
        left_over = replace(left_over, revert=revert)
        _keep(turn, left_over, "revert_merged")
    elif followed is not None and followed.pull is PullState.CLOSED and not revert.failed:
        revert = replace(revert, failed="the pull request was closed without being merged")
        left_over = replace(left_over, revert=revert)
        _keep(turn, left_over, "revert_closed")
        turn.announce(Stage.WAITING_FOR_PERSON, f"Git still holds the bad version: {revert.failed}: {revert.link}")
    if left_over.bridge:
        _mind_bridge(turn, left_over)
    elif revert.revision:
        _agreed(turn, left_over)
    elif turn.state.watch is None or turn.state.watch.release.id != left_over.release:
        _drop(turn)


def _mind_bridge(turn: Turn, left_over: Unsettled) -> None:
    application = turn.view.application
    if application is None:
        return
    if not application.pinned:
        _agreed(turn, left_over) if left_over.revert.revision else _drop(turn)
        return
    if left_over.revert.revision:
        _take_down(turn, left_over)
    elif turn.now - left_over.since > turn.policy.bridge_for and not left_over.overdue:
        _keep(turn, replace(left_over, overdue=True), "bridge_overdue")
        since = seconds(turn.now - left_over.since)
        text = (
            f"{application} is pinned to {left_over.revert.good[:8]} since {since}, and gets no new version: "
            f"merge {left_over.revert.link}"
        )
        turn.announce(Stage.BRIDGE_OVERDUE, text)


def _take_down(turn: Turn, left_over: Unsettled) -> None:
    application = turn.view.application
    busy = turn.observation.executing or bool(turn.commands) or turn.now < left_over.next_order
    if application is None or busy or permission.tidying_forbidden(turn) is not None:
        return
    tried = left_over.tried + 1
    _keep(turn, replace(left_over, tried=tried, next_order=turn.now + pause(tried)), "bridge_ends")
    turn.commands.append(
        UnpinOrder(
            left_over.decision, tried, turn.state.workload, turn.state.uid, application, "Git holds the good version"
        )
    )


def _agreed(turn: Turn, left_over: Unsettled) -> None:
    watch = turn.state.watch
    if watch is not None and watch.release.id == left_over.release:
        turn.update(replace(watch, durability=Durability.DURABLE))
    turn.announce(
        Stage.DURABLE, f"Git holds the good version as {left_over.revert.revision[:8]}: {left_over.revert.link}"
    )
    turn.move("durable")
    _drop(turn)


def _drop(turn: Turn) -> None:
    turn.state = replace(turn.state, unsettled=None)
    turn.move("settled")


def _keep(turn: Turn, left_over: Unsettled, what: str) -> None:
    turn.state = replace(turn.state, unsettled=left_over)
    turn.move(what)
