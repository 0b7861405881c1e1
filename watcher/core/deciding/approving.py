"""Approval by a person: it lifts `propose`, and nothing else.

What is approved is one way back of one release to one target.  It is judged anew before it is carried out, like
everything else, and lapses when that does not come to the same in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from watcher.core.deciding import gate
from watcher.core.deciding.guards import IGNORANCE
from watcher.core.deciding.ladder import next_rung
from watcher.core.model import Approval
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import Consent, Decision, Watch, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import GOING_BACK, Mode, Phase, Stage, strictest

LAPSES = 900.0
"""Seconds after which an approval that could not be carried out counts no more."""

ANNOTATION = "annotation"
"""`way` of an approval that stands on the object."""

UNSEEN = IGNORANCE | {"forbidden", "not_permitted", "outdated", "source_unhealthy", "stale_cache", "superseded"}
"""Reasons not to write that say nothing against what was approved: it is waited for until they are gone."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person who approved is told: whether it counts, and a sentence."""

    accepted: bool
    text: str


def waits(watch: Watch) -> bool:
    """Whether the decision on this release waits for a person."""
    decision = watch.decision
    standing = watch.phase in (Phase.WATCHING, Phase.PARKED) and watch.breached_at is not None
    return standing and decision is not None and decision.action in GOING_BACK and decision.mode is Mode.PROPOSE


def until(watch: Watch, policy: Policy) -> float:
    """When the watch, and with it the proposal, ends at the latest (Unix seconds), once the release is rolled out."""
    began = watch.counted_from if watch.counted_from is not None else watch.release.began
    return began + policy.bake.max


def take(turn: Turn) -> None:
    """Take up what people have approved since the last step, or say why it does not count."""
    if turn.observation.approval is not None:
        _take(turn, turn.observation.approval)
    standing = turn.view.approval
    if standing is None or turn.watch.decision is None or standing.decision == turn.state.answered:
        return
    turn.state = replace(turn.state, answered=standing.decision)
    objection = _take(turn, replace(standing, at=min(standing.at or turn.now, turn.now)))
    if objection:
        text = f"The approval of decision {standing.decision} does not count: {objection}"
        turn.announce(Stage.APPROVAL_REFUSED, text)


def _take(turn: Turn, approval: Approval) -> str:
    """Why this approval does not count, or nothing: it does."""
    watch, decision = turn.watch, turn.watch.decision
    if watch.consent is not None and watch.consent.approval.decision == approval.decision:
        return ""
    chosen = next_rung(decision.rungs) if decision is not None else None
    objection = _objection(watch, approval, turn.now)
    if objection or decision is None or chosen is None:
        turn.move("approval_refused")
        return objection
    turn.update(
        replace(watch, consent=Consent(approval, chosen.rung, _leads_to(decision), gate.downs(decision.migrations)))
    )
    turn.move("approved")
    turn.announce(Stage.APPROVED, f"Decision {decision.id} was approved by {approval.by}.")
    return ""


def _objection(watch: Watch, approval: Approval, now: float) -> str:
    decision = watch.decision
    if decision is None or approval.decision != decision.id:
        return "the fault is over" if _is_over(watch) else _instead(decision)
    if not waits(watch):
        return _not_waiting(watch, decision)
    if now - approval.at > LAPSES:
        return f"it was given {seconds(now - approval.at)} ago, and lapses after {seconds(LAPSES)}"
    return ""


def _instead(decision: Decision | None) -> str:
    if decision is None:
        return "nothing is decided on the release that runs now"
    return f"decision {decision.id} took its place: {decision.reason}"


def _not_waiting(watch: Watch, decision: Decision) -> str:
    if watch.phase is Phase.CLOSED:
        return f"the watch of its release has ended: {watch.end_reason}"
    if watch.carrying_out:
        return "it is carried out already"
    if decision.guard is not None:
        return f"guard {decision.guard.id} holds: {decision.guard.reason}"
    if decision.mode in (Mode.OBSERVE, Mode.NONE):
        return f"it is only {decision.mode}, and never written ({decision.why_mode})"
    return "the fault is over" if _is_over(watch) else "it does not wait for a person"


