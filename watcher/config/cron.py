"""When a cron expression of five fields is due in a time zone, also where the clock is put forward or back.

As Debian's cron does it: what falls into the hour that is left out is due at its end, and what falls into the hour
that comes twice is due in the first of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_SHIFT = timedelta(hours=3)
"""More than clocks are ever put forward or back."""


def zone(name: str) -> ZoneInfo | None:
    """The time zone of this IANA name, or None where it is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the data is OSError, a path ValueError
        return None


def fault(expression: str) -> str:
    """What is wrong with an expression, or an empty string."""
    if len(expression.split()) != 5:
        return "it does not have five fields"
    try:
        next(CronSim(expression, datetime(2026, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        return str(error).lower()
    except StopIteration:
        return "it is never due"
    return ""


def last_due(expression: str, place: ZoneInfo, now: float) -> float | None:
    """When it was due last, at `now` at the latest; Unix seconds, None: not within fifty years."""
    ahead = datetime.fromtimestamp(now, place) + _SHIFT
    for due in CronSim(expression, ahead, reverse=True):
        if due.timestamp() <= now:
            return due.timestamp()
    return None


def dues(expression: str, place: ZoneInfo, since: datetime) -> Iterator[float]:
    """When it is due from then on; Unix seconds."""
    return (due.timestamp() for due in CronSim(expression, since.astimezone(place)))
