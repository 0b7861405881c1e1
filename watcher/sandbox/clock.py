"""The sandbox's clock: wall time that advances with the event loop, so that virtual loops move it too."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the sandbox asks for the time."""

    def now(self) -> datetime:
        """The present moment, timezone-aware, in UTC."""


class LoopClock:
    """Wall time at its first use, moved on by the running loop's own clock (which tests may make virtual)."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime.now(UTC)
        self._loop_start: float | None = None

    def now(self) -> datetime:
        """The start plus the seconds the running loop's clock went on since the first call."""
        loop_now = asyncio.get_running_loop().time()
        if self._loop_start is None:
            self._loop_start = loop_now
        return self._start + timedelta(seconds=loop_now - self._loop_start)


def timestamp(moment: datetime) -> str:
    """RFC 3339 with whole seconds, as in `metadata.creationTimestamp`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def micro_timestamp(moment: datetime) -> str:
    """RFC 3339 with microseconds, as in `Lease.spec.renewTime`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def parse_timestamp(text: str) -> datetime:
    """The moment of either form. Raises ValueError for anything else."""
    return datetime.fromisoformat(text)
