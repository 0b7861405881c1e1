"""Operations of JSON patches (RFC 6902)."""

from __future__ import annotations

from typing import Any

from watcher.adapters.kubernetes import marks
from watcher.adapters.kubernetes.fields import Json, at

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


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def annotate(raw: Json, key: str, value: str) -> Operation:
    """Set one annotation and keep the others."""
    if at(raw, "metadata", "annotations") is None:
        return add(pointer("metadata", "annotations"), {key: value})
    return add(pointer("metadata", "annotations", key), value)


def same_object(raw: Json) -> Operation:
    """The object was not deleted and made anew."""
    return test(pointer("metadata", "uid"), raw["metadata"]["uid"])


def decided(raw: Json, decision: str) -> Operation:
    """Write the decision's id on the object."""
    return annotate(raw, marks.DECISION, decision)