def _is_over(watch: Watch) -> bool:
    """Whether the release stood at breach, and does no more, though its watch goes on."""
    watched = watch.phase in (Phase.WATCHING, Phase.PARKED)
    return watched and watch.decision is not None and watch.breached_at is None


def covers(watch: Watch, decision: Decision, now: float) -> bool:
    """Whether a person has approved of just this."""
    consent, chosen = watch.consent, next_rung(decision.rungs)
    if consent is None or chosen is None or now - consent.approval.at > LAPSES:
        return False
    same = (consent.rung, consent.target) == (chosen.rung, _leads_to(decision))
    same = same and set(gate.downs(decision.migrations)) <= set(consent.downs)
    return same and decision.action in GOING_BACK and decision.mode is Mode.PROPOSE


def _leads_to(decision: Decision) -> str:
    """The template that it leads to; empty where no other version is known good, as a flag needs none."""
    return decision.target.template_id if decision.target is not None else ""


def lift(watch: Watch, decision: Decision, reason: str) -> Decision:
    """The decision as the approval that covers it lets it go; it keeps the id under which it was proposed."""
    if watch.consent is None:
        return decision
    approval, proposed = watch.consent.approval, watch.decision
    lifted = replace(decision, mode=Mode.ACT, approval=approval, reason=reason)
    if proposed is None or proposed.id != approval.decision or not waits(watch):
        return lifted
    return replace(lifted, id=proposed.id, attempt=proposed.attempt)


def least(decision: Decision | None) -> Mode:
    """The strictest mode with which this decision may still be carried out: a person's word lifts `propose`."""
    given = decision is not None and (decision.approval is not None or decision.request is not None)
    return Mode.PROPOSE if given else Mode.ACT


def may_go(mode: Mode, decision: Decision | None) -> bool:
    """Whether a mode lets this decision be carried out: `act` always does, `propose` with a person's word."""
    return strictest(mode, least(decision)) is least(decision)


def tidy(turn: Turn) -> None:
    """Drop an approval that counts no more: its time or the fault is over, or something speaks against it now."""
    watch = turn.watch
    if watch.consent is None or watch.carrying_out:
        return
    objection = _spent(watch, turn.now)
    if objection:
        turn.update(replace(watch, consent=None))
        turn.move("approval_lapsed")
        turn.announce(Stage.APPROVAL_LAPSED, f"The approval by {watch.consent.approval.by} counts no more: {objection}")


def _spent(watch: Watch, now: float) -> str:
    decision, consent = watch.decision, watch.consent
    if consent is None or decision is None:
        return ""
    if now - consent.approval.at > LAPSES:
        return f"it could not be carried out within {seconds(LAPSES)}"
    if watch.breached_at is None:
        return "the fault is over"
    if decision.guard is not None:
        return "" if decision.guard.id in UNSEEN else f"guard {decision.guard.id} holds: {decision.guard.reason}"
    return "" if covers(watch, decision, now) or decision.mode is Mode.ACT else f"now it is: {decision.reason}"


def answer(state: WorkloadState | None, approval: Approval, now: float) -> Answer:
    """What to tell the person, after the step that took this approval up."""
    watch = state.watch if state is not None else None
    decision = watch.decision if watch is not None else None
    if watch is None or decision is None:
        return Answer(accepted=False, text=_instead(decision))
    given = decision.approval
    if given is not None and approval.decision in (given.decision, decision.id) and watch.carrying_out:
        return Answer(accepted=True, text=f"decision {decision.id} is being carried out, approved by {given.by}")
    consent = watch.consent if watch.phase in (Phase.WATCHING, Phase.PARKED) else None
    if consent is not None and consent.approval.decision == approval.decision:
        left = seconds(max(0.0, consent.approval.at + LAPSES - now))
        why = decision.guard.reason if decision.guard is not None else "the fault does not show just now"
        return Answer(accepted=True, text=f"approved, and carried out once nothing is in the way ({why}), for {left}")
    reason = _objection(watch, approval, now) or "it could not be judged at this moment; try again"
    return Answer(accepted=False, text=reason)
