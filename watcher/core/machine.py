"""The state machine of one workload: (state, observation, now) -> (state, commands).

No clock and no I/O: the same record gives the same step, bit for bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from watcher.core import noticing, releases, requested
from watcher.core.carrying_out import downs, mechanism, migrating, rollback, settling
from watcher.core.deciding import approving, commanded, ledger, quarantine, testimony, waiting
from watcher.core.deciding.decision import decide, same_decision
from watcher.core.deciding.guards import STALE_CACHE
from watcher.core.judging import course, judge
from watcher.core.judging.evidence import RecoveryEvidence
from watcher.core.judging.favour import SOONEST
from watcher.core.model import Observation, Revision, WorkloadView
from watcher.core.orders import Announce
from watcher.core.policy import Policy
from watcher.core.state import Decision, Finding, Watch, WorkloadState
from watcher.core.turn import Step, Turn
from watcher.core.words import GOING_BACK, Action, Mode, Outcome, Phase, Provenance, Stage, Verdict

LAST_BLOCKS = 120.0
"""Seconds after the end of a watch in which the last samples may still come."""

DELETED = "the workload was deleted"
"""Why a watch ended whose workload is gone."""


def step(state: WorkloadState | None, observation: Observation, now: float, policy: Policy) -> Step | None:
    """Take one step.

    `state` is None for a workload never seen before.  None is returned where there is nothing to remember yet
    (the controller has not numbered the newest template).
    """
    view = observation.view
    if view is None:
        return _gone(state, now)
    newest = view.newest()
    if state is None or state.uid != view.uid:
        return None if newest is None else _first(state, view, newest, observation, now, policy)
    turn = Turn(state, view, observation, policy, now)
    numbered = newest is not None and releases.is_numbered(state, newest)
    if newest is not None and numbered:
        noticing.notice(turn, newest)
    testimony.take(turn)
    requested.take(turn, numbered=numbered)
    turn.observation = commanded.aimed(turn.observation, commanded.leads_to(turn.state, view, policy, now))
    _proceed(turn, judging=numbered)
    settling.settle(turn)
    _ripen(turn)
    return turn.done()


def resume(state: WorkloadState) -> WorkloadState:
    """The state as a new process takes it up: evidence is folded again from raw samples, as far as they
    can still be read."""
    watch = state.watch
    if watch is None or watch.phase is Phase.CLOSED:
        return replace(state, stepped_at=None)
    under_way = watch.rollback
    if under_way is not None:
        emptied = tuple(RecoveryEvidence(each.check, each.basis, each.limit) for each in under_way.recovery)
        under_way = replace(under_way, recovery=emptied, next_order=0.0)
    kept = judge.resume(watch.evidence)
    return replace(state, stepped_at=None, watch=replace(watch, evidence=kept, rollback=under_way))


def open_watch(state: WorkloadState | None) -> Watch | None:
    """The watch that still needs data, or None."""
    return None if state is None else state.open_watch


def _gone(state: WorkloadState | None, now: float) -> Step | None:
    if state is None:
        return None
    ended = _deleted(state, now)
    if ended is None:
        return Step(state)
    return Step(replace(state, watch=ended), tuple(_told_of(ended)), ("closed",))


def _deleted(state: WorkloadState, now: float) -> Watch | None:
    """The open watch as it ends because its workload is gone, or None where there is none."""
    watch = open_watch(state)
    if watch is None:
        return None
    outcome = Outcome.SUPERSEDED if watch.rollback is not None else None
    courses = watch.courses if watch.decision is not None else ()
    return replace(watch, phase=Phase.CLOSED, ended_at=now, end_reason=DELETED, outcome=outcome, courses=courses)


def _told_of(deleted: Watch) -> Iterator[Announce]:
    """That a rollback under way has ended with its workload."""
    release, decision = deleted.release, deleted.decision
    if deleted.outcome is not None and decision is not None:
        text = f"The rollback of revision {release.revision} is over: {deleted.end_reason}."
        yield Announce(release.workload, release.uid, Stage.SUPERSEDED, text, decision.id)


def _first(
    before: WorkloadState | None,
    view: WorkloadView,
    newest: Revision,
    observation: Observation,
    now: float,
    policy: Policy,
) -> Step:
    """A workload never seen before; `before` is the state of one of the same name that was deleted."""
    state = releases.first_sight(view, newest, policy, now)
    if before is not None and before.unsettled is not None:  # a bridge stands on the application, not on the workload
        state = replace(state, unsettled=before.unsettled)
    ended = _deleted(before, now) if before is not None else None
    turn = Turn(state, view, observation, policy, now, moved=["seen"])
    if ended is not None:
        turn.ended.append(ended)
        turn.commands.extend(_told_of(ended))
    if state.watch is not None:
        turn.move("release")
    testimony.take(turn)
    requested.take(turn, numbered=True)
    _ripen(turn)
    return turn.done()


def _ripen(turn: Turn) -> None:
    """A revision that ran long enough without a breach becomes known good."""
    ripe = ledger.ripen(turn.state, turn.view, turn.observation.surroundings, turn.policy, turn.now)
    if ripe.known_good != turn.state.known_good:
        turn.move("known_good")
    turn.state = ripe


def _proceed(turn: Turn, *, judging: bool) -> None:
    """`judging` is False while the spec asks for a revision that the controller has not made or numbered yet."""
    if open_watch(turn.state) is None:
        return
    downs.hear(turn)
    rollback.stand_down_if_forbidden(turn)
    if not turn.policy.watched and not turn.watch.carrying_out:
        turn.close("no entry of services matches it any more")
        return
    _look(turn)
    noticing.end_if_aborted(turn)
    if not turn.watch.carrying_out:
        migrating.end_if_failed(turn)
    if open_watch(turn.state) is None:
        return
    if turn.watch.carrying_out:
        rollback.go_on(turn)
    elif judging:
        _judge(turn)


def _look(turn: Turn) -> None:
    """Fold what is new, and note how far the release has come."""
    watch, view = turn.watch, turn.view
    evidence = judge.fold(watch, turn.observation, view, turn.policy, turn.now)
    exposure = _exposure(watch, view)
    changed = exposure != watch.exposure and watch.rolled_out_at is None
    rolled_out = watch.rolled_out_at is None and view.rolled_out and view.current == watch.release.number
    courses = course.fold(watch.courses, turn.observation, view, turn.policy, watch.release, turn.now)
    turn.update(
        replace(
            watch,
            evidence=evidence,
            courses=courses,
            exposure=exposure,
            exposed_at=turn.now if watch.exposed_at is None and exposure > 0 else watch.exposed_at,
            exposure_changed_at=turn.now if changed or rolled_out else watch.exposure_changed_at,
            rolled_out_at=turn.now if rolled_out else watch.rolled_out_at,
        )
    )
    if rolled_out:
        turn.move("rolled_out")
    if watch.phase is Phase.PARKED and (changed or rolled_out):
        turn.update(replace(turn.watch, phase=Phase.WATCHING, counted_from=turn.now))
        turn.move("resumed")


def _exposure(watch: Watch, view: WorkloadView) -> int:
    """The router's weight, or the most pods that were Ready: pods that come and go change nothing."""
    if view.rollout is not None and view.rollout.routed and view.rollout.in_progress:
        return view.rollout.canary_weight or 0
    revision = view.revision(watch.release.number)
    return max(watch.exposure, revision.ready if revision is not None else 0)


