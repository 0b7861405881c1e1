"""The state machine of one workload: (state, observation, now) -> (state, commands).

No clock and no I/O: the same record gives the same step, bit for bit.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core import judge, ledger, releases, rollback
from watcher.core.deciding import decide, same_decision
from watcher.core.model import Observation, Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.state import Decision, Evidence, Finding, Watch, WorkloadState
from watcher.core.turn import Step, Turn
from watcher.core.words import Action, Lane, Mode, Outcome, Phase, Provenance, Verdict

CARRYING_OUT = (Phase.ACTING, Phase.CONFIRMING, Phase.RECOVERING)
PARKED_LANES = (Lane.SEVERE_40, Lane.AVAILABILITY)


def step(state: WorkloadState | None, observation: Observation, now: float, policy: Policy) -> Step | None:
    """Take one step.

    `state` is None for a workload never seen before.  None is returned where there is nothing to remember yet
    (the controller has not numbered the newest template).
    """
    view = observation.view
    if view is None:
        return _gone(state, now)
    newest = view.newest()
    if newest is None:
        return None if state is None else Step(state)
    if state is None or state.uid != view.uid:
        return _first(view, newest, observation, now, policy)
    turn = Turn(state, view, observation, policy, now)
    _notice(turn, newest)
    _proceed(turn)
    _ripen(turn)
    return turn.done()


def resume(state: WorkloadState) -> WorkloadState:
    """The state as a new process takes it up: evidence is folded again from raw samples."""
    watch = state.watch
    if watch is None or watch.phase is Phase.CLOSED:
        return replace(state, stepped_at=None)
    under_way = watch.rollback
    if under_way is not None:
        emptied = tuple(replace(each, good=0, bad=0, seen_until=0.0) for each in under_way.recovery)
        under_way = replace(under_way, recovery=emptied, next_order=0.0)
    return replace(state, stepped_at=None, watch=replace(watch, evidence=Evidence(), rollback=under_way))


def open_watch(state: WorkloadState | None) -> Watch | None:
    """The watch that still needs data, or None."""
    if state is None or state.watch is None or state.watch.phase is Phase.CLOSED:
        return None
    return state.watch


def _gone(state: WorkloadState | None, now: float) -> Step | None:
    if state is None:
        return None
    watch = open_watch(state)
    if watch is None:
        return Step(state)
    outcome = Outcome.SUPERSEDED if watch.rollback is not None else None
    ended = replace(watch, phase=Phase.CLOSED, ended_at=now, end_reason="the workload was deleted", outcome=outcome)
    return Step(replace(state, watch=ended), moved=("closed",))


def _first(view: WorkloadView, newest: Revision, observation: Observation, now: float, policy: Policy) -> Step:
    state = releases.first_sight(view, newest, policy, now)
    turn = Turn(state, view, observation, policy, now, moved=["seen"] if state.watch is None else ["seen", "release"])
    _ripen(turn)
    return turn.done()


def _ripen(turn: Turn) -> None:
    """A revision that ran long enough without a breach becomes known good."""
    ripe = ledger.ripen(turn.state, turn.view, turn.observation.surroundings, turn.policy, turn.now)
    if ripe.known_good != turn.state.known_good:
        turn.move("known_good")
    turn.state = ripe


def _notice(turn: Turn, newest: Revision) -> None:
    """A newer revision than the one marked: our own way back, or a new release that ends the watch before."""
    if newest.number == turn.state.mark.number:
        return
    if releases.is_own_way_back(turn.state.watch, turn.view, newest):
        turn.state = replace(turn.state, mark=releases.mark(newest, turn.now))
        turn.move("own_way_back")
        return
    release = releases.release(turn.state, turn.view, newest, turn.policy, turn.now)
    _supersede(turn, release.revision)
    entries = ledger.stopped_running(turn.state.known_good, turn.state.mark, release.began)
    if release.never_undo.startswith("recovery"):
        entries = ledger.revoke(entries, turn.state.mark.template_id, f"somebody went back to {release.revision}")
    entries = ledger.runs_again(entries, newest.template_id)
    turn.state = replace(
        turn.state, mark=releases.mark(newest, release.began), known_good=entries, watch=Watch(release), decisions=0
    )
    turn.move("release")


def _supersede(turn: Turn, successor: str) -> None:
    watch = open_watch(turn.state)
    if watch is None:
        return
    outcome = Outcome.SUPERSEDED if watch.rollback is not None else None
    turn.close(f"superseded by revision {successor}", outcome)
    turn.ended.append(turn.watch)


def _proceed(turn: Turn) -> None:
    watch = open_watch(turn.state)
    if watch is None:
        return
    if watch.phase is Phase.ACTING:
        _stand_down_if_forbidden(turn)
    _look(turn)
    if turn.watch.phase in CARRYING_OUT:
        rollback.go_on(turn)
    else:
        _judge(turn)


def _stand_down_if_forbidden(turn: Turn) -> None:
    """An intent is not sent, nor sent again, once somebody said hold.  What was sent already shows on the object."""
    reason = turn.view.hold or ("mode is no longer act" if turn.policy.mode is not Mode.ACT else "")
    if not turn.observation.surroundings.permitted:
        reason = "this process may not write any more"
    sent = turn.watch.decision is not None and turn.view.decision == turn.watch.decision.id
    if reason and not sent and not turn.observation.executing and turn.observation.report is None:
        rollback.stand_down(turn, reason)


def _look(turn: Turn) -> None:
    """Fold what is new, and note how far the release has come."""
    watch, view = turn.watch, turn.view
    evidence = judge.fold(watch, turn.observation, view, turn.policy, turn.now)
    exposure = _exposure(watch, view)
    changed = exposure != watch.exposure
    rolled_out = watch.rolled_out_at is None and view.rolled_out and view.current == watch.release.number
    turn.update(
        replace(
            watch,
            evidence=evidence,
            exposure=exposure,
            exposed_at=turn.now if watch.exposed_at is None and exposure > 0 else watch.exposed_at,
            exposure_changed_at=turn.now if changed and exposure > watch.exposure else watch.exposure_changed_at,
            rolled_out_at=turn.now if rolled_out else watch.rolled_out_at,
        )
    )
    if rolled_out:
        turn.move("rolled_out")
    if watch.phase is Phase.PARKED and (changed or rolled_out):
        turn.update(replace(turn.watch, phase=Phase.WATCHING, counted_from=turn.now))
        turn.move("resumed")


def _exposure(watch: Watch, view: WorkloadView) -> int:
    if view.rollout is not None and view.rollout.routed and view.rollout.in_progress:
        return view.rollout.canary_weight or 0
    revision = view.revision(watch.release.number)
    return revision.ready if revision is not None else 0


def _judge(turn: Turn) -> None:
    findings = judge.read(turn.watch, turn.view, turn.policy, turn.now)
    breaches = judge.breaches(findings)
    if turn.watch.phase is Phase.PARKED:
        breaches = tuple(each for each in breaches if each.lane in PARKED_LANES)
    if breaches and not _aborted_already(turn):
        _breach(turn, breaches)
    if turn.watch.phase not in CARRYING_OUT:
        _end_in_time(turn, findings)


def _aborted_already(turn: Turn) -> bool:
    rollout = turn.view.rollout
    return rollout is not None and rollout.in_progress and bool(rollout.aborted_at)


def _breach(turn: Turn, breaches: tuple[Finding, ...]) -> None:
    watch = turn.watch
    if watch.verdict is not Verdict.BREACH:
        watch = replace(watch, verdict=Verdict.BREACH, breached_at=turn.now)
        entries = ledger.revoke(turn.state.known_good, watch.release.template_id, f"breach: {breaches[0].sentence}")
        turn.state = replace(turn.state, watch=watch, known_good=entries)
        turn.move("breach")
    decision = decide(turn.state, watch, breaches, turn.observation, turn.view, turn.policy, turn.now)
    if same_decision(watch.decision, decision):
        return
    turn.state = replace(turn.state, watch=replace(watch, decision=decision), decisions=decision.attempt)
    turn.move(f"{decision.action}")
    if decision.action is Action.ROLL_BACK and decision.mode is Mode.ACT:
        rollback.start(turn, decision)
    else:
        _tell(turn, decision)


def _tell(turn: Turn, decision: Decision) -> None:
    reason = "RollbackHeld" if decision.action is Action.HOLD else "RollbackProposed"
    turn.announce(reason, decision.reason, warning=True)


def _end_in_time(turn: Turn, findings: tuple[Finding, ...]) -> None:
    """Close the watch when its time is over and the evidence suffices, or when it never will; park what drags on."""
    watch, bake = turn.watch, turn.policy.bake
    began = watch.counted_from if watch.counted_from is not None else watch.release.began
    overdue = turn.now >= began + bake.max
    if watch.rolled_out_at is None:
        if overdue and watch.phase is Phase.WATCHING:
            turn.update(replace(watch, phase=Phase.PARKED))
            turn.move("parked")
        return
    since = max(watch.rolled_out_at, watch.counted_from or 0.0)
    over = turn.now >= since + bake.hold_for
    settled = judge.enough(watch, turn.policy) and not judge.unsettled(watch, turn.policy)
    if watch.verdict is Verdict.BREACH:
        if overdue or (over and not judge.breaches(findings)):
            turn.close("the watch ended; the breach was not undone")
    elif over and settled:
        _passed(turn)
    elif over and overdue:
        _undecided(turn, findings)


def _passed(turn: Turn) -> None:
    turn.update(replace(turn.watch, verdict=Verdict.PASS))
    turn.state = ledger.learn(turn.state, Provenance.PASSED, turn.view, turn.observation.surroundings, turn.now)
    turn.move("pass")
    turn.close("passed")


def _undecided(turn: Turn, findings: tuple[Finding, ...]) -> None:
    blind = [each for each in findings if each.verdict is Verdict.NO_DATA]
    verdict = Verdict.NO_DATA if blind else Verdict.INCONCLUSIVE
    turn.update(replace(turn.watch, verdict=verdict))
    turn.move(f"{verdict}")
    turn.close(blind[0].sentence if blind else "too little was seen for a verdict")
