"""The Git side of a rollback: the revert that it consists of, or that goes along with an abort, undo, sync or bridge.

Argo CD's self-heal puts an undo back as long as Git holds the bad version, so there the revert is pushed, and a look
at it asked for, before the undo is sent.  An abort is left alone by it, and goes first.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out.pace import pause
from watcher.core.deciding import commanded, managed, permission
from watcher.core.deciding.approving import may_go
from watcher.core.deciding.freezes import frozen
from watcher.core.gitops import Application, PullState, Route
from watcher.core.model import Result, RungReport
from watcher.core.orders import RefreshOrder, RevertOrder
from watcher.core.state import Revert, Rollback
from watcher.core.turn import Turn
from watcher.core.words import Durability, Mode, Rung

PATIENCE = 300.0
"""Seconds after which a revert that could not be made is left to a person."""

FIRST_PATIENCE = 30.0
"""Seconds that an undo waits for the revert that must come before it."""

LANDING = 120.0
"""Seconds that the end of a rollback waits for the sync of a revert, once the service has recovered."""

WAIT_FOR_PERSON = 86400.0
"""Seconds that a pull request which alone leads back is waited for."""

REFRESH = 30.0
"""Seconds between two requests to look at a revert that is not synced yet."""

SETTLED = (Result.APPLIED, Result.ALREADY, Result.WAITING)


def wanted(turn: Turn, rung: Rung) -> bool:
    """Whether a revert in Git belongs to this rung here."""
    application = turn.view.application
    if rung is Rung.FLAG or application is None or application.refused:
        return False
    return not _frozen(turn) and _permitted(turn)


def _frozen(turn: Turn) -> str:
    """Which freeze window keeps Git from being written to, or an empty string."""
    if "freeze" in commanded.named(turn.watch.decision):
        return ""
    return frozen(turn.observation.surroundings.frozen, Rung.GIT, turn.view)


def _permitted(turn: Turn) -> bool:
    """Whether the revert may be made: by itself, or as what a person who approved has seen."""
    mode, decision = turn.policy.rung_mode(Rung.GIT), turn.watch.decision
    if not may_go(mode, decision):
        return False
    if mode is Mode.ACT or decision is None:
        return True
    rollback = turn.watch.rollback
    planned = rollback.revert if rollback is not None and rollback.revert is not None else _planned(turn)
    return planned is None or set(planned.commits) <= {each.sha for each in decision.commits}


def impossible(turn: Turn) -> str:
    """Why no revert can be made, or an empty string; it is known only once somebody has looked."""
    prospect = managed.prospect(turn.watch.release, turn.observation)
    return prospect.why if prospect is not None and prospect.route is Route.NONE else ""


def goes_first(turn: Turn, rollback: Rollback) -> bool:
    """Whether this rung's own order has to wait for the revert."""
    application = turn.view.application
    if rollback.rung is not Rung.UNDO or application is None or not application.automated:
        return False
    if not wanted(turn, rollback.rung) or impossible(turn):
        return False
    revert = rollback.revert
    return revert is None or not (revert.revision or revert.link or revert.failed)


def fought(turn: Turn, rollback: Rollback) -> str:
    """Why this rung's own order would only be put back, or an empty string."""
    application = turn.view.application
    if rollback.rung is not Rung.UNDO or application is None or not application.self_heal:
        return ""
    if rollback.revert is not None and rollback.revert.revision:
        return ""
    why = rollback.revert.failed or rollback.revert.message if rollback.revert is not None else impossible(turn)
    return f"{application} would put the bad version back, which Git still holds: {why or 'no revert could be made'}"


def order(turn: Turn) -> bool:
    """Order the revert; False where it cannot be ordered now."""
    rollback, decision = turn.rollback, turn.decision
    revert = rollback.revert or _planned(turn)
    if revert is None:
        return False
    revert = replace(revert, tried=revert.tried + 1, next_order=turn.now + pause(revert.tried + 1))
    _keep(turn, revert)
    release = turn.watch.release
    turn.commands.append(
        RevertOrder(
            decision=revert.decision,
            tried=revert.tried,
            workload=release.workload,
            uid=release.uid,
            application=revert.application,
            source=revert.source,
            good=revert.good,
            commits=revert.commits,
            propose=revert.propose,
            reason=decision.reason,
            past_hold=commanded.past_hold(decision),
        )
    )
    turn.move("revert_ordered")
    return True


def _planned(turn: Turn) -> Revert | None:
    prospect, application = managed.prospect(turn.watch.release, turn.observation), turn.view.application
    if prospect is None or application is None or prospect.route is Route.NONE:
        return None
    return Revert(
        application=application,
        source=prospect.source,
        good=prospect.good,
        commits=tuple(each.sha for each in prospect.commits),
        propose=prospect.route is Route.PULL_REQUEST,
        began=turn.now,
        decision=turn.decision.id,
    )


def give_up(turn: Turn) -> None:
    """A revert that must come first does not come in time."""
    revert = turn.rollback.revert or _planned(turn)
    if revert is not None:
        _keep(turn, replace(revert, failed=revert.message or f"not in Git within {FIRST_PATIENCE:.0f} s"))
        turn.move("revert_given_up")


def look(turn: Turn) -> None:
    """Take in what became of the revert: the report of an attempt, and what was seen of its pull request."""
    report, revert = turn.observation.report, turn.rollback.revert
    if report is not None and revert is not None and report.decision == revert.decision and report.rung == Rung.GIT:
        _reported(turn, revert, report)
    revert = turn.rollback.revert
    heard = heard_of(turn, revert)
    if revert is not None and heard is not None:
        _keep(turn, heard)
        turn.move("revert_merged" if heard.revision else "revert_closed")


