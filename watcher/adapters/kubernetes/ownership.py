"""Gives fields that an undo changed back to whoever applies the workload.

The API server notes for each field who set it last (`metadata.managedFields`).  Had an undo the last word on the
template's fields, the fix by server-side apply would fail with `conflicts with "watcher"`.
Format of the entries: https://kubernetes.io/docs/reference/using-api/server-side-apply/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from watcher.adapters.kubernetes.client import FIELD_MANAGER, Client
from watcher.adapters.kubernetes.errors import Conflict, TestFailed
from watcher.adapters.kubernetes.fields import Json, at
from watcher.core.keepers.json_patch import Operation, pointer, remove, replace, same_object, test
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
            operations = hand_over(at(raw, "metadata", "managedFields") or ())
            if not operations:
                return ""
            try:
                await client.patch(path, [same_object(raw), *operations])
            except (Conflict, TestFailed):
                raw = await client.get(path)
            else:
                return ""
    except (WatcherError, NobodyElse) as error:
        return f"fields stay owned by {FIELD_MANAGER}, a server-side apply will need --force-conflicts: {error}"
    return f"fields stay owned by {FIELD_MANAGER}: the object changed at each of {TRIES} attempts to hand them back"


class NobodyElse(Exception):
    """No other entry owns anything of the pod template."""


def hand_over(entries: Sequence[Entry]) -> list[Operation]:
    """The patch that hands our fields over; none where nothing of the spec is ours.

    It names just the entries that it changes and tests them.  A controller that is rolling the template out writes its
    status many times a second: a patch of all entries, or one that names the resourceVersion, would lose every race.
    Raises NobodyElse when there is no one to hand it to.
    """
    tests: list[Operation] = []
    changes: list[Operation] = []
    emptied: list[Operation] = []
    for index, (entry, fields) in enumerate(zip(entries, _fields_after(entries), strict=True)):
        if fields == entry.get("fieldsV1"):
            continue
        place = pointer("metadata", "managedFields", str(index))
        tests.append(test(place, entry))
        if fields:
            changes.append(replace(f"{place}/fieldsV1", fields))
        else:
            emptied.insert(0, remove(place))  # from the last on, so that each index still fits
    return [*tests, *changes, *emptied]


def _fields_after(entries: Sequence[Entry]) -> list[Mapping[str, Any] | None]:
    """What each entry owns after the hand-over."""
    owned: list[Mapping[str, Any] | None] = [entry.get("fieldsV1") for entry in entries]
    ours = [place for place, entry in enumerate(entries) if _is_ours(entry) and "f:spec" in (owned[place] or {})]
    if not ours:
        return owned
    heir = next(place for place, entry in enumerate(entries) if entry is _previous_applier(entries))
    for place in ours:
        fields = dict(owned[place] or {})
        owned[heir] = merged(owned[heir] or {}, {"f:spec": fields.pop("f:spec")})
        owned[place] = fields
    return owned


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
