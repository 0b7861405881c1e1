"""How a rollback ends: given up before it was carried out, failed, or with what is known of the service then."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.carrying_out import causes, mechanism, pairing, recovery, settling
from watcher.core.deciding import ledger, quarantine
from watcher.core.deciding.approving import UNSEEN
from watcher.core.state import Bar, DownRun, GuardFinding, SwitchedOff, Watch
from watcher.core.turn import Turn
from watcher.core.words import Action, Durability, Outcome, Phase, Rung, Stage

SHORTEST_BAR, LONGEST_BAR = 10.0, 300.0
"""Seconds until it is tried again what only the API server refuses: doubled each time, up to the longest."""


def bar(turn: Turn, why: GuardFinding, *, seen: bool) -> None:
    """What the view will never show (`seen` is False) would be met by one order after the other: pause in between."""
    if seen:
        return
    times = turn.watch.bar.times + 1 if turn.watch.bar is not None else 1
    until = turn.now + min(LONGEST_BAR, SHORTEST_BAR * 2 ** min(times - 1, 10))
    turn.update(replace(turn.watch, bar=Bar(why, until, times)))


def stand_down(turn: Turn, why: GuardFinding) -> None:
    """Give up an intent that was not carried out: the decision becomes a hold, and is judged anew.

    What was sent on the way to it is not forgotten: a pull request may wait, a sync of which nobody has heard.
    """
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    if rollback.tried or rollback.revert is not None:
        turn.state = settling.left(turn.state, turn.now)
    held = replace(decision, action=Action.HOLD, guards=(why,), reason=f"{decision.reason} Not sent: {why.reason}.")
    consent = watch.consent if why.id in UNSEEN else None
    given_up = replace(watch, phase=Phase.WATCHING, rollback=None, decision=held, consent=consent)
    turn.update(replace(given_up, revert=rollback.revert, switched=_perhaps_switched(turn)))
    turn.move("stood_down")
    turn.announce(Stage.HELD, f"Rollback not sent: {why.reason}{done_so_far(turn)}")
    if watch.reopened is not None:  # nothing is judged of its release any more
        turn.close(f"the rollback that a person commanded was not sent: {why.reason}{done_so_far(turn)}")


def _perhaps_switched(turn: Turn) -> SwitchedOff | None:
    """A flag whose order was sent may be off, though nobody has heard of it."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    sent = rollback.rung is Rung.FLAG and rollback.tried and not rollback.applied and rollback.again is None
    if not sent or decision.flag is None or watch.switched is not None:
        return watch.switched
    return SwitchedOff(decision.flag.flag, decision.id, turn.now, heard=False)


def done_so_far(turn: Turn) -> str:
    """What stands of this way back although the version does not follow: a person has to know."""
    watch = turn.watch
    switched = [watch.switched.stands] if watch.switched is not None else []
    ran = [f"down migration {each.note} {'has run' if each.done else 'is running'}" for each in _begun(watch)]
    return f"; {', '.join(switched + ran)}" if switched or ran else ""


def _begun(watch: Watch) -> list[DownRun]:
    return [each for each in watch.downs if each.done or each.under_way]


def failed(turn: Turn, message: str) -> None:
    """No way back is left that works: a person is needed."""
    revert = turn.rollback.revert
    held = revert is not None and bool(revert.revision)
    turn.update(replace(turn.watch, durability=Durability.GIT_ONLY if held else None))
    _page(turn, message, pairing.describe(turn))


def failed_on_target(turn: Turn, message: str) -> None:
    """The version is back, and what belongs to it is not."""
    turn.update(replace(turn.watch, durability=pairing.durability(turn)))
    turn.state = settling.left(turn.state, turn.now)
    _page(turn, f"the version is back, and {message}", pairing.describe(turn))


def failed_by_itself(turn: Turn, message: str) -> None:
    """What was under way when a rollback was given up has failed since."""
    _page(turn, message, "")


def _page(turn: Turn, message: str, git: str) -> None:
    turn.announce(Stage.FAILED, f"Rollback failed, a person is needed: {message}{git}{done_so_far(turn)}")
    turn.close(message, Outcome.FAILED)


def end_waiting(turn: Turn, link: str) -> None:
    """A pull request that alone leads back was not merged in time."""
    turn.announce(Stage.WAITING_FOR_PERSON, f"Nobody has merged it, and it is not followed any longer: {link}")
    turn.close(f"waiting for a person: {link}", Outcome.WAITING_FOR_PERSON)


def finish(turn: Turn, outcome: Outcome) -> None:
    """The target serves, and it is known what that came to."""
    watch, decision, rollback = turn.watch, turn.decision, turn.rollback
    release, did = watch.release, f"rolled back as decision {decision.id}"
    entries = ledger.revoke(turn.state.known_good, release.template_id, did)
    entries = ledger.now_runs(entries, mechanism.target_of(decision).template_id, turn.now)
    state = replace(turn.state, known_good=entries, watch=replace(watch, durability=pairing.durability(turn)))
    if outcome is not Outcome.DID_NOT_HELP and rollback.rung is not Rung.ABORT:  # an abort was noticed when it came
        untried = any(each.check == quarantine.CHECK for each in decision.findings)
        state = ledger.quarantine(state, release, f"it was {did}", turn.now, again=untried)
    turn.state = settling.left(state, turn.now)
    if outcome is Outcome.DID_NOT_HELP:
        _look_for_causes(turn)
    watch = turn.watch
    _told(turn, outcome, recovery.describe(outcome, rollback, watch, turn.now) + pairing.describe(turn))


def finish_by_flag(turn: Turn, outcome: Outcome) -> None:
    """The release serves on with its flag off: its version is neither bad nor proven good."""
    watch = turn.watch
    turn.state = ledger.forget_breach(turn.state, watch.release.template_id)
    turn.update(replace(turn.watch, breached_at=None, durability=Durability.DURABLE))
    _told(turn, outcome, recovery.describe_flag(outcome, turn.rollback, watch, turn.now))


def nothing_left(turn: Turn, message: str) -> None:
    """The flag is off, the service is still bad, and there is no other way back."""
    _look_for_causes(turn)
    text = (
        f"Did not help: {message}, and no other way leads back from revision {turn.watch.release.revision}. "
        f"{causes.sentence(turn.watch.causes)}"
    )
    _told(turn, Outcome.DID_NOT_HELP, text)


def _look_for_causes(turn: Turn) -> None:
    found = causes.likely(turn.state, turn.watch, turn.observation, turn.policy)
    turn.update(replace(turn.watch, causes=found))


def _told(turn: Turn, outcome: Outcome, text: str) -> None:
    turn.announce(Stage(outcome), text)
    turn.close(text, outcome)