def heard_of(turn: Turn, revert: Revert | None) -> Revert | None:
    """The revert with what became of its pull request, or None where that is no news."""
    followed = turn.observation.surroundings.followed
    if followed is None or revert is None or revert.revision or not revert.link or followed.of != revert.link:
        return None
    if followed.pull is PullState.MERGED and followed.merged:
        return replace(revert, revision=followed.merged, next_order=turn.now)
    if followed.pull is PullState.CLOSED and not revert.failed:
        return replace(revert, failed=f"the pull request was closed without being merged: {revert.link}")
    return None


def _reported(turn: Turn, revert: Revert, report: RungReport) -> None:
    if report.result in SETTLED:
        revision = report.revision or revert.revision
        looked = replace(revert, revision=revision, link=report.link or revert.link, message=report.message)
        revert = replace(looked, next_order=turn.now + REFRESH)
    elif report.result in (Result.REFUSED, Result.FORBIDDEN):
        revert = replace(revert, failed=report.message, message=report.message)
    else:
        revert = replace(revert, message=report.message)
    _keep(turn, revert)
    turn.move(f"revert_{report.result}")


def pursue(turn: Turn) -> None:
    """While the rung's own change is under way or done: see to it that Git says the same."""
    rollback = turn.rollback
    revert = rollback.revert
    if turn.observation.executing or turn.commands or permission.forbidden(turn, Rung.GIT) is not None:
        return
    if revert is not None and revert.revision and turn.now >= revert.next_order and not landed(turn, revert):
        look_again(turn, revert)
    elif _due(turn, rollback) and not _too_late(turn, rollback):
        order(turn)


def _too_late(turn: Turn, rollback: Rollback) -> bool:
    """Whether a revert that could not be made so far is left to a person."""
    since = rollback.revert.began if rollback.revert is not None else rollback.began
    return turn.now - since > PATIENCE


def _due(turn: Turn, rollback: Rollback) -> bool:
    revert = rollback.revert
    if not wanted(turn, rollback.rung) or impossible(turn):
        return False
    if revert is None:
        return True
    return not (revert.revision or revert.link or revert.failed) and turn.now >= revert.next_order


def waits_for_person(rollback: Rollback) -> bool:
    """Whether nothing leads back until a person has merged."""
    revert = rollback.revert
    return rollback.rung is Rung.GIT and revert is not None and bool(revert.link) and not revert.revision


def look_again(turn: Turn, revert: Revert) -> None:
    """Ask the tool once more to look at a revert that is in its branch."""
    release = turn.watch.release
    revert = replace(revert, tried=revert.tried + 1, next_order=turn.now + REFRESH)
    _keep(turn, revert)
    look = RefreshOrder(turn.decision.id, revert.tried, release.workload, release.uid, revert.application)
    turn.commands.append(replace(look, past_hold=commanded.past_hold(turn.decision)))
    turn.move("refresh_ordered")


def landed(turn: Turn, revert: Revert) -> bool:
    """Whether the cluster was brought to a commit that contains the revert."""
    application, followed = turn.view.application, turn.observation.surroundings.followed
    if application is None:
        return False
    deployed = {each.deployed for each in application.sources if each.repo == revert.source.repo}
    contained = followed.contained_in if followed is not None and followed.of == revert.revision else ()
    holding = {revert.revision, *contained}
    return application.synced and bool(deployed & holding)


def settled(turn: Turn) -> bool:
    """Whether nothing of the Git side is to be waited for any more, now that the service is known to be well or not."""
    rollback = turn.rollback
    revert = rollback.revert
    if not wanted(turn, rollback.rung) or turn.view.application is None:
        return True
    if revert is None:
        return bool(impossible(turn)) or _too_late(turn, rollback)
    if revert.failed or (revert.link and not revert.revision):
        return True
    if not revert.revision:
        return _too_late(turn, rollback)
    return landed(turn, revert) or rollback.waited > LANDING


def durability(turn: Turn) -> Durability:
    """Whether Git and cluster agree on the way back that the cluster has taken."""
    revert = turn.rollback.revert
    if turn.view.manager is None or (revert is not None and revert.revision and landed(turn, revert)):
        return Durability.DURABLE
    return Durability.CLUSTER_ONLY


def describe(turn: Turn) -> str:
    """What Git holds now, and what a person has to do about it; empty where nobody manages the workload."""
    rollback, application = turn.rollback, turn.view.application
    revert = rollback.revert
    if turn.view.manager is None:
        return ""
    if revert is not None and revert.revision:
        seen = "" if landed(turn, revert) else ", which was not seen to be synced yet"
        return f" Git holds it as {revert.revision[:8]}{seen}."
    if revert is not None and revert.link and not revert.failed:
        return f" Git still holds the bad version: merge {revert.link}."
    why = (revert.failed or revert.message) if revert is not None else _why_none(turn, application)
    return f" Git still holds the bad version ({why}): {by_hand(revert)}."


def by_hand(revert: Revert | None) -> str:
    """What a person does who reverts it."""
    if revert is None or not revert.commits:
        return "revert it there"
    return f"in {revert.source.repo} run: git revert {' '.join(each[:12] for each in revert.commits)}"


def _why_none(turn: Turn, application: Application | None) -> str:
    if application is None or application.refused:
        return managed.out_of_reach(turn.view)
    return impossible(turn) or _frozen(turn) or "rungs.git does not let it be reverted by itself"


def _keep(turn: Turn, revert: Revert) -> None:
    turn.update(replace(turn.watch, rollback=replace(turn.rollback, revert=revert)))
