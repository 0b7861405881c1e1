"""Carrying out a decision: order a rung, see it acknowledged, see the workload on target, see it recover.

A mechanism that fails leads to the next rung; a mechanism that works while the metric stays bad stops here and
pages (`did_not_help`), for a second blind rollback helps nobody.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core import ledger, mechanism, pairing, permission, quarantine, recovery, settling
from watcher.core.approving import UNSEEN, may_go
from watcher.core.guards import IGNORANCE
from watcher.core.ladder import next_rung
from watcher.core.model import Result, RungReport
from watcher.core.orders import ReleaseStuckPodsOrder
from watcher.core.pace import SHORTEST_PAUSE, pause
from watcher.core.sentence import seconds
from watcher.core.state import Bar, Decision, GuardFinding, Rollback, Watch
from watcher.core.turn import Turn
from watcher.core.words import Action, Durability, Outcome, Phase, Rung, Stage

SHORTEST_BAR, LONGEST_BAR = 10.0, 300.0
"""Seconds until it is tried again what only the API server refuses: doubled each time, up to the longest."""

STUCK_PAUSE = 10.0
"""Seconds between two orders to delete stuck pods."""

LOOKED_AT = 30.0
"""Seconds in which everything should have been looked at after a start."""

TRIED_ENOUGH = 5
"""Orders after which nobody is asked any more whether an undo that shows on the object was carried through."""

UNHEARD = (Result.UNKNOWN, Result.UNAVAILABLE)
"""Results that leave open what was done."""

TOO_MANY_CONFLICTS = 10
"""Orders for one release that met a changed object, after which something is fighting us."""


def start(turn: Turn, decision: Decision) -> None:
    """Take the first rung of this decision.  The intent is durable before the order leaves."""
    chosen = next_rung(decision.rungs)
    if chosen is None:
        return
    _take(turn, decision, chosen.rung)
    turn.announce(Stage.ROLLING_BACK, decision.reason)


def stand_down_if_forbidden(turn: Turn) -> None:
    """An intent is not sent, nor sent again, once anything speaks against it.  What was sent shows on the object."""
    watch, observation = turn.watch, turn.observation
    if watch.phase is not Phase.ACTING or observation.executing or observation.report is not None:
        return
    _, decision, rollback = _parts(turn)
    why = permission.withheld(turn, decision, rollback.rung) or permission.outdated(turn, rollback)
    turn.update(replace(watch, rollback=replace(rollback, ignorant_since=_ignorant_since(turn, rollback, why))))
    if why is None or _may_soon_be_known(turn):
        return
    if mechanism.shows_decision(turn.view, decision, rollback) or mechanism.by_git(turn.view, decision, rollback):
        return
    if rollback.revert is not None and rollback.revert.revision:
        _left_to_git(turn, f"{rollback.rung} not sent: {why.reason}; the revert is in Git already")
        return
    _bar(turn, why, seen=why.id != "forbidden")
    _stand_down(turn, why)


def _left_to_git(turn: Turn, message: str) -> None:
    """The rung's own order is not sent any more: Git holds the revert, and leads back by itself."""
    _, _, rollback = _parts(turn)
    turn.update(replace(turn.watch, rollback=replace(rollback, rung=Rung.GIT)))
    _acknowledged(turn, turn.now, message)


def _ignorant_since(turn: Turn, rollback: Rollback, why: GuardFinding | None) -> float | None:
    if why is None or why.id not in IGNORANCE:
        return None
    return turn.now if rollback.ignorant_since is None else rollback.ignorant_since


def _may_soon_be_known(turn: Turn) -> bool:
    """Whether an intent waits unsent for something to be looked at, as after a start, rather than being given up."""
    since = _parts(turn)[2].ignorant_since
    return since is not None and turn.now - since < LOOKED_AT


