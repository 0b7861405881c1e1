"""Conditions in a status, with their two times."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.sandbox.kubernetes.objects import Json


def condition(kind: str, *, holds: bool | None, reason: str, message: str) -> Json:
    """A condition without times; `holds` None means Unknown."""
    status = {True: "True", False: "False", None: "Unknown"}[holds]
    return {"type": kind, "status": status, "reason": reason, "message": message}


def settled(before: Sequence[Json], new: Json, stamp: str, *, touched: bool = False) -> Json:
    """The condition with its times, given the conditions there were.

    Status and reason as before: it stays as it was, but for `touched`, which says that there is news of the
    same kind and moves `lastUpdateTime` on. `lastTransitionTime` moves with the status only.
    """
    old = next((entry for entry in before if entry["type"] == new["type"]), None)
    if old is not None and not touched and (old["status"], old["reason"]) == (new["status"], new["reason"]):
        return old
    since = old["lastTransitionTime"] if old is not None and old["status"] == new["status"] else stamp
    return {**new, "lastUpdateTime": stamp, "lastTransitionTime": since}


def find(conditions: Sequence[Json], kind: str) -> Json | None:
    """The condition of that type, if there is one."""
    return next((entry for entry in conditions if entry["type"] == kind), None)
