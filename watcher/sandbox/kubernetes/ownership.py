"""`metadata.managedFields`: which client last set which field.

Kept for operation `Update` only, with the rules that matter to clients that read or mend it: a changed field
belongs to the one who changed it, a removed field to nobody, and a client may rewrite the entries by a patch.
See "Server-Side Apply" in the Kubernetes documentation for `fieldsV1`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from watcher.sandbox.kubernetes.objects import Json, canonical
from watcher.sandbox.kubernetes.strategic import MERGE_KEYS

Path = tuple[str, ...]
Fields = dict[Path, str]

_ITSELF = "."
_NOT_MANAGED = frozenset({"apiVersion", "kind"})
_NOT_MANAGED_METADATA = frozenset(
    {
        *("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp", "managedFields"),
        *("deletionTimestamp", "deletionGracePeriodSeconds", "selfLink", "generateName"),
    }
)


@dataclass(frozen=True)
class Writer:
    """Who writes: field manager, and the subresource written through (empty for the object itself)."""

    manager: str
    subresource: str = ""


def record(live: Mapping[str, Any], new: Json, writer: Writer, now: str) -> None:
    """Sets `managedFields` of `new`, which replaces `live` (empty for a creation), `now` being RFC 3339."""
    before, after = fields_of(live), fields_of(new)
    changed = {path for path, value in after.items() if before.get(path) != value}
    own_key = ("Update", writer.manager, str(new["apiVersion"]), writer.subresource)
    kept: list[Json] = []
    own: set[Path] = set(changed)
    for entry in _entries(live, new):
        owned = decode(entry.get("fieldsV1") or {})
        if _key(entry) == own_key:
            own |= owned
            continue
        remaining = {path for path in owned - changed if _exists(path, after)}
        if remaining:
            kept.append(entry if remaining == owned else {**entry, "fieldsV1": encode(remaining)})
    own = {path for path in own if _exists(path, after)}
    if own:
        kept.append(_own_entry(live, new, writer, own, now if changed else ""))
    new["metadata"]["managedFields"] = kept
    if not kept:
        del new["metadata"]["managedFields"]


def _entries(live: Mapping[str, Any], new: Json) -> list[Json]:
    """The entries the write starts from: what the client sent (`[{}]` resets them), else what is there."""
    sent = new["metadata"].get("managedFields")
    there = (live.get("metadata") or {}).get("managedFields") or []
    return [entry for entry in (sent or there) if entry]


def _own_entry(live: Mapping[str, Any], new: Json, writer: Writer, own: set[Path], now: str) -> Json:
    previous = next(
        (
            entry
            for entry in _entries(live, new)
            if _key(entry) == ("Update", writer.manager, new["apiVersion"], writer.subresource)
        ),
        {},
    )
    entry = {
        "manager": writer.manager,
        "operation": "Update",
        "apiVersion": new["apiVersion"],
        "time": now or previous.get("time"),
        "fieldsType": "FieldsV1",
        "fieldsV1": encode(own),
    }
    return {**entry, "subresource": writer.subresource} if writer.subresource else entry


def _key(entry: Mapping[str, Any]) -> tuple[str, str, str, str]:
    return (
        str(entry.get("operation", "")),
        str(entry.get("manager", "")),
        str(entry.get("apiVersion", "")),
        str(entry.get("subresource", "")),
    )


def _exists(path: Path, fields: Fields) -> bool:
    """Whether the field is there, as a leaf or as the parent of one."""
    return path in fields or any(other[: len(path)] == path for other in fields)


def fields_of(obj: Mapping[str, Any]) -> Fields:
    """Leaf path -> its value as canonical JSON, without what the API server itself sets."""
    fields: Fields = {}
    for key, value in obj.items():
        if key == "metadata":
            managed = {name: part for name, part in value.items() if name not in _NOT_MANAGED_METADATA}
            _collect((f"f:{key}",), managed, key, fields)
        elif key not in _NOT_MANAGED:
            _collect((f"f:{key}",), value, key, fields)
    return fields


def _collect(path: Path, value: Any, field: str, fields: Fields) -> None:
    if isinstance(value, dict) and value:
        for key, part in value.items():
            _collect((*path, f"f:{key}"), part, key, fields)
    elif _is_keyed_list(value, field):
        key = MERGE_KEYS[field]
        for item in value:
            item_path = (*path, "k:" + canonical({key: item[key]}))
            fields[(*item_path, _ITSELF)] = ""
            for name, part in item.items():
                _collect((*item_path, f"f:{name}"), part, name, fields)
    else:
        fields[path] = canonical(value)


def _is_keyed_list(value: Any, field: str) -> bool:
    key = MERGE_KEYS.get(field)
    return (
        key is not None
        and isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and key in item for item in value)
    )


def encode(paths: Iterable[Path]) -> Json:
    """Paths as `fieldsV1`."""
    tree: Json = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
    return tree


def decode(tree: Mapping[str, Any]) -> set[Path]:
    """`fieldsV1` as leaf paths; a "." beside other members is a leaf of its own."""
    paths: set[Path] = set()
    for part, below in tree.items():
        inner = decode(below) if isinstance(below, Mapping) else set()
        paths |= {(part, *path) for path in inner} or {(part,)}
    return paths


def valid_entries(entries: object) -> bool:
    """Whether a client's `managedFields` can be taken: a list of objects whose fields are a tree."""
    if not isinstance(entries, list):
        return False
    return all(
        isinstance(entry, dict) and isinstance(entry.get("fieldsV1", {}), dict) and json.dumps(entry)
        for entry in entries
    )