def go_on(turn: Turn) -> None:
    """Continue the rollback under way."""
    pairing.look(turn)
    watch, _, rollback = _parts(turn)
    if not permission.blind(turn) and not pairing.waits_for_person(rollback):
        turn.update(replace(watch, rollback=replace(rollback, waited=rollback.waited + turn.passed_seconds())))
    _note_completion(turn)
    {Phase.ACTING: _acting, Phase.CONFIRMING: _confirming, Phase.RECOVERING: _recovering}[watch.phase](turn)
    if turn.watch.phase in (Phase.CONFIRMING, Phase.RECOVERING) and not _undo_comes_first(turn):
        pairing.pursue(turn)


def _undo_comes_first(turn: Turn) -> bool:
    """Whether a bridge has just been laid, and the undo that it is for was not ordered yet."""
    _, _, rollback = _parts(turn)
    return rollback.rung is Rung.BRIDGE and mechanism.by_undo(turn.view, rollback) and rollback.tried == 1


def _acting(turn: Turn) -> None:
    _, decision, rollback = _parts(turn)
    report = _own_report(turn)
    if mechanism.shows_decision(turn.view, decision, rollback):
        _acknowledged(turn, report.at if report is not None else turn.now)
    elif report is not None:
        _reported(turn, report)
    elif rollback.rung is not Rung.ABORT and mechanism.by_git(turn.view, decision, rollback):
        _left_to_git(turn, f"the sync of the revert came before the {rollback.rung}")
    elif _must_wait(turn, rollback):
        return
    elif rollback.again is not None:
        _bar(turn, rollback.again, seen=rollback.again.id != "hold")
        _stand_down(turn, rollback.again)
    else:
        _order_next(turn)


def _order_next(turn: Turn) -> None:
    """The rung's own order, or the revert in Git that must come before it."""
    _, _, rollback = _parts(turn)
    if not pairing.goes_first(turn, rollback):
        hopeless = pairing.fought(turn, rollback)
        if hopeless:
            _rung_failed(turn, hopeless)
        else:
            _order_again(turn)
    elif rollback.revert is None or turn.now >= rollback.revert.next_order:
        if turn.now - rollback.phase_began > pairing.FIRST_PATIENCE:
            pairing.give_up(turn)
        else:
            pairing.order(turn)


def _must_wait(turn: Turn, rollback: Rollback) -> bool:
    early = turn.observation.executing or turn.now < rollback.next_order
    return early or not permission.current(turn) or _may_soon_be_known(turn)


def _own_report(turn: Turn) -> RungReport | None:
    """The report of an order of this rung (`undo`, or a part of it such as `undo:stuck_pods`)."""
    _, decision, rollback = _parts(turn)
    report = turn.observation.report
    parts = (rollback.rung, Rung.UNDO) if mechanism.by_undo(turn.view, rollback) else (rollback.rung,)
    given = (decision.id, rollback.revert.decision) if rollback.revert is not None else (decision.id,)
    own = report is not None and report.decision in given and report.rung.startswith(parts)
    return report if own else None


def _note_completion(turn: Turn) -> None:
    watch, _, rollback = _parts(turn)
    report = _own_report(turn)
    last = Rung.UNDO if mechanism.by_undo(turn.view, rollback) else rollback.rung
    if report is not None and report.rung == last and report.result not in UNHEARD:
        turn.update(replace(watch, rollback=replace(rollback, complete=True)))


def _reported(turn: Turn, report: RungReport) -> None:
    _, _, rollback = _parts(turn)
    if report.result in (Result.APPLIED, Result.ALREADY):
        _acknowledged(turn, report.at, report.message)
    elif report.result == Result.CONFLICT:
        _met_a_changed_object(turn, report)
    elif report.result == Result.HELD:
        _look_again(turn, GuardFinding("hold", f"held: {report.message}"), rollback.tried)
        turn.move(report.result)
    elif report.result == Result.REFUSED or (report.result == Result.FORBIDDEN and _another_rung(turn)):
        _rung_failed(turn, report.message)
    else:
        denied = report.message if report.result == Result.FORBIDDEN else ""
        later = turn.now + pause(rollback.tried)
        rollback = replace(rollback, next_order=later, message=report.message, denied=denied)
        turn.update(replace(turn.watch, rollback=rollback))
        turn.move(report.result)


