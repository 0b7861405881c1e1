"""The recorded samples, found by selector; what a selector finds is remembered, for polls ask the same again."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache

import promql_parser

from watcher.ports import RawSeries, Rejected
from watcher.replay.openmetrics import NAME, RecordedSeries
from watcher.sandbox.metrics.promql.evaluate import Moment, parse
from watcher.sandbox.metrics.promql.matchers import predicates
from watcher.sandbox.metrics.promql.values import BadQuery, CannotEvaluate, Value
from watcher.sandbox.metrics.store import STALE, Predicate, Series, Store, as_labels

_Wanted = list[tuple[str, Predicate]]


class History:
    """Series by name.  All times are Unix seconds."""

    def __init__(self, series: Iterable[RecordedSeries]) -> None:
        self._by_name: dict[str, list[RecordedSeries]] = {}
        for each in series:
            self._by_name.setdefault(each.labels[NAME], []).append(each)
        self._found: dict[str, list[RecordedSeries]] = {}
        self._store = _Evaluated(self)

    def add(self, series: RecordedSeries) -> None:
        """One more series, of what the replay itself brought about."""
        self._by_name.setdefault(series.labels[NAME], []).append(series)
        self._found.clear()
        self._store.found.clear()

    def raw(self, selector: str, after: float, until: float) -> list[RawSeries]:
        """Samples in (after, until] of the series selected, staleness markers left out.  Raises Rejected."""
        found = self._found.get(selector)
        if found is None:
            found = self._found[selector] = list(self.select(_wanted(selector)))
        answer = []
        for series in found:
            low, high = bisect_right(series.times, after), bisect_right(series.times, until)
            samples = list(zip(series.times[low:high], series.values[low:high], strict=True))
            if series.ends:
                samples = [sample for sample in samples if not math.isnan(sample[1])]
            if samples:
                answer.append(RawSeries(series.labels, samples))
        return answer

    def evaluate(self, query: str, at: float) -> Value:
        """A PromQL expression at one time.  Raises Rejected."""
        try:
            return Moment(self._store, round(at * 1000)).value(_parsed(query))
        except (BadQuery, CannotEvaluate) as error:
            raise Rejected(f"the recording cannot answer {query}: {error}") from error

    def select(self, wanted: Iterable[tuple[str, Predicate]]) -> Iterator[RecordedSeries]:
        """Series whose labels satisfy every (label name, predicate)."""
        wanted = list(wanted)
        of_name = [fits for label, fits in wanted if label == NAME]
        others = [(label, fits) for label, fits in wanted if label != NAME]
        for name, named in self._by_name.items():
            if all(fits(name) for fits in of_name):
                for series in named:
                    if all(fits(series.labels.get(label, "")) for label, fits in others):
                        yield series


class _Evaluated(Store):
    """The samples as the PromQL evaluation of the embedded source takes them, converted when they are asked for."""

    def __init__(self, history: History) -> None:
        super().__init__()
        self._history = history
        self._converted: dict[int, Series] = {}
        self.found: dict[tuple[tuple[str, Predicate], ...], list[Series]] = {}

    def select(self, wanted: Iterable[tuple[str, Predicate]] = ()) -> Iterator[Series]:
        """Series whose labels satisfy every (label name, predicate), sorted by labels."""
        key = tuple(wanted)
        if key not in self.found:
            found = (self._convert(each) for each in self._history.select(key))
            self.found[key] = sorted(found, key=lambda each: each.labels)
        yield from self.found[key]

    def _convert(self, series: RecordedSeries) -> Series:
        known = self._converted.get(id(series))
        if known is None:
            known = self._converted[id(series)] = Series(as_labels(series.labels.items()))
            last = -1
            for at, value in zip(series.times, series.values, strict=True):
                if (milliseconds := round(at * 1000)) > last:
                    known.append(milliseconds, STALE if math.isnan(value) else value)
                    last = milliseconds
        return known


def _wanted(selector: str) -> _Wanted:
    try:
        node = _parsed(selector)
        if isinstance(node, promql_parser.VectorSelector):
            return predicates(node)
    except (BadQuery, CannotEvaluate) as error:
        raise Rejected(f"the recording cannot answer {selector}: {error}") from error
    raise Rejected(f"the recording cannot answer {selector}: it is not a series selector")


@lru_cache(maxsize=1024)
def _parsed(query: str) -> promql_parser.Expr:
    return parse(query)
