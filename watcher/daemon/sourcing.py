"""The metrics sources of the thresholds file in force; connected anew when the file names others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from watcher.config import Thresholds
from watcher.core.policy import Source
from watcher.daemon.polling import Polling
from watcher.ports import MetricsSource


class Connection(MetricsSource, Protocol):
    """A metrics source that holds connections.

    `clock_offset`: seconds by which its clock is ahead of ours, as of its last answer; None: not known.
    """

    clock_offset: float | None

    async def close(self) -> None:
        """Let go of them."""


class Sourcing:
    """Keeps one `Polling` over the sources in force.

    Counting begins anew after a change of sources, from each release's start, and comes to the same blocks.
    """

    def __init__(self, connect: Callable[[Source], Connection]) -> None:
        self._connect = connect
        self._used: dict[str, Source] = {}
        self._connections: list[Connection] = []
        self._in_use: list[Connection] = []
        self.polling = Polling(())

    def use(self, thresholds: Thresholds) -> None:
        """Take these sources; nothing happens when they are the ones in use."""
        wanted = dict(thresholds.sources)
        if wanted == self._used:
            return
        self._used = wanted
        self._in_use = [self._connect(source) for source in wanted.values()]
        self._connections += self._in_use
        self.polling = Polling(self._in_use, {name: source.interval for name, source in wanted.items()})

    def clock_offsets(self) -> dict[str, float]:
        """Seconds by which the clock of each source in use is ahead of ours, where that is known."""
        found = ((each.name, each.clock_offset) for each in self._in_use)
        return {name: offset for name, offset in found if offset is not None}

    async def close(self) -> None:
        """Close every connection ever made."""
        for connection in self._connections:
            await connection.close()
