"""The one thing that a person has to do about a decision, as a command where there is one."""

from __future__ import annotations

from watcher.core.carrying_out import causes
from watcher.core.carrying_out.pairing import by_hand
from watcher.core.deciding import approving, commanded
from watcher.core.deciding.guards import GUARDS
from watcher.core.deciding.ladder import next_rung
from watcher.core.state import Decision, Watch
from watcher.core.telling import accompanying
from watcher.core.words import Action, Durability, Kind, Mode, Outcome, Phase, Rung

FORWARD = "no revision is known good to go back to: go forward, or choose one by hand"


def remedy(watch: Watch, decision: Decision) -> str:
    """The one thing a person must do, as a command where there is one; empty when nothing is left to do."""
    first = _first(watch, decision)
    if watch.switched is None or not (watch.phase is Phase.CLOSED or decision.guards):
        return first
    off = f"{watch.switched.stands} until: {accompanying.restore_command(watch.switched.decision)}"
    return f"{first} {off}" if first else off


def _first(watch: Watch, decision: Decision) -> str:
    way = _by_hand(watch, decision)
    in_git = _left_in_git(watch)
    if in_git is not None and watch.outcome is not Outcome.DID_NOT_HELP:
        return in_git
    return _after(watch, way) or _instead(watch, decision, way)


def _after(watch: Watch, way: str) -> str:
    """What is left once a rollback has ended."""
    if watch.phase is Phase.CLOSED and watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED):
        if watch.rollback is not None and watch.rollback.rung is Rung.FLAG:
            return "Mend what the flag switches on, then switch it on again."
        return "Put the good version into its source too: the next apply of the bad manifest brings it back."
    if watch.outcome is Outcome.DID_NOT_HELP:
        return f"Going back did not help. {causes.sentence(watch.causes)}"
    return _after_failure(watch, way) if watch.outcome is Outcome.FAILED else ""


def _instead(watch: Watch, decision: Decision, way: str) -> str:
    """What a person does where nothing is done by itself."""
    if decision.action is Action.ROLL_FORWARD:
        return "Roll forward: release a fix; going back would break data."
    if decision.action is Action.HOLD:
        return f"Decide whether the guard is right; if not, {_past_guards(watch, decision, way)}"
    if decision.action is Action.FLAG_OFF and watch.rollback is None:
        return _flag_by_hand(watch, decision)
    if approving.waits(watch):
        by_hand = f"; or by hand: {way}" if way else ""
        return f"Only propose: to go back, run: {approve_commands(watch, decision)[0]}{by_hand}"
    if decision.mode in (Mode.PROPOSE, Mode.OBSERVE):
        return f"Only {decision.mode}: {f'to go back, run: {way}' if way else FORWARD}"
    return ""


def _past_guards(watch: Watch, decision: Decision, way: str) -> str:
    """What a person does who thinks that the guards are wrong: a daemon that acts is told, or it is done by hand."""
    by_hand = f"go back by hand: {way}" if way else FORWARD
    command = rollback_command(watch, decision)
    return f"run: {command}; or {by_hand}" if command else by_hand


def rollback_command(watch: Watch, decision: Decision) -> str:
    """The command by which a daemon that acts goes back past the guards that hold; empty where none does that."""
    guards = [each.id for each in decision.guards]
    if decision.mode not in (Mode.ACT, Mode.PROPOSE) or next_rung(decision.rungs) is None:
        return ""
    if guards == ["no_target"]:
        return _command(watch, "REVISION", (commanded.UNPROVEN,))
    if any(each not in GUARDS or not GUARDS[each].passable for each in guards):
        return ""
    return _command(watch, "", tuple(guards))


def _command(watch: Watch, to: str, guards: tuple[str, ...]) -> str:
    """It names the release that this is about: who reads it later undoes no other one by it."""
    return commanded.line(str(watch.release.workload), watch.release.revision, "TEXT", to, guards)


def _flag_by_hand(watch: Watch, decision: Decision) -> str:
    """A flag that is not switched by itself."""
    flag = decision.flag.flag if decision.flag is not None else "its flag"
    if approving.waits(watch):
        return f"Only propose: to switch {flag} off, run: {approve_commands(watch, decision)[0]}; or do it by hand"
    return f"Only {decision.mode}: switch {flag} off by hand"


def _left_in_git(watch: Watch) -> str | None:
    """What is left to do in Git, where a revert belongs to it: empty when nothing is; None: nothing is known."""
    revert = watch.rollback.revert if watch.rollback is not None else None
    if revert is None:
        return None
    if watch.durability is Durability.DURABLE:
        return ""
    if revert.link and not revert.revision and not revert.failed:
        return f"Merge {revert.link}: until then Git holds the bad version."
    if watch.phase is Phase.CLOSED and not revert.revision:
        return f"Git holds the bad version: {by_hand(revert)}"
    return None


def approve_commands(watch: Watch, decision: Decision) -> list[str]:
    """The commands by which a person approves: over HTTP, and with nothing but kubectl."""
    workload = watch.release.workload
    kind = f"{workload.kind.lower()}/{workload.name}"
    return [
        f"watcher approve {decision.id}",
        f"kubectl -n {workload.namespace} annotate --overwrite {kind} watcher.dev/approve={decision.id}",
    ]


def _after_failure(watch: Watch, way: str) -> str:
    rollback, workload = watch.rollback, watch.release.workload
    broken = next((each for each in watch.downs if each.failed), None)
    if broken is not None:
        return f"Down migration {broken.note} did not succeed: see its Job's logs, and put the database right by hand."
    if rollback is not None and rollback.applied and rollback.rung is Rung.UNDO:
        get = f"kubectl -n {workload.namespace} describe {workload.kind.lower()}/{workload.name}"
        return f"The good version is in the spec already and does not come up; do not undo again, see why: {get}"
    if not way:
        return f"The rollback failed: {FORWARD}"
    return f"Go back by hand: {way}; or, once what kept it from working is mended, run: {_command(watch, '', ())}"


def _by_hand(watch: Watch, decision: Decision) -> str:
    """The command that leads to the target; empty where there is none.

    The revision is named: without it `kubectl` goes to the previous one, whatever that is.  A controller renumbers a
    template that comes back, so the number holds until the next release.
    """
    workload, target = watch.release.workload, decision.target
    if decision.source is not None and decision.good:
        return f"revert to {decision.good[:12]} on {decision.source.branch} of {decision.source.repo}"
    if target is None or not target.number:
        return ""
    if workload.kind is not Kind.ROLLOUT:
        kind = workload.kind.lower()
        return f"kubectl -n {workload.namespace} rollout undo {kind}/{workload.name} --to-revision={target.number}"
    chosen = next_rung(decision.rungs)
    if chosen is not None and chosen.rung is Rung.ABORT:
        return f"kubectl argo rollouts abort {workload.name} -n {workload.namespace}"
    return f"kubectl argo rollouts undo {workload.name} -n {workload.namespace} --to-revision={target.number}"