def _acknowledged(turn: Turn, at: float, message: str = "") -> None:
    watch, _, rollback = _parts(turn)
    rollback = replace(
        rollback,
        phase_began=at,
        waited=0.0,
        next_order=turn.now + SHORTEST_PAUSE,
        message=message or rollback.message,
        applied=True,
    )
    turn.update(replace(watch, phase=Phase.CONFIRMING, rollback=rollback))
    turn.state = replace(turn.state, last_rollback=turn.now, last_rolled_back=watch.release.id)
    turn.move("confirming")
    if pairing.waits_for_person(rollback) and rollback.revert is not None:
        turn.announce(Stage.WAITING_FOR_PERSON, f"Merge it, nothing else leads back: {rollback.revert.link}")


def _met_a_changed_object(turn: Turn, report: RungReport) -> None:
    """A precondition failed: nothing was written.  The view will soon show what changed."""
    watch, _, _ = _parts(turn)
    conflicts = watch.conflicts + 1
    if conflicts >= TOO_MANY_CONFLICTS:
        _rung_failed(turn, f"the object changed under every one of {conflicts} attempts: {report.message}")
        return
    turn.update(replace(watch, conflicts=conflicts))
    _look_again(turn, GuardFinding("superseded", report.message), conflicts)
    turn.move(report.result)


def _look_again(turn: Turn, why: GuardFinding, times: int) -> None:
    """Decide anew, but only once the view has caught up with what the writer saw."""
    watch, _, rollback = _parts(turn)
    rollback = replace(rollback, again=why, next_order=turn.now + pause(times), message=why.reason)
    turn.update(replace(watch, rollback=rollback))


def _bar(turn: Turn, why: GuardFinding, *, seen: bool) -> None:
    """What the view will never show (`seen` is False) would be met by one order after the other: pause in between."""
    if seen:
        return
    times = turn.watch.bar.times + 1 if turn.watch.bar is not None else 1
    until = turn.now + min(LONGEST_BAR, SHORTEST_BAR * 2 ** min(times - 1, 10))
    turn.update(replace(turn.watch, bar=Bar(why, until, times)))


def _stand_down(turn: Turn, why: GuardFinding) -> None:
    """Give up an intent that was not carried out: the decision becomes a hold, and is judged anew.

    What was sent on the way to it is not forgotten: a pull request may wait, a sync of which nobody has heard.
    """
    watch, decision, rollback = _parts(turn)
    if rollback.tried or rollback.revert is not None:
        turn.state = settling.left(turn.state, turn.now)
    held = replace(decision, action=Action.HOLD, guards=(why,), reason=f"{decision.reason} Not sent: {why.reason}.")
    consent = watch.consent if why.id in UNSEEN else None
    given_up = replace(watch, phase=Phase.WATCHING, rollback=None, decision=held, consent=consent)
    turn.update(replace(given_up, revert=rollback.revert))
    turn.move("stood_down")
    turn.announce(Stage.HELD, f"Rollback not sent: {why.reason}")


def _another_rung(turn: Turn) -> bool:
    """Whether there is another rung that may be taken if this one cannot."""
    _, decision, rollback = _parts(turn)
    following = next_rung(tuple(each for each in decision.rungs if each.rung is not rollback.rung))
    return following is not None and may_go(following.mode, decision)


