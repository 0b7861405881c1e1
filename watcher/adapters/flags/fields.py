"""Fields of what providers answer, which nobody here can rely on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.flags import Flag
from watcher.ports import Rejected

LONGEST = 200
"""Characters of a state or a version, as the log keeps it."""


def mapping(value: Any, flag: Flag, what: str) -> Mapping[str, Any]:
    """A JSON object.  Raises Rejected."""
    if not isinstance(value, dict):
        raise Rejected(f"{flag}: the answer has no {what}; is it the address of the API?")
    return value


def switch(value: Any, flag: Flag, what: str) -> bool:
    """Whether it is on.  Raises Rejected for what is neither true nor false."""
    if not isinstance(value, bool):
        raise Rejected(f"{flag}: the answer does not say whether it is on ({what}); is it the address of the API?")
    return value


def number(value: Any, flag: Flag, what: str) -> int:
    """A whole number.  Raises Rejected."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise Rejected(f"{flag}: the answer has no {what}; is it the address of the API?")
    return value


def word(value: Any) -> str:
    """A short text; empty for what is none."""
    return str(value)[:LONGEST] if isinstance(value, str | int) and not isinstance(value, bool) else ""


def moment(value: Any) -> float | None:
    """A time, RFC 3339 with its offset, as Unix seconds; None for what does not say so."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found.timestamp() if found.tzinfo is not None else None
