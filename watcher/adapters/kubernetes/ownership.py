"""Gives fields that an undo changed back to whoever applies the workload.

The API server notes for each field who set it last (`metadata.managedFields`).  Had an undo the last word on the
template's fields, the fix by server-side apply would fail with `conflicts with "watcher"`.
Format of the entries: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from watcher.adapters.kubernetes.client import FIELD_MANAGER, Client
from watcher.adapters.kubernetes.errors import Conflict
from watcher.adapters.kubernetes.fields import Json, at
from watcher.adapters.kubernetes.operations import pointer, replace
from watcher.ports import WatcherError

TRIES = 5
Entry = Mapping[str, Any]


async def give_back(client: Client, path: str, raw: Json) -> str:
    """Hand our fields of the spec to the previous applier.  `raw` is the object as it is after the undo.

    Returns what a person should know, or an empty string; never raises for what the API answers, because the undo
    itself is done.
    """
    try:
        for _ in range(TRIES):
            entries = handed_back(at(raw, "metadata", "managedFields") or ())
            if entries is None:
                return ""
            version = raw["metadata"]["resourceVersion"]
            try:
                await client.patch(
                    path,
                    [
                        replace(pointer("metadata", "resourceVersion"), version),
                        replace(pointer("metadata", "managedFields"), entries),
                    ],
                )
            except Conflict:
                raw = await client.get(path)
            else:
                return ""
    except (WatcherError, NobodyElse) as error:
        return f"fields stay owned by {FIELD_MANAGER}, a server-side apply will need --force-conflicts: {error}"
    return f"fields stay owned by {FIELD_MANAGER}: the object changed at each of {TRIES} attempts to hand them back"


class NobodyElse(Exception):
    """No other entry owns anything of the pod template."""


def handed_back(entries: Sequence[Entry]) -> list[dict[str, Any]] | None:
    """The entries after the hand-over, or None where nothing of the spec is ours.

    Raises NobodyElse when there is no one to hand it to.
    """
    ours = [entry for entry in entries if _is_ours(entry) and "f:spec" in entry.get("fieldsV1", {})]
    if not ours:
        return None
    heir = _previous_applier(entries)
    kept: list[dict[str, Any]] = []
    for entry in entries:
        fields = dict(entry.get("fieldsV1") or {})
        if entry is heir:
            for each in ours:
                fields = merged(fields, {"f:spec": each["fieldsV1"]["f:spec"]})
        elif entry in ours:
            fields.pop("f:spec")
        if fields:
            kept.append({**entry, "fieldsV1": fields})
    return kept


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """The union of two sets of fields."""
    both = dict(one)
    for key, value in other.items():
        both[key] = merged(both[key], value) if isinstance(both.get(key), Mapping) else value
    return both


def applied_by_server(entries: Sequence[Entry]) -> bool:
    """Whether the previous applier uses server-side apply."""
    try:
        return _previous_applier(entries).get("operation") == "Apply"
    except NobodyElse:
        return False


def _is_ours(entry: Entry) -> bool:
    return entry.get("manager") == FIELD_MANAGER and not entry.get("subresource")


def _previous_applier(entries: Sequence[Entry]) -> Entry:
    """Who set most of the template: server-side appliers before others, the latest of equals."""

    def rank(entry: Entry) -> tuple[bool, int, str]:
        size = _leaves(at(entry.get("fieldsV1"), "f:spec", "f:template") or {})
        return entry.get("operation") == "Apply", size, str(entry.get("time", ""))

    others = [entry for entry in entries if not _is_ours(entry) and not entry.get("subresource")]
    owners = [entry for entry in others if at(entry.get("fieldsV1"), "f:spec", "f:template")]
    if not owners:
        raise NobodyElse("no other field manager owns anything of the pod template")
    return max(owners, key=rank)


def _leaves(fields: Mapping[str, Any]) -> int:
    return sum(_leaves(value) if value else 1 for value in fields.values())