def _rung_failed(turn: Turn, message: str) -> None:
    watch, decision, rollback = _parts(turn)
    if rollback.applied:
        turn.state = settling.left(turn.state, turn.now, failed=True)
    rungs = tuple(
        replace(step, failed=message, done_at=turn.now) if step.rung is rollback.rung else step
        for step in decision.rungs
    )
    decision = replace(decision, rungs=rungs)
    turn.update(replace(watch, decision=decision))
    following = next_rung(rungs)
    if following is None or not may_go(following.mode, decision):
        held = rollback.revert is not None and bool(rollback.revert.revision)
        turn.update(replace(turn.watch, durability=Durability.GIT_ONLY if held else None))
        text = f"Rollback failed, a person is needed: {rollback.rung}: {message}{pairing.describe(turn)}"
        turn.announce(Stage.FAILED, text)
        turn.close(f"{rollback.rung}: {message}", Outcome.FAILED)
        return
    text = f"{rollback.rung}: {message}; going on with {following.rung}"
    turn.announce(Stage.RUNG_FAILED, text, rollback.rung)
    _take(turn, decision, following.rung)


def _take(turn: Turn, decision: Decision, rung: Rung) -> None:
    rungs = tuple(replace(step, at=turn.now) if step.rung is rung else step for step in decision.rungs)
    decision = replace(decision, rungs=rungs)
    before = turn.watch.rollback
    began, revert = (before.began, before.revert) if before is not None else (turn.now, turn.watch.revert)
    if rung is Rung.GIT and revert is not None:  # it was in another rung's way; now it is the rung
        revert = replace(revert, failed="", began=turn.now)
    rollback = Rollback(rung, began=began, phase_began=turn.now, revert=revert)
    turn.update(replace(turn.watch, phase=Phase.ACTING, decision=decision, rollback=rollback))
    turn.move(f"{rung}")
    if permission.current(turn) and permission.withheld(turn, decision, rung) is None:
        _order_next(turn)  # else the next step stands down, and says why


