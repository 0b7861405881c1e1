"""The port `MetricsSource` over a recording: what a Prometheus would have answered at the virtual time."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from watcher.ports import Clock, RawSeries, Sample, Unavailable
from watcher.replay.history import History
from watcher.replay.spec import OutageSpec

READ_LAG = 1.0
"""Seconds from a sample's timestamp until queries return it: what a scrape takes, its end included."""


class RecordedSource:
    """Answers from one recording, whatever the source's address.  It is down in `outages`."""

    def __init__(self, name: str, history: History, clock: Clock, outages: Sequence[OutageSpec] = ()) -> None:
        self.name = name
        self.clock_offset: float | None = None  # a recording has no clock
        self._history, self._clock, self._outages = history, clock, outages

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        """As MetricsSource says."""
        return self._history.raw(selector, at - window, self._readable(at))

    async def instant(self, query: str, at: float) -> list[Sample]:
        """As MetricsSource says."""
        moment = self._readable(at)
        value = self._history.evaluate(query, moment)
        if isinstance(value, float):
            return [Sample({}, moment, value)]
        return [Sample(dict(labels), at / 1000, number) for labels, at, number in value]

    async def range(self, query: str, start: float, end: float, step: float) -> list[RawSeries]:
        """As MetricsSource says."""
        readable, found = self._readable(end), defaultdict[tuple[tuple[str, str], ...], list[tuple[float, float]]](list)
        for number in range(math.floor((end - start) / step + 1e-9) + 1):
            moment = start + number * step
            value = self._history.evaluate(query, min(moment, readable))  # the newest points lack the newest samples
            elements = [((), value)] if isinstance(value, float) else [(labels, one) for labels, _, one in value]
            for labels, one in elements:
                found[tuple(labels)].append((moment, one))
        return [RawSeries(dict(labels), samples) for labels, samples in found.items()]

    async def close(self) -> None:
        """Nothing is held."""

    def _readable(self, at: float) -> float:
        """The newest time of which samples can be read.  Raises Unavailable while the source is down."""
        now = self._clock.now()
        for outage in self._outages:
            if outage.begin <= now < outage.end:
                raise Unavailable(f"{self.name}: the recording says that it was down at this time")
        return min(at, now - READ_LAG)