def _judge(turn: Turn) -> None:
    approving.take(turn)
    findings = judge.read(turn.watch, turn.view, turn.policy, turn.now)
    breaches = judge.breaches(findings) or quarantine.brought_back(turn)
    if breaches and not _aborted_already(turn):
        _breach(turn, breaches)
    elif turn.watch.breached_at is not None:
        _over_by_itself(turn, turn.watch.breached_at)
    approving.tidy(turn)
    if not turn.watch.carrying_out and turn.observation.surroundings.cache_age <= STALE_CACHE:
        _end_in_time(turn, findings)


def _aborted_already(turn: Turn) -> bool:
    """Whether an abort is on its way, whoever sent it.  One that never arrives is followed by the next rung."""
    aborted = turn.state.aborted
    if aborted is None:
        return False
    return turn.now - aborted.since <= mechanism.allowed(turn.watch, turn.policy.progress_deadline)


def _breach(turn: Turn, breaches: tuple[Finding, ...]) -> None:
    watch = turn.watch
    if watch.breached_at is None:
        watch = replace(watch, verdict=Verdict.BREACH, breached_at=turn.now)
        entries = ledger.revoke(
            turn.state.known_good, watch.release.template_id, f"{ledger.BREACH}{breaches[0].sentence}"
        )
        turn.state = replace(turn.state, watch=watch, known_good=entries)
        turn.move("breach")
    if watch.decision is None and waiting.is_due(turn, breaches):
        return
    decision = decide(turn.state, watch, breaches, turn.observation, turn.view, turn.policy, turn.now)
    if same_decision(watch.decision, decision):
        return
    turn.state = replace(turn.state, watch=replace(watch, decision=decision), decisions=decision.attempt)
    turn.move(f"{decision.action}")
    if decision.action in GOING_BACK and decision.mode is Mode.ACT:
        rollback.start(turn, decision)
    else:
        _tell(turn, decision)


