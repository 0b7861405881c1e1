"""Times as people read them."""

from __future__ import annotations

from datetime import UTC, datetime

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def moment(at: float | None) -> str:
    """A time in UTC to the second; a dash for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ") if at is not None else "-"


def span(seconds: float) -> str:
    """A duration in its two largest units: `2 min 5 s`."""
    left = round(max(0.0, seconds))
    parts = []
    for size, unit in _UNITS:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def ago(at: float | None, now: float) -> str:
    """How long ago; a dash for a time that is not known."""
    return f"{span(now - at)} ago" if at is not None else "-"
