"""Reading objects of other people's kinds: what is not as it should be reads as if it were not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

LONGEST = 500
"""Characters of a message that are kept."""


def field(raw: Any, *path: str) -> Any:
    """The value at this path, or None where any part of it is absent."""
    for key in path:
        if not isinstance(raw, Mapping):
            return None
        raw = raw.get(key)
    return raw


def text(raw: Any, *path: str) -> str:
    """A string, or an empty one."""
    value = field(raw, *path)
    return value if isinstance(value, str) else ""


def mapping(raw: Any, *path: str) -> Json:
    """A mapping, or an empty one."""
    value = field(raw, *path)
    return value if isinstance(value, Mapping) else {}


def entries(raw: Any, *path: str) -> tuple[Json, ...]:
    """The mappings of a list."""
    value = field(raw, *path)
    return tuple(each for each in value if isinstance(each, Mapping)) if isinstance(value, list) else ()


def texts(raw: Any, *path: str) -> tuple[str, ...]:
    """The strings of a list."""
    value = field(raw, *path)
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def moment(raw: Any, *path: str) -> float | None:
    """An RFC 3339 time as Unix seconds."""
    try:
        return datetime.fromisoformat(text(raw, *path)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def shortened(message: str) -> str:
    """A message in one line, of bounded length."""
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def annotations_of(raw: Any) -> Json:
    """Annotations of an object."""
    return mapping(raw, "metadata", "annotations")


def full_name(raw: Any) -> str:
    """namespace/name.  Raises ValueError where either is missing: nothing can be known of such an object."""
    namespace, name = text(raw, "metadata", "namespace"), text(raw, "metadata", "name")
    if not namespace or not name:
        raise ValueError("the object has no namespace or no name")
    return f"{namespace}/{name}"
