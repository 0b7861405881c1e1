"""What is left to do in Git once a rollback has ended: a pull request to be merged, a bridge to be taken down."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import pairing
from watcher.core.carrying_out.pace import pause
from watcher.core.deciding import permission
from watcher.core.gitops import CLOCKS, Application
from watcher.core.keepers import argocd
from watcher.core.orders import GitOpsOrder, RefreshOrder, StopSyncOrder, UnpinOrder, rung_served
from watcher.core.sentence import seconds
from watcher.core.state import Revert, Unsettled, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import Durability, Phase, Rung, Stage

MOST_LOOKS = 5
"""Times that a tool is asked to take a merge up before it is let at the workload again in any case."""


def left(state: WorkloadState, now: float, *, failed: bool = False) -> WorkloadState:
    """The state with what its rollback, which ends now, or a rung that has `failed` leaves to be done."""
    watch = state.watch
    rollback, decision = (watch.rollback, watch.decision) if watch is not None else (None, None)
    if watch is None or rollback is None or decision is None:
        return state
    revert = rollback.revert
    waits = revert is not None and bool(revert.link) and not revert.revision
    behind = watch.durability is Durability.CLUSTER_ONLY
    bridge = rollback.rung is Rung.BRIDGE
    merged = bridge and revert is not None and bool(revert.revision)
    sync = rollback.rung is Rung.SYNC and watch.phase is not Phase.RECOVERING
    if not (waits or behind or bridge or sync):
        return state
    found = Unsettled(
        decision=decision.id,
        release=watch.release.id,
        since=now,
        revert=None if failed and bridge else revert,
        bridge=bridge,
        down=bridge and (failed or not (waits or merged)),
        sync=sync,
    )
    return replace(state, unsettled=_with(found, state.unsettled))


def _with(found: Unsettled, earlier: Unsettled | None) -> Unsettled:
    """What is left with what was left before and is not done: a bridge that stands is not forgotten.

    One that was to come down, and has led back after all, stays until the pull request is merged.
    """
    if earlier is None or not (earlier.bridge or earlier.sync):
        return found
    waits = found.revert is not None and bool(found.revert.link) and not found.down
    down = not waits and (found.down or earlier.down or not found.bridge)
    return replace(found, bridge=found.bridge or earlier.bridge, down=down, sync=found.sync or earlier.sync)


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
    elif another:
        _drop(turn)
    elif found.revert is not None and found.revert.revision and _in_place(turn) and pairing.landed(turn, found.revert):
        by = f", by {found.revert.link}" if found.revert.link else ""
        _agreed(turn, found, f"Git holds the good version as {found.revert.revision[:8]}{by}.")
    elif _mended_by_hand(turn, found, application):
        _agreed(
            turn, found, f"{application} is as Git says, and that is the good version: somebody has mended it there"
        )


def _in_place(turn: Turn) -> bool:
    """Whether the spec asks for the version that was gone back to."""
    watch, newest = turn.state.watch, turn.view.newest()
    target = watch.decision.target if watch is not None and watch.decision is not None else None
    return target is not None and newest is not None and newest.template_id == target.template_id


def _mended_by_hand(turn: Turn, found: Unsettled, application: Application) -> bool:
    """Whether Git was compared with the cluster since, and found to ask for the very version that was put back.

    A tool that puts no change back need not have looked at the cluster at all, and a pin is not what Git says.
    """
    compares = application.tool == argocd.TOOL or application.self_heal
    if not (compares and application.synced and _in_place(turn)) or application.pinned:
        return False
    return application.reconciled is not None and application.reconciled > found.since + CLOCKS


def _follow(turn: Turn, found: Unsettled) -> None:
    """Take in what became of the pull request, and have the tool look once it is merged."""
    heard, application = pairing.heard_of(turn, found.revert), turn.view.application
    if heard is None:
        return
    _keep(turn, replace(found, revert=heard), "revert_merged" if heard.revision else "revert_closed")
    if not heard.revision:
        turn.announce(Stage.WAITING_FOR_PERSON, f"Git still holds the bad version: {heard.failed}")
    elif application is not None and not found.bridge:
        order = RefreshOrder(found.decision, found.tried + 1, turn.state.workload, turn.state.uid, application)
        _order(turn, replace(found, revert=heard), order, "refresh_ordered")


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
        _keep(turn, replace(found, bridge=False, down=False), "bridge_over")
        return
    if turn.now - found.since > turn.policy.bridge_for and not found.overdue:
        found = replace(found, overdue=True)
        _keep(turn, found, "bridge_overdue")
        turn.announce(Stage.BRIDGE_OVERDUE, _overdue(turn, found, application))
    workload, uid = turn.state.workload, turn.state.uid
    if revert is not None and revert.revision and _merge_to_come(turn, found, revert, application):
        look: GitOpsOrder = RefreshOrder(found.decision, found.tried + 1, workload, uid, application)
        _order(turn, found, look, "refresh_ordered")
    elif found.down or revert is None or revert.revision:
        reason = "it led nowhere" if found.down else "Git holds the good version"
        order = UnpinOrder(application.pinned, found.tried + 1, workload, uid, application, reason)
        _order(turn, found, order, "bridge_ends")


def _overdue(turn: Turn, found: Unsettled, application: Application) -> str:
    revert, since = found.revert, seconds(turn.now - found.since)
    stands = "pinned to an earlier commit" if application.follows_commits else "kept off"
    waits = revert is not None and bool(revert.link) and not revert.revision
    what = f"merge {revert.link}" if waits and revert is not None else "it could not be taken down: do it by hand"
    return f"{application} is {stands} since {since}, and no new version arrives: {what}"


def _merge_to_come(turn: Turn, found: Unsettled, revert: Revert, application: Application) -> bool:
    """Whether a tool that is kept off, as Flux, would bring the bad version back: it has not heard of the merge yet."""
    hears = not application.follows_commits and application.automated and not found.down
    return hears and not pairing.landed(turn, revert) and found.tried < MOST_LOOKS


def _order(turn: Turn, found: Unsettled, order: GitOpsOrder, what: str) -> None:
    """Unless something else is under way, or nothing may be written now."""
    if turn.observation.executing or turn.commands or turn.now < found.next_order:
        return
    if permission.tidying_forbidden(turn, rung_served(order)) is not None:
        return
    tried = found.tried + 1
    _keep(turn, replace(found, tried=tried, next_order=turn.now + pause(tried)), what)
    turn.commands.append(order)


def _agreed(turn: Turn, found: Unsettled, text: str) -> None:
    watch = turn.state.watch
    known = watch is not None and watch.release.id == found.release and watch.durability is Durability.DURABLE
    if watch is not None and watch.release.id == found.release:
        turn.update(replace(watch, durability=Durability.DURABLE))
    if not known:  # a merge that came before the end of the rollback was told of then
        turn.announce(Stage.DURABLE, text)
    turn.move("durable")
    _drop(turn)


def _drop(turn: Turn) -> None:
    turn.state = replace(turn.state, unsettled=None)
    turn.move("settled")


def _keep(turn: Turn, found: Unsettled, what: str) -> None:
    turn.state = replace(turn.state, unsettled=found)
    turn.move(what)
