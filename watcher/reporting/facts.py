"""What a report needs of the rows of the decision log; documents that are damaged count as far as their columns go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from watcher.core.releases import RETURNS
from watcher.core.words import Action, Change, Mode
from watcher.ports import DecisionRow, ReleaseRow

UNDOING = (Action.ROLL_BACK, Action.FLAG_OFF)
"""Actions that take a release back."""


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """One decision.  `rung` is the way back that was taken, or would be; `done`: it was taken.

    `commanded`: a person wanted it, so it is what people did, and not what was decided.
    """

    id: str
    at: float
    action: str
    mode: str
    guards: tuple[str, ...]
    guard_reason: str
    rung: str
    target: str
    target_images: str
    evidence: str
    done: bool
    outcome: str
    first_bad_at: float | None
    restored_at: float | None
    commanded: bool = False

    @property
    def undoes(self) -> bool:
        """Whether it takes the release back of its own accord, or would if it might."""
        return self.action in UNDOING and not self.commanded


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """One release; `returns`: it puts a version back that was known good, whoever did it."""

    id: str
    workload: str
    revision: str
    image: str
    began: float
    ended: float | None
    verdict: str
    reason: str
    restart: bool
    returns: bool

    @property
    def namespace(self) -> str:
        """Namespace of its workload."""
        return namespace_of(self.workload)


def namespace_of(workload: str) -> str:
    """The namespace in Kind/namespace/name."""
    return workload.split("/")[1] if workload.count("/") == 2 else ""


def decision_fact(row: DecisionRow) -> DecisionFact:
    """The fact of a row."""
    body = _parsed(row.body)
    target = body.get("target") or {}
    held = row.action in (Action.HOLD, Action.ROLL_FORWARD)
    guards = [each for each in body.get("guards") or [] if each] if held else []
    sentences = [each["sentence"] for each in body.get("verdicts") or [] if each.get("verdict") == "breach"]
    return DecisionFact(
        id=row.id,
        at=row.at,
        action=row.action,
        mode=row.mode,
        guards=tuple(each["id"] for each in guards) or ((row.guard,) if held and row.guard else ()),
        guard_reason=guards[0]["reason"] if guards else "",
        rung=row.rung or _first_rung(body),
        target=row.target,
        target_images=", ".join(target.get("images") or ()),
        evidence="; ".join(sentences) or row.reason,
        done=row.action in UNDOING and (row.mode == Mode.ACT or bool(row.rung)),
        outcome=row.outcome,
        first_bad_at=body.get("first_bad_at"),
        restored_at=body.get("restored_at"),
        commanded=bool(body.get("request")),
    )


def _first_rung(body: dict[str, Any]) -> str:
    """The rung that would be taken: of a decision that was not carried out, the first that does not stand back."""
    usable = (each["rung"] for each in body.get("rungs") or [] if each.get("mode") not in (None, Mode.NONE))
    return next(usable, "")


def release_fact(row: ReleaseRow) -> ReleaseFact:
    """The fact of a row."""
    body = _parsed(row.body)
    return ReleaseFact(
        id=row.id,
        workload=row.workload,
        revision=row.revision,
        image=row.image,
        began=row.began,
        ended=row.ended,
        verdict=row.verdict,
        reason=str(body.get("reason") or ""),
        restart=body.get("change") == Change.RESTART,
        returns=str(body.get("never_undo") or "").startswith(RETURNS),
    )


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
