"""A decision in sentences: the evidence, what is done about it, and what has to be known beside it."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.deciding import gate
from watcher.core.deciding.gate import Gate, Passage
from watcher.core.flags import FlagSight
from watcher.core.model import Suspect
from watcher.core.state import Finding, GuardFinding, RungStep, Target
from watcher.core.words import Action, Mode


@dataclass(frozen=True, slots=True)
class Way:
    """The way back as a clause, where it is `doing` it, and where it `would`."""

    doing: str
    would: str


def decided(best: Finding, consequence: str, passage: Passage, siblings: tuple[Suspect, ...]) -> str:
    """The whole reason of a decision."""
    return f"{best.sentence}. {consequence}{_unnoted(passage)}{_beside(siblings)}"


def consequence(action: Action, guards: tuple[GuardFinding, ...], way: Way, mode: Mode, why_mode: str) -> str:
    """What is done, or why nothing is."""
    if action is Action.ROLL_FORWARD:
        return f"Not rolled back, roll forward: {guards[0].reason}."
    if guards:
        return f"Not rolled back: {guards[0].reason}."
    if mode is Mode.ACT:
        return f"{way.doing}."
    return f"Would {way.would}; only {mode} because {why_mode}."


def way(chosen: RungStep | None, target: Target | None, passage: Passage, flag: FlagSight | None) -> Way:
    """The way that would be taken."""
    if flag is not None:
        return Way(f"Switching {flag.flag} off", f"switch {flag.flag} off")
    if chosen is None or target is None:
        return Way("", "")
    down = f", with {gate.names(passage)}" if passage.pending else ""
    what = f"{chosen.rung} to revision {target.revision}{down}"
    return Way(f"Rolling back by {what}", f"roll back by {what}")


def _unnoted(passage: Passage) -> str:
    said = passage.gate in (Gate.UNNOTED, Gate.UNSEEN, Gate.DOWN_APPROVAL, Gate.DOWN_AUTOMATIC)
    return f" {passage.why[:1].upper()}{passage.why[1:]}." if said and passage.why else ""


def _beside(siblings: tuple[Suspect, ...]) -> str:
    if not siblings:
        return ""
    return f" Released by the same change, and suspected too: {', '.join(str(each.workload) for each in siblings)}."
