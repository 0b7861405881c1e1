"""Rows of the log as plain dictionaries, ready for JSON: what the HTTP API serves and the commands show.

A row's `body` is the document; where it lacks a key that the row has a column for, the column speaks.
"""

from __future__ import annotations

import json
from typing import Any

from watcher.core.measuring.spelling import near
from watcher.ports import DecisionRow, Label, RehearsalRow, ReleaseRow, StoreReader

Document = dict[str, Any]

_MOST_RELEASES = 1000  # looked through for names that are near


def labelled(log: StoreReader, rows: list[DecisionRow]) -> list[Document]:
    """Decisions with what people said of them."""
    labels = {label.decision: label for label in log.labels()}
    return [decision_document(row, labels.get(row.id)) for row in rows]


def whole_decision(log: StoreReader, row: DecisionRow) -> Document:
    """One decision with what people said of it, and when its flag was put back."""
    document = labelled(log, [row])[0]
    restores = [
        {"at": each.at, "by": each.author, "reason": each.reason, "state": each.state, "result": each.result}
        for each in log.flag_restores(row.id)
    ]
    return document | ({"flag_restores": restores} if restores else {})


def decision_document(row: DecisionRow, label: Label | None = None) -> Document:
    """One decision, with what a person said of it."""
    columns: Document = {
        "id": row.id,
        "at": row.at,
        "workload": row.workload,
        "release": row.release,
        "verdict": row.verdict or None,
        "action": row.action,
        "mode": row.mode,
        "guard": {"id": row.guard, "reason": ""} if row.guard else None,
        "rung": row.rung or None,
        "target": {"revision": row.target} if row.target else None,
        "outcome": row.outcome or None,
        "durability": row.durability or None,
        "reason": row.reason,
    }
    return {**columns, **_parsed(row.body), "label": _label(label)}


def _label(label: Label | None) -> Document | None:
    if label is None:
        return None
    return {"verdict": label.verdict, "by": label.author, "at": label.at, "note": label.note}


def release_document(row: ReleaseRow) -> Document:
    """One release."""
    columns: Document = {
        "id": row.id,
        "workload": row.workload,
        "revision": row.revision,
        "images": row.image.split(", ") if row.image else [],
        "began": row.began,
        "verdict": row.verdict or None,
        "action": row.action,
        "outcome": row.outcome or None,
        "ended": row.ended,
    }
    return {**columns, **_parsed(row.body)}


def rehearsal_document(row: RehearsalRow) -> Document:
    """One rehearsed rung."""
    columns: Document = {
        "id": row.id,
        "at": row.at,
        "workload": row.workload,
        "rung": row.rung,
        "result": row.result,
        "seconds": row.seconds,
        "by": row.author,
        "message": row.message,
    }
    return {**columns, **_parsed(row.body)}


def status_document(log: StoreReader) -> Document:
    """What the log knows of now: releases under watch, and when it was last written (None: never)."""
    states = log.states()
    return {
        "source": "decision log",
        "written_at": max((state.at for state in states), default=None),
        "workloads": len(states),
        "watching": [release_document(row) for row in log.releases(unfinished=True, limit=_MOST_RELEASES)],
    }


def why_document(log: StoreReader, workload: str) -> Document:
    """What the log says of the last release of a workload, and whether it was rolled back."""
    release = next(iter(log.releases(workload, limit=1)), None)
    decision = next(iter(log.decisions(workload, limit=1)), None)
    if release is not None and decision is not None and decision.release != release.id:
        decision = None  # of an earlier release
    document: Document = {
        "workload": workload,
        "why": _because(release, decision),
        "release": release_document(release) if release is not None else None,
        "decision": decision_document(decision) if decision is not None else None,
        "source": "decision log",
    }
    if release is None and decision is None:
        document["near"] = _near(log, workload)
    return document


def _because(release: ReleaseRow | None, decision: DecisionRow | None) -> str:
    if decision is not None:
        ending = f" It ended as {decision.outcome}." if decision.outcome else ""
        return f"{_sentence(decision.reason)}{_guard(decision)}{ending}"
    if release is None:
        return "The log holds no release of it: it had none since it is watched, or it is not watched."
    if release.ended is None:
        return "Its last release is under watch, no breach was recorded so far."
    return f"The watch of its last release ended with {release.verdict or 'no verdict'}, without a breach to act on."


def _guard(decision: DecisionRow) -> str:
    """What the guard says, where the decision's reason does not end with it anyway."""
    guard = decision_document(decision)["guard"]
    if not guard or not guard["reason"] or guard["reason"] in decision.reason:
        return ""
    return f" The guard {guard['id']} held: {_sentence(guard['reason'])}"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) or not text else f"{text}."


def _near(log: StoreReader, workload: str) -> list[str]:
    known = {state.workload for state in log.states()} | {row.workload for row in log.releases(limit=_MOST_RELEASES)}
    return near(workload, known)


def _parsed(body: bytes) -> Document:
    """The body, or a word that it is damaged: the columns are worth showing all the same."""
    try:
        parsed = json.loads(body)
    except ValueError as error:
        return {"problem": f"the rest of this record is damaged: {error}"}
    return parsed if isinstance(parsed, dict) else {"problem": "the rest of this record is not a JSON object"}
