"""What came of a rehearsal: each rung that was to go back, with the time of each step and what is not as before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.core.drill import steps
from watcher.ports import FAILED, PASSED

LONGEST = 300
"""Characters of a message or a difference that are kept."""

MOST = 30
"""Differences that are sent: the first ones tell what is wrong."""

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """One rung; `steps` are seconds since the bad release."""

    rung: str
    result: str
    seconds: float
    message: str
    decision: str
    steps: Mapping[str, float]
    differences: tuple[str, ...]

    def body(self, drill: str, workload: str) -> Document:
        """As the daemon takes it."""
        return {
            "id": drill,
            "workload": workload,
            "rung": self.rung,
            "result": self.result,
            "seconds": self.seconds,
            "message": self.message,
            "decision": self.decision,
            "steps": dict(self.steps),
            "differences": list(self.differences[:MOST]),
        }


def judged(
    rungs: Sequence[str], decision: Document | None, released: float, problem: str, differences: Sequence[str]
) -> tuple[Rehearsed, ...]:
    """Each rung that was to be rehearsed: passed where it led back, nothing went wrong, and all is as before."""
    found, taken = decision or {}, steps(decision, released) if decision is not None else {}
    left = tuple(_line(each) for each in differences)
    rows = []
    for rung in rungs:
        why = problem or _not_done(rung, found) or (f"not as before: {left[0]}" if left else "")
        seconds = taken.get("restored", max(taken.values(), default=0.0))
        message = why or f"restored {seconds:.1f} s after the bad release"
        result = FAILED if why else PASSED
        rows.append(Rehearsed(rung, result, seconds, _line(message), str(found.get("id") or ""), taken, left))
    return tuple(rows)


def _not_done(rung: str, decision: Document) -> str:
    git = decision.get("git") or {}
    if rung == "git" and git.get("revision") and decision.get("durability") == "durable":
        return ""  # by itself, or beside an abort, which takes no turn on the ladder
    step = next((each for each in decision.get("rungs") or () if each["rung"] == rung), None)
    if step is None or not step["taken"]:
        done = [each["rung"] for each in decision.get("rungs") or () if each["taken"]]
        return f"rung {rung} was not taken" + (f", {' and '.join(done)} was" if done else "")
    return f"rung {rung} failed: {step['failed']}" if step["failed"] else ""


def _line(text: str) -> str:
    line = "".join(each if each.isprintable() else " " for each in text)
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
