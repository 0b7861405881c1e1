"""What is left to do in Git once a rollback has ended: a pull request to be merged, a bridge to be taken down."""

from __future__ import annotations

from dataclasses import replace

from watcher.core import permission
from watcher.core.gitops import CLOCKS, Application, PullState
from watcher.core.orders import GitOpsOrder, StopSyncOrder, UnpinOrder
from watcher.core.pace import pause
from watcher.core.sentence import seconds
from watcher.core.state import Unsettled, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import Durability, Phase, Rung, Stage


def left(state: WorkloadState, now: float, *, failed: bool = False) -> WorkloadState:
    """The state with what its rollback, which ends now, or a rung that has `failed` leaves to be done."""
    watch = state.watch
    rollback, decision = (watch.rollback, watch.decision) if watch is not None else (None, None)
    if watch is None or rollback is None or decision is None:
        return state
    waits = rollback.revert is not None and bool(rollback.revert.link) and not rollback.revert.revision
    behind = watch.durability is Durability.CLUSTER_ONLY
    bridge = rollback.rung is Rung.BRIDGE
    sync = rollback.rung is Rung.SYNC and watch.phase is not Phase.RECOVERING
    if not (waits or behind or bridge or sync):
        return state
    found = Unsettled(
        decision=decision.id,
        release=watch.release.id,
        since=now,
        revert=rollback.revert if waits and not (failed and bridge) else None,
        bridge=bridge,
        down=bridge and (failed or not waits),
        sync=sync,
    )
    return replace(state, unsettled=found)


def settle(turn: Turn) -> None:
    """Follow what is left, and do what is due, one thing at a time."""
    if turn.state.unsettled is not None:
        _follow(turn, turn.state.unsettled)
    found, application = turn.state.unsettled, turn.view.application
    if found is None:
        return
    another = turn.state.watch is None or turn.state.watch.release.id != found.release
    if application is None:
        if another:
            _drop(turn)
    elif found.sync:
        _end_sync(turn, found, application)
    elif found.bridge:
        _mind_bridge(turn, found, application)
    elif found.revert is not None and found.revert.revision:
        _agreed(turn, found, f"Git holds the good version as {found.revert.revision[:8]}: {found.revert.link}")
    elif another:
        _drop(turn)
    elif _mended_by_hand(turn, found, application):
        _agreed(
            turn, found, f"{application} is as Git says, and that is the good version: somebody has mended it there"
        )


def _mended_by_hand(turn: Turn, found: Unsettled, application: Application) -> bool:
    """Whether Git was compared with the cluster since, and found to ask for the very version that was put back."""
    watch, newest = turn.state.watch, turn.view.newest()
    target = watch.decision.target if watch is not None and watch.decision is not None else None
    if target is None or newest is None or newest.template_id != target.template_id or not application.synced:
        return False
    return application.reconciled is not None and application.reconciled > found.since + CLOCKS


def _follow(turn: Turn, found: Unsettled) -> None:
    """Take in what became of the pull request."""
    followed, revert = turn.observation.surroundings.followed, found.revert
    if followed is None or revert is None or revert.revision:
        return
    if followed.pull is PullState.MERGED:
        merged = replace(revert, revision=followed.merged or "merged")
        _keep(turn, replace(found, revert=merged), "revert_merged")
    elif followed.pull is PullState.CLOSED and not revert.failed:
        closed = replace(revert, failed="the pull request was closed without being merged")
        _keep(turn, replace(found, revert=closed), "revert_closed")
        turn.announce(Stage.WAITING_FOR_PERSON, f"Git still holds the bad version: {closed.failed}: {closed.link}")


def _end_sync(turn: Turn, found: Unsettled, application: Application) -> None:
    if not application.syncing:
        _keep(turn, replace(found, sync=False), "sync_over")
        return
    release = turn.state.workload
    _order(
        turn, found, StopSyncOrder(found.decision, found.tried + 1, release, turn.state.uid, application), "sync_ends"
    )


def _mind_bridge(turn: Turn, found: Unsettled, application: Application) -> None:
    revert = found.revert
    if not application.pinned:
        if revert is not None and revert.revision:
            _agreed(turn, found, f"Git holds the good version as {revert.revision[:8]}: {revert.link}")
        else:
            _keep(turn, replace(found, bridge=False), "bridge_over")
    elif found.down or revert is None or revert.revision:
        reason = "it led nowhere" if found.down else "Git holds the good version"
        order = UnpinOrder(found.decision, found.tried + 1, turn.state.workload, turn.state.uid, application, reason)
        _order(turn, found, order, "bridge_ends")
    elif turn.now - found.since > turn.policy.bridge_for and not found.overdue:
        _keep(turn, replace(found, overdue=True), "bridge_overdue")
        since = seconds(turn.now - found.since)
        text = (
            f"{application} is pinned to {revert.good[:8]} since {since}, and gets no new version: merge {revert.link}"
        )
        turn.announce(Stage.BRIDGE_OVERDUE, text)


def _order(turn: Turn, found: Unsettled, order: GitOpsOrder, what: str) -> None:
    """Unless something else is under way, or nothing may be written now."""
    if turn.observation.executing or turn.commands or turn.now < found.next_order:
        return
    if permission.tidying_forbidden(turn) is not None:
        return
    tried = found.tried + 1
    _keep(turn, replace(found, tried=tried, next_order=turn.now + pause(tried)), what)
    turn.commands.append(order)


def _agreed(turn: Turn, found: Unsettled, text: str) -> None:
    watch = turn.state.watch
    if watch is not None and watch.release.id == found.release:
        turn.update(replace(watch, durability=Durability.DURABLE))
    turn.announce(Stage.DURABLE, text)
    turn.move("durable")
    _drop(turn)


def _drop(turn: Turn) -> None:
    turn.state = replace(turn.state, unsettled=None)
    turn.move("settled")


def _keep(turn: Turn, found: Unsettled, what: str) -> None:
    turn.state = replace(turn.state, unsettled=found)
    turn.move(what)
