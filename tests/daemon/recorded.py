"""A metrics source made of recorded series: answers range selectors as Prometheus does, up to a moment of its own."""

from __future__ import annotations

import re
from collections.abc import Sequence

from watcher.ports import RawSeries, Sample, Unavailable, WatcherError

_SELECTOR = re.compile(r"^(?P<metric>[a-zA-Z_:]\w*)?\{(?P<matchers>.*)\}$", re.DOTALL)
_MATCHER = re.compile(r'(?P<label>\w+)(?P<not>[=!])~"(?P<pattern>(?:\\.|[^"\\])*)"')


class Recorded:
    """Shows samples at the latest `lag` seconds after they were taken; `now` is the time that it is."""

    def __init__(self, series: Sequence[RawSeries], name: str = "main", lag: float = 0.0) -> None:
        self.name = name
        self.series = list(series)
        self.lag = lag
        self.now = 0.0
        self.failing: WatcherError | None = None
        self.asked: list[str] = []
        self.instants: dict[str, list[Sample]] = {}

    async def raw(self, selector: str, window: float, at: float) -> list[RawSeries]:
        """Samples in (at - window, at] that can be seen now."""
        self._ask(selector)
        found = []
        for place, each in enumerate(self.series):
            if _matches(selector, each):
                until = min(at, self.now - self.lag * (place % 4) / 3)
                samples = [sample for sample in each.samples if at - window < sample[0] <= until]
                if samples:
                    found.append(RawSeries(each.labels, samples))
        return found

    async def instant(self, query: str, at: float) -> list[Sample]:
        """What was prepared for this query; bucket bounds are counted."""
        self._ask(query)
        if query.startswith("count by (le) ("):
            found = [each for each in self.series if _matches(query[len("count by (le) (") : -1], each)]
            return [Sample({"le": le}, at, 1.0) for le in sorted({each.labels["le"] for each in found})]
        return self.instants.get(query, [])

    async def range(self, query: str, start: float, end: float, step: float) -> list[RawSeries]:
        """Nothing was recorded of expressions over a time."""
        self._ask(query)
        return []

    def _ask(self, query: str) -> None:
        self.asked.append(query)
        if self.failing is not None:
            raise self.failing


def _matches(selector: str, series: RawSeries) -> bool:
    found = _SELECTOR.match(selector)
    assert found is not None, selector
    if found["metric"] and series.labels["__name__"] != found["metric"]:
        return False
    return all(_fits(each, series) for each in _MATCHER.finditer(found["matchers"]))


def _fits(matcher: re.Match[str], series: RawSeries) -> bool:
    pattern = matcher["pattern"].replace("\\\\", "\\")
    return bool(re.fullmatch(pattern, series.labels.get(matcher["label"], ""))) is (matcher["not"] == "=")


DOWN = Unavailable("source main (http://prometheus): connection refused")
