"""Durations as kubectl shows them: `12s`, `3m4s`, `5h`, `2d`."""

from __future__ import annotations

from datetime import datetime

from watcher.sandbox.clock import parse_timestamp

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def human(seconds: float) -> str:
    """Few characters, two units at most, as the API machinery's HumanDuration."""
    whole = max(0, int(seconds))
    if whole < 2 * _MINUTE:
        return f"{whole}s"
    if whole < 10 * _MINUTE:
        return _two(whole // _MINUTE, "m", whole % _MINUTE, "s")
    if whole < 3 * _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 8 * _HOUR:
        return _two(whole // _HOUR, "h", whole % _HOUR // _MINUTE, "m")
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    if whole < 8 * _DAY:
        return _two(whole // _DAY, "d", whole % _DAY // _HOUR, "h")
    return f"{whole // _DAY}d"


def since(stamp: str | None, now: datetime) -> str:
    """How long ago the RFC 3339 moment was; `<unknown>` without one."""
    return "<unknown>" if not stamp else human((now - parse_timestamp(stamp)).total_seconds())


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
