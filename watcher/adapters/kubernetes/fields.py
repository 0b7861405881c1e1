"""Reading raw objects: fields that may be absent, times, counts and percentages."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """The controller of an object."""

    kind: str
    name: str
    uid: str


def at(raw: Any, *path: str) -> Any:
    """The value at this path, or None where any part of it is absent or null."""
    for key in path:
        if not isinstance(raw, Mapping):
            return None
        raw = raw.get(key)
    return raw


def count(raw: Json, *path: str, default: int = 0) -> int:
    """An integer, or the default where it is absent."""
    value = at(raw, *path)
    return default if value is None else int(value)


def annotations_of(raw: Json) -> Mapping[str, str]:
    """Annotations of an object."""
    return at(raw, "metadata", "annotations") or {}


def labels_of(raw: Json) -> Mapping[str, str]:
    """Labels of an object."""
    return at(raw, "metadata", "labels") or {}


def seconds(time: str | None) -> float | None:
    """An RFC 3339 time as Unix seconds."""
    return None if not time else datetime.fromisoformat(time).timestamp()


def created(raw: Json) -> float:
    """When the object was created, Unix seconds; 0 if it does not say."""
    return seconds(at(raw, "metadata", "creationTimestamp")) or 0.0


def controller(raw: Json) -> Owner | None:
    """The owner that controls the object."""
    for reference in at(raw, "metadata", "ownerReferences") or ():
        if reference.get("controller"):
            return Owner(reference.get("kind", ""), reference.get("name", ""), reference.get("uid", ""))
    return None


def condition(raw: Json, kind: str) -> Json:
    """The status condition of this type; empty where there is none."""
    return next((each for each in at(raw, "status", "conditions") or () if each.get("type") == kind), {})


def share_of(value: int | str | None, whole: int, *, up: bool) -> int:
    """`2` or `"25%"` of `whole`, rounded as the controllers do; 0 for None."""
    if value is None:
        return 0
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * whole / 100
        return math.ceil(part) if up else math.floor(part)
    return int(value)