def _over_by_itself(turn: Turn, breached_at: float) -> None:
    """The breach has ended, which is more than not to be seen any more.  The release does not stand at breach now."""
    watch, policy = turn.watch, turn.policy
    if judge.seen_through(watch, policy, breached_at) and not judge.unsettled(watch, policy):
        turn.update(replace(watch, breached_at=None))
        turn.move("breach_over")


def _tell(turn: Turn, decision: Decision) -> None:
    proposed = Stage.PROPOSED if decision.mode is Mode.PROPOSE else Stage.WOULD_ROLL_BACK
    unmoved = {Action.HOLD: Stage.HELD, Action.ROLL_FORWARD: Stage.ROLL_FORWARD}
    turn.announce(unmoved.get(decision.action, proposed), decision.reason)


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
    start = max(watch.rolled_out_at, watch.counted_from or 0.0)
    if _passes_early(turn, start):
        _passed(turn)
        return
    end = start + bake.hold_for
    over = turn.now >= end and judge.seen_through(watch, turn.policy, end)
    settled = judge.enough(watch, turn.policy) and not judge.unsettled(watch, turn.policy)
    if watch.verdict is Verdict.BREACH:
        if overdue or (over and not judge.breaches(findings)):
            turn.close("the watch ended; the breach was not undone")
    elif over and settled:
        _passed(turn)
    elif overdue and (over or turn.now >= end + LAST_BLOCKS):
        _undecided(turn, findings)


def _passes_early(turn: Turn, start: float) -> bool:
    """Whether the user allows it, and the evidence for the release is strong."""
    watch, policy = turn.watch, turn.policy
    soon = turn.now < start + SOONEST * policy.bake.hold_for
    if not policy.judge.early_pass or soon or watch.verdict is Verdict.BREACH:
        return False
    awake = judge.seen_through(watch, policy, turn.now - LAST_BLOCKS)
    return awake and judge.surely_good(watch, policy) and not judge.unsettled(watch, policy)


def _passed(turn: Turn) -> None:
    turn.update(replace(turn.watch, verdict=Verdict.PASS))
    state = ledger.release_from_quarantine(turn.state, turn.watch.release.template_id)
    turn.state = ledger.learn(state, Provenance.PASSED, turn.view, turn.observation.surroundings, turn.now)
    turn.move("pass")
    turn.announce(Stage.PASSED, f"Revision {turn.watch.release.revision} passed and is known good.")
    turn.close("passed")


def _undecided(turn: Turn, findings: tuple[Finding, ...]) -> None:
    blind = [each for each in findings if each.verdict is Verdict.NO_DATA]
    verdict = Verdict.NO_DATA if blind else Verdict.INCONCLUSIVE
    turn.update(replace(turn.watch, verdict=verdict))
    turn.move(f"{verdict}")
    turn.close(blind[0].sentence if blind else _why_undecided(turn))


def _why_undecided(turn: Turn) -> str:
    if judge.above(turn.watch, turn.policy):
        return "it stayed above a bound, and nothing proves that the release is to blame"
    return "too little was seen for a verdict"
