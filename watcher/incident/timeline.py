"""The steps of a release, as records of the log hold them, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.core.deciding.ladder import next_rung
from watcher.core.model import Observation
from watcher.core.orders import Announce, Command, rung_of
from watcher.core.state import Decision, Watch
from watcher.core.words import Action, Rung
from watcher.incident.facts import Event

MOST = 120
"""Lines; of more, those in the middle are left out."""

WORDS: dict[str, str] = {
    "release": "The release began",
    "rolled_out": "It was fully rolled out",
    "parked": "Its watch was parked: it was in progress for long",
    "resumed": "Its watch went on",
    "breach": "A breach was proven",
    "breach_over": "The breach ended by itself",
    "aborted": "The Rollout was seen aborted",
    "bad_version_back": "It is a version that was taken back before",
    "approved": "A person approved",
    "approval_refused": "An approval did not count",
    "approval_lapsed": "An approval counts no more",
    "ordered": "The order was given",
    "stuck_pods": "Pods of the bad version were deleted, which the controller was stuck on",
    "conflict": "The object had changed: it was looked at again",
    "held": "A hold stood before the write",
    "unknown": "Nobody knew what came of the attempt: the object was read again",
    "unavailable": "The other side could not be asked, and nothing was sent",
    "not_leading": "Nothing was sent, for this process did not lead any more: whoever leads goes on",
    "stood_down": "The intent was given up before it was carried out",
    "revert_ordered": "A revert in Git was ordered",
    "revert_applied": "The revert was pushed",
    "revert_already": "The revert was there before",
    "revert_waiting": "A pull request waits for a person",
    "revert_merged": "The pull request was merged",
    "revert_closed": "The pull request was closed without a merge",
    "revert_given_up": "The revert did not come in time",
    "refresh_ordered": "Another look at the branch was asked for",
    "put_back": "The tool that manages the workload put the bad version back: the undo was sent once more",
    "durable": "Git holds the good version",
    "bridge_overdue": "The bridge stands for too long",
    "bridge_ends": "The bridge is taken down",
    "bridge_over": "The bridge is down",
    "sync_ends": "A sync that still waited was ended",
    "sync_over": "The sync is over",
    "settled": "Nothing of the rollback is left to do",
    "confirming": "The cluster acknowledged it",
    "own_way_back": "The revision of the way back was recognised",
    "on_target": "The workload is on target",
    "down_ordered": "A down migration was ordered",
    "down_running": "The Job of the down migration runs",
    "down_done": "The down migration has succeeded",
    "down_failed": "The down migration has failed",
    "migrating": "The version is back; its down migration comes after it",
    "migrated": "The down migrations are done",
    "commanded": "A person commanded a rollback",
    "command_refused": "A person's command was refused",
    "overridden": "A guard that came up later was passed by its name",
    "called_good": "A person called a revision good",
    "called_bad": "A person called a revision bad",
    "word_refused": "What a person said of a revision did not count",
    "pass": "It passed",
    "inconclusive": "Too little was seen for a verdict",
    "no_data": "There were no data for a verdict",
    "closed": "The watch ended",
    "known_good": "A revision became known good",
}
"""What the words of the log say where nothing more is known of the step."""

_OF_OTHERS = frozenset({"seen", "known_good"})
_RUNGS = frozenset(Rung)


@dataclass(frozen=True, slots=True)
class Taken:
    """One record of the log, decoded as far as it tells something."""

    at: float
    moved: tuple[str, ...]
    observation: Observation
    commands: tuple[Command, ...]
    watch: Watch | None


def events(steps: Sequence[Taken]) -> tuple[tuple[Event, ...], int]:
    """The lines, oldest first, and how many were left out."""
    found = [event for step in steps for event in _of(step)]
    if len(found) <= MOST:
        return tuple(found), 0
    half = MOST // 2
    return (*found[:half], *found[-half:]), len(found) - MOST


def _of(step: Taken) -> Iterator[Event]:
    """One line for what is announced, and one for each transition that this does not tell."""
    announced = [each for each in step.commands if isinstance(each, Announce)]
    for moved in step.moved:
        if moved in _OF_OTHERS or (moved in _RUNGS and "ordered" in step.moved):
            continue
        text = _text(moved, step, announced)
        if text:
            yield Event(step.at, moved, text)


def _decided(decision: Decision) -> str:
    """In short: the reason stands elsewhere."""
    rung, target = next_rung(decision.rungs), decision.target
    held = f", guard {decision.guard.id} held" if decision.guard is not None else ""
    way = f" by {rung.rung}" if rung is not None and not held else ""
    back = f" to revision {target.revision}" if target is not None and way else ""
    return f"Decided: {decision.action} ({decision.mode}){way}{back}{held}"


def _text(moved: str, step: Taken, announced: Sequence[Announce]) -> str:
    if moved in frozenset(Action):
        decision = step.watch.decision if step.watch is not None else None
        return _decided(decision) if decision is not None else ""
    if moved == "release" and step.watch is not None:
        release = step.watch.release
        return f"Revision {release.revision} began: {', '.join(release.images)}"
    if moved == "breach" and step.watch is not None and step.watch.decision is not None:
        return ""  # the decision of the same step tells it
    said = next((each.text for each in announced if each.stage.value == moved), "")
    if said:
        return said
    if moved == "ordered":
        rungs = ", ".join(rung_of(each) for each in step.commands if not isinstance(each, Announce))
        return f"Order given: {rungs}" if rungs else WORDS[moved]
    report = step.observation.report
    message = f": {report.message}" if report is not None and report.message else ""
    if moved in ("confirming", "conflict", "held", "unknown", "unavailable", "revert_applied", "revert_waiting"):
        return f"{WORDS[moved]}{message}"
    if moved in _RUNGS:
        return f"Rung {moved} was chosen"
    return WORDS.get(moved) or moved.replace("_", " ").capitalize()
