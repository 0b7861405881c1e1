"""A person commands a way back from the release that runs now, be it under watch or not.

Guards, ladder and record are those of every decision; what the person says stands in the place of a check that fired.
It lifts `propose`, like an approval, and passes just the guards that are named with it.  A command is durable before
anything is done about it, and counts once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from watcher.core import releases
from watcher.core.carrying_out import rollback
from watcher.core.deciding import commanded, gate, waiting
from watcher.core.deciding.approving import LAPSES
from watcher.core.deciding.decision import decide
from watcher.core.deciding.gate import Gate
from watcher.core.deciding.guards import GUARDS, IGNORANCE
from watcher.core.deciding.ladder import next_rung
from watcher.core.judging import judge
from watcher.core.migrations import Safety
from watcher.core.model import Request, Revision, WorkloadView
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import Commanded, Decision, GuardFinding, Refused, Release, Watch, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import Action, Mode, Phase, Rung, Verdict

WAITS = 20.0
"""Seconds that a command waits for what nobody has looked at while the release was not under watch."""

KEPT = 20
"""Commands that are remembered, so that one which arrives again is known."""

KEPT_REFUSALS = 5
"""The same of those that were refused: it is answered as before, though somebody else's was refused since."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person who commanded a rollback is told.

    `decision` carries it out; `waits`: it is still being looked at.  Else it was refused: `guards` hold, or else the
    text says why, and `revision` is what ran then.
    """

    text: str
    decision: str = ""
    waits: bool = False
    guards: tuple[GuardFinding, ...] = ()
    revision: str = ""


def take(turn: Turn, *, numbered: bool) -> None:
    """Take up the command that came in, or go on with the one that waits.

    `numbered` is False while the controller has not taken up the newest template.
    """
    new = turn.observation.request
    if new is not None and _known(turn.state, new) is None:
        if turn.state.wanted is not None:
            _refuse(turn, new, f"another command is being looked at, by {turn.state.wanted.request.by}")
        else:
            turn.state = replace(turn.state, wanted=Commanded(new, _running(turn.state, turn.view)))
            turn.move("commanded")
    if turn.state.wanted is not None:
        _go_on(turn, turn.state.wanted, numbered=numbered)


def answer(state: WorkloadState | None, request: Request) -> Answer:
    """What to tell the person, after the step that took this command up."""
    found = _known(state, request) if state is not None else None
    if isinstance(found, Refused):
        return Answer(found.reason, guards=found.guards, revision=found.revision)
    if found is None or state is None:
        return Answer("it could not be judged at this moment; try again")
    if not found.decision:
        return Answer("it is looked at whether it can be done", waits=True)
    decision = state.watch.decision if state.watch is not None else None
    if decision is None or decision.id != found.decision:
        return Answer(f"decision {found.decision} was taken up for it before", decision=found.decision)
    return Answer(decision.reason, decision=decision.id)


def release_wanted(state: WorkloadState, view: WorkloadView, policy: Policy) -> Release | None:
    """The release that a command which waits wants to be undone, or None."""
    newest = view.newest()
    if state.wanted is None or newest is None or _running(state, view) != state.wanted.release:
        return None
    return _watch(state, view, newest, policy, 0.0).release


def command(request: Request, told: Answer, workload: str) -> str:
    """The command by which a person passes the guards that hold as well, of the revision that they held for."""
    more = tuple(each.id for each in told.guards if each.id not in request.overrides)
    return commanded.line(workload, told.revision, request.reason, request.to, (*request.overrides, *more))


def _known(state: WorkloadState, request: Request) -> Commanded | Refused | None:
    """What became of this command, if it came in before."""
    waiting = (state.wanted,) if state.wanted is not None else ()
    refused = (state.refused, *reversed(state.refused_before)) if state.refused is not None else ()
    again = [each for each in refused if _asked_for(each.request) == _asked_for(request)]
    return next((each for each in (*waiting, *reversed(state.commanded), *again) if _same(each.request, request)), None)


def _same(one: Request, other: Request) -> bool:
    return (one.id, one.by) == (other.id, other.by) if one.id and other.id else one == other


def _asked_for(request: Request) -> tuple[str, str, tuple[str, ...]]:
    """What is refused is judged anew where it asks for something else, though it was given the id of before."""
    return request.leaving, request.to, request.overrides


def _running(state: WorkloadState, view: WorkloadView) -> str:
    """Id of the release that runs now."""
    watch = state.watch
    return (
        watch.release.id if watch is not None and watch.release.number == view.current else f"{view.uid}/{view.current}"
    )


def _go_on(turn: Turn, wanted: Commanded, *, numbered: bool) -> None:
    request, newest = wanted.request, turn.view.newest()
    patient = turn.now - request.at <= WAITS
    if newest is None or not numbered:
        if not patient:
            _refuse(turn, request, "the controller has not taken up the newest template yet; try again")
        return
    objection = _objection(turn, wanted, newest)
    if objection:
        _refuse(turn, request, objection)
        return
    watch = _aimed(turn, newest, request)
    decision = _with_down(turn, _decide(turn, watch, request), watch)
    if patient and (_unknown(decision) or _may_be_seen(turn, watch, decision)):
        return
    _answer(turn, watch, decision, request)


def _aimed(turn: Turn, newest: Revision, request: Request) -> Watch:
    """The watch of what is to be undone; what was seen of Git counts only where it leads to the same target."""
    watch = _watch(turn.state, turn.view, newest, turn.policy, turn.now)
    target = commanded.aim(turn.state, turn.view, turn.policy, newest.template_id, turn.now, request)
    turn.observation = commanded.aimed(turn.observation, target.template_id if target is not None else "")
    return replace(watch, release=commanded.towards(watch.release, newest, turn.view, target))


def _objection(turn: Turn, wanted: Commanded, newest: Revision) -> str:
    """Why this cannot be asked for at all."""
    state, request, watch = turn.state, wanted.request, turn.state.watch
    if wanted.release != _running(state, turn.view):
        return f"a newer release began meanwhile: revision {newest.name}"
    if watch is not None and watch.carrying_out and watch.decision is not None:
        return f"a rollback is under way already, decision {watch.decision.id}: {watch.decision.reason}"
    if request.leaving and not commanded.runs_now(request.leaving, newest):
        return _another_runs(request, newest)
    if turn.now - request.at > LAPSES:
        return f"it was given {seconds(turn.now - request.at)} ago, and lapses after {seconds(LAPSES)}"
    if not turn.policy.watched:
        return "no entry of services matches it, so nothing says how it may be rolled back"
    useless = [each for each in request.overrides if each not in GUARDS or not GUARDS[each].passable]
    if useless:
        return f"guard {useless[0]} cannot be passed"
    return _wrong_target(turn, request, newest) if request.to else ""


def _another_runs(request: Request, newest: Revision) -> str:
    about = f"number {newest.number}, {', '.join(newest.images)}"
    mend = "look at that one first, and name it with --from where it is to be left"
    return f"what runs now is revision {newest.name} ({about}), not {request.leaving}; {mend}"


def _wrong_target(turn: Turn, request: Request, newest: Revision) -> str:
    named = commanded.find(turn.state, turn.view, request.to)
    if named is None:
        known = ", ".join(f"{each.name} ({each.number})" for each in turn.view.revisions if each is not newest)
        return f"neither the cluster nor the ledger knows a revision {request.to}; there is {known or 'no other'}"
    return f"revision {request.to} is what runs now" if named.template_id == newest.template_id else ""


def _watch(state: WorkloadState, view: WorkloadView, newest: Revision, policy: Policy, now: float) -> Watch:
    """The watch of the release that runs now: the one there is, opened again where it has ended, or a new one."""
    watch = state.watch
    if watch is None or watch.release.number != newest.number:
        return Watch(_release(view, newest, policy), reopened=now)
    if watch.phase is not Phase.CLOSED:
        return watch
    revert = watch.rollback.revert if watch.rollback is not None else watch.revert
    return Watch(
        watch.release,
        evidence=watch.evidence,
        exposed_at=watch.exposed_at,
        exposure_changed_at=watch.exposure_changed_at,
        exposure=watch.exposure,
        rolled_out_at=watch.rolled_out_at,
        verdict=watch.verdict,
        breached_at=watch.breached_at,
        decision=watch.decision,
        revert=revert,
        downs=tuple(each for each in watch.downs if each.done or each.under_way),  # these must not run once more
        said=watch.said,
        reopened=now,
    )


def _release(view: WorkloadView, newest: Revision, policy: Policy) -> Release:
    """The release of a revision that was never under watch, as after a way back, or that ran before anybody looked."""
    others = [each for each in view.revisions if each.number != newest.number]
    before = max(others, key=lambda each: each.number, default=newest)
    earlier = WorkloadState(view.workload, view.uid, releases.mark(before, before.created))
    return releases.release(earlier, view, newest, policy, newest.created)


def _decide(turn: Turn, watch: Watch, request: Request) -> Decision:
    state, view, policy, now = turn.state, turn.view, turn.policy, turn.now
    attempts = state.decisions if state.watch is not None and state.watch.release.id == watch.release.id else 0
    judged = watch.reopened is None and watch.verdict is Verdict.BREACH
    seen = judge.breaches(judge.read(watch, view, policy, now)) if judged else ()
    findings = (commanded.finding(request), *seen)
    return decide(replace(state, decisions=attempts), watch, findings, turn.observation, view, policy, now)


def _with_down(turn: Turn, decision: Decision, watch: Watch) -> Decision:
    """The decision with the guard on down migrations that a person has to approve: that is more than to go back."""
    chosen = next_rung(decision.rungs)
    passage = gate.ask(decision.migrations, watch.downs, turn.view, turn.policy)
    if chosen is None or chosen.rung is Rung.FLAG or passage.gate is not Gate.DOWN_APPROVAL:
        return decision
    found = GuardFinding(commanded.DOWN, f"{gate.names(passage)} runs with a person's approval only")
    if commanded.DOWN in commanded.named(decision):
        return replace(decision, overridden=(*decision.overridden, found))
    return replace(decision, guards=(*decision.guards, found))


def _unknown(decision: Decision) -> bool:
    """Whether nothing but what nobody has looked at yet speaks against it."""
    return bool(decision.guards) and all(each.id in IGNORANCE for each in decision.guards)


def _may_be_seen(turn: Turn, watch: Watch, decision: Decision) -> bool:
    """Whether something that the way back depends on is being looked at just now, as before every first decision."""
    state = replace(turn.state, watch=replace(watch, breached_at=None, decision=None))
    named = decision.request is not None and bool(decision.request.to)
    asked = Turn(state, turn.view, turn.observation, turn.policy, turn.now)
    return waiting.is_due(asked, decision.findings, by_version=named)


def _answer(turn: Turn, watch: Watch, decision: Decision, request: Request) -> None:
    chosen = next_rung(decision.rungs)
    if decision.guards:
        named = "; ".join(f"{each.id}: {each.reason}" for each in decision.guards)
        _refuse(turn, request, f"guards hold: {named}", decision.guards)
    elif decision.action not in (Action.ROLL_BACK, Action.FLAG_OFF) or chosen is None:
        _refuse(turn, request, decision.reason)
    elif decision.mode not in (Mode.ACT, Mode.PROPOSE):
        _refuse(turn, request, f"it may only {decision.mode}: {decision.why_mode}")
    else:
        reason = f"{request.by} commanded it: {request.reason}. {_way(decision, watch)}{_past(decision)}."
        _begin(turn, watch, replace(decision, mode=Mode.ACT, why_mode="", reason=reason), request)


def _way(decision: Decision, watch: Watch) -> str:
    """What is done, with the down migrations that go along."""
    chosen, target = next_rung(decision.rungs), decision.target
    if decision.flag is not None:
        return f"Switching {decision.flag.flag} off"
    revision = target.revision if target is not None else "that the Rollout calls stable"
    notes = decision.migrations.notes if decision.migrations is not None else ()
    done = {each.note for each in watch.downs if each.done}
    down = [each.name for each in notes if each.safety is Safety.AFTER_DOWN and each.name not in done]
    along = f", with down migration {' and '.join(down)}" if down else ""
    return f"Rolling back by {chosen.rung if chosen is not None else 'no rung'} to revision {revision}{along}"


def _past(decision: Decision) -> str:
    passed = ", ".join(each.id for each in decision.overridden)
    return f", past {'guard' if len(decision.overridden) == 1 else 'guards'} {passed}" if passed else ""


def _begin(turn: Turn, watch: Watch, decision: Decision, request: Request) -> None:
    taken = Commanded(request, watch.release.id, decision.id)
    turn.state = replace(
        turn.state,
        watch=replace(watch, decision=decision, consent=None),
        decisions=decision.attempt,
        wanted=None,
        commanded=(*turn.state.commanded, taken)[-KEPT:],
    )
    turn.move(f"{decision.action}")
    rollback.start(turn, decision)


def _refuse(turn: Turn, request: Request, reason: str, guards: tuple[GuardFinding, ...] = ()) -> None:
    wanted = turn.state.wanted
    left = wanted if wanted is not None and wanted.request != request else None
    last, newest = turn.state.refused, turn.view.newest()
    before = (*turn.state.refused_before, last)[1 - KEPT_REFUSALS :] if last is not None else ()
    refused = Refused(request, turn.now, reason, guards, newest.name if newest is not None else "")
    turn.state = replace(turn.state, wanted=left, refused=refused, refused_before=before)
    turn.move("command_refused")