def _order_again(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    tried = rollback.tried + 1
    rollback = replace(rollback, tried=tried, next_order=turn.now + pause(tried))
    turn.update(replace(watch, rollback=rollback))
    if rollback.rung is Rung.GIT:
        pairing.order(turn)
    else:
        turn.commands.append(mechanism.order(turn.view, decision, rollback, watch.release))
    turn.move("ordered")


def _confirming(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    report = _own_report(turn)
    if report is not None and report.result not in (Result.APPLIED, Result.ALREADY):
        rollback = replace(rollback, message=report.message)
        turn.update(replace(watch, rollback=rollback))
    if mechanism.on_target(turn.view, decision, rollback, watch.release):
        _arrived(turn)
    elif report is not None and report.result == Result.REFUSED and rollback.rung is Rung.BRIDGE:
        _rung_failed(turn, report.message)
    elif mechanism.cannot_work_any_more(turn.view, decision, rollback):
        _rung_failed(turn, "the Rollout was promoted before the abort took effect")
    elif rollback.revert is not None and rollback.revert.failed and rollback.rung is Rung.GIT:
        _rung_failed(turn, rollback.revert.failed)
    elif pairing.waits_for_person(rollback):
        _wait_for_person(turn)
    elif rollback.waited > mechanism.allowed(watch, turn.policy.progress_deadline):
        why = f": {rollback.message}" if rollback.message else ""
        _rung_failed(turn, f"not on target after {rollback.waited:.0f} s{why}")
    elif _may_order(turn, rollback):
        _nudge(turn)


def _wait_for_person(turn: Turn) -> None:
    _, _, rollback = _parts(turn)
    if rollback.revert is not None and turn.now - rollback.revert.began > pairing.WAIT_FOR_PERSON:
        _end_waiting(turn, rollback.revert.link)


def _end_waiting(turn: Turn, link: str) -> None:
    turn.announce(Stage.WAITING_FOR_PERSON, f"Nobody has merged it, and it is not followed any longer: {link}")
    turn.close(f"waiting for a person: {link}", Outcome.WAITING_FOR_PERSON)


def _may_order(turn: Turn, rollback: Rollback) -> bool:
    if turn.observation.executing or turn.now < rollback.next_order:
        return False
    return permission.forbidden(turn, rollback.rung) is None


def _unfinished(turn: Turn, rollback: Rollback) -> bool:
    """Whether an undo shows on the object and nobody has told that it was carried through, as after a crash.

    Its last patch gives the changed fields back to whoever applied them; an abort's last patch is the abort.
    """
    return mechanism.by_undo(turn.view, rollback) and not rollback.complete and rollback.tried < TRIED_ENOUGH


def _arrived(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    rungs = tuple(replace(step, done_at=turn.now) if step.rung is rollback.rung else step for step in decision.rungs)
    rollback = replace(
        rollback, phase_began=turn.now, waited=0.0, recovery=recovery.begin(decision.findings, turn.policy)
    )
    turn.update(replace(watch, phase=Phase.RECOVERING, decision=replace(decision, rungs=rungs), rollback=rollback))
    took = seconds(turn.now - rollback.began)
    turn.announce(Stage.RUNG_DONE, f"{rollback.rung}: on target after {took}; recovery is to be proven", rollback.rung)
    turn.move("on_target")


def _nudge(turn: Turn) -> None:
    """Give what is missing once more: a lost abort, skipped steps, pods that block an ordered StatefulSet."""
    watch, decision, rollback = _parts(turn)
    release = watch.release
    if not _undo_may_follow(turn, rollback):
        return
    if _unfinished(turn, rollback):
        _order_again(turn)
        return
    stuck = mechanism.stuck_pods(turn.view, decision, release)
    if stuck:
        turn.commands.append(ReleaseStuckPodsOrder(decision.id, rollback.tried, release.workload, release.uid, stuck))
        turn.update(replace(watch, rollback=replace(rollback, next_order=turn.now + STUCK_PAUSE)))
        turn.move("stuck_pods")
    elif mechanism.not_taken_up(turn.view, decision, rollback):
        _order_again(turn)


def _undo_may_follow(turn: Turn, rollback: Rollback) -> bool:
    """Whether the undo that a bridge is for is still allowed."""
    return rollback.rung is not Rung.BRIDGE or may_go(turn.policy.rung_mode(Rung.UNDO), turn.watch.decision)


def _recovering(turn: Turn) -> None:
    watch, decision, rollback = _parts(turn)
    target = mechanism.target_of(decision)
    seen = recovery.fold(rollback.recovery, turn.observation, turn.policy, target.revision, rollback.phase_began)
    rollback = replace(rollback, recovery=seen)
    turn.update(replace(watch, rollback=rollback))
    outcome = recovery.outcome(rollback, decision.findings, turn.view, turn.policy, watch.evidence)
    if _unfinished(turn, rollback) and _may_order(turn, rollback):
        _order_again(turn)
    elif outcome is not None and pairing.settled(turn) and _ends(turn, rollback):
        _finish(turn, outcome)


def _ends(turn: Turn, rollback: Rollback) -> bool:
    """Whether nothing is left that could still be ordered."""
    return not _unfinished(turn, rollback) or permission.forbidden(turn, rollback.rung) is not None


def _finish(turn: Turn, outcome: Outcome) -> None:
    watch, decision, rollback = _parts(turn)
    release, did = watch.release, f"rolled back as decision {decision.id}"
    entries = ledger.revoke(turn.state.known_good, release.template_id, did)
    entries = ledger.now_runs(entries, mechanism.target_of(decision).template_id, turn.now)
    state = replace(turn.state, known_good=entries, watch=replace(watch, durability=pairing.durability(turn)))
    if outcome is not Outcome.DID_NOT_HELP and rollback.rung is not Rung.ABORT:  # an abort was noticed when it came
        untried = any(each.check == quarantine.CHECK for each in decision.findings)
        state = ledger.quarantine(state, release, f"it was {did}", turn.now, again=untried)
    turn.state = settling.left(state, turn.now)
    text = recovery.describe(outcome, rollback, watch, turn.now) + pairing.describe(turn)
    turn.announce(Stage(outcome), text)
    turn.close(text, outcome)


def _parts(turn: Turn) -> tuple[Watch, Decision, Rollback]:
    return turn.watch, turn.decision, turn.rollback
