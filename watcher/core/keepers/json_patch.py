"""Operations of JSON patches (RFC 6902), with a null in a `test` standing for "absent" too, as Kubernetes has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from watcher.core.keepers.raw import Json, field

Operation = dict[str, Any]


def test(path: str, value: Any) -> Operation:
    """The patch holds only if the field has this value."""
    return {"op": "test", "path": path, "value": value}


def add(path: str, value: Any) -> Operation:
    """Set a field whether it is there or not; its parent must be."""
    return {"op": "add", "path": path, "value": value}


def replace(path: str, value: Any) -> Operation:
    """Set a field that is there."""
    return {"op": "replace", "path": path, "value": value}


def remove(path: str) -> Operation:
    """Take away a field that is there."""
    return {"op": "remove", "path": path}


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def annotate(raw: Json, wanted: Mapping[str, str]) -> list[Operation]:
    """Set annotations and keep the others."""
    if field(raw, "metadata", "annotations") is None:
        return [add(pointer("metadata", "annotations"), dict(wanted))]
    return [add(pointer("metadata", "annotations", key), value) for key, value in wanted.items()]


def same_object(raw: Json) -> Operation:
    """The object was not deleted and made anew."""
    return test(pointer("metadata", "uid"), raw["metadata"]["uid"])
