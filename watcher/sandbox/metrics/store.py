"""Samples in memory, as a time series database of one process: bounded by time, with staleness markers."""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator

Labels = tuple[tuple[str, str], ...]
"""Labels of one series, sorted by name, the metric's name as `__name__`; empty values left out."""

Point = tuple[int, float]
"""Time in Unix milliseconds, value."""

Predicate = Callable[[str], bool]
"""Says of a label's value (empty where the label is absent) whether it is wanted."""

NAME = "__name__"
STALE: float = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
"""The NaN that ends a series until its next sample; its bits are those of Prometheus."""

_STALE_BITS = struct.pack("<d", STALE)


def is_stale(value: float) -> bool:
    """Whether a value is the staleness marker, and not a NaN that somebody measured."""
    return math.isnan(value) and struct.pack("<d", value) == _STALE_BITS


def as_labels(pairs: Iterable[tuple[str, str]]) -> Labels:
    """Labels in their canonical form."""
    return tuple(sorted((name, value) for name, value in pairs if value))


class Series:
    """Samples of one series, in the order of their time."""

    def __init__(self, labels: Labels) -> None:
        self.labels = labels
        self._times = array("q")
        self._values = array("d")

    def append(self, at: int, value: float) -> None:
        """Add a sample.  Raises ValueError when it is not newer than the last one."""
        if self._times and at <= self._times[-1]:
            raise ValueError(
                f"sample at {at} ms of {dict(self.labels)} is not newer than the last, {self._times[-1]} ms"
            )
        self._times.append(at)
        self._values.append(value)

    def window(self, after: int, until: int) -> list[Point]:
        """Samples in (after, until], staleness markers left out."""
        low, high = bisect_right(self._times, after), bisect_right(self._times, until)
        pairs = zip(self._times[low:high], self._values[low:high], strict=True)
        return [(at, value) for at, value in pairs if not is_stale(value)]

    def latest(self, after: int, until: int) -> Point | None:
        """The newest sample in (after, until]; None when there is none or it is a staleness marker."""
        index = bisect_right(self._times, until) - 1
        if index < 0 or self._times[index] <= after or is_stale(self._values[index]):
            return None
        return self._times[index], self._values[index]

    def forget(self, until: int) -> None:
        """Drop samples in (.., until]."""
        stop = bisect_right(self._times, until)
        del self._times[:stop]
        del self._values[:stop]

    def __len__(self) -> int:
        return len(self._times)


class Store:
    """All series, by name.  Keeps at least `retention` seconds; times are Unix milliseconds.

    `newest` is the time of the newest sample of all.
    """

    def __init__(self, retention: float = 3600.0) -> None:
        self.newest = -1
        self._retention = round(retention * 1000)
        self._by_name: dict[str, dict[Labels, Series]] = {}

    def append(self, labels: Labels, at: int, value: float) -> None:
        """Add one sample to the series of `labels`.  Raises ValueError when it is not newer than its last."""
        named = self._by_name.setdefault(dict(labels).get(NAME, ""), {})
        series = named.get(labels)
        if series is None:
            series = named[labels] = Series(labels)
        series.append(at, value)
        self.newest = max(self.newest, at)

    def forget(self, now: int) -> None:
        """Drop what is older than the retention at `now`, and series of which nothing is left."""
        for name, named in list(self._by_name.items()):
            for labels, series in list(named.items()):
                series.forget(now - self._retention)
                if not series:
                    del named[labels]
            if not named:
                del self._by_name[name]

    def select(self, wanted: Iterable[tuple[str, Predicate]] = ()) -> Iterator[Series]:
        """Series whose labels satisfy every (label name, predicate), sorted by labels."""
        wanted = list(wanted)
        of_name = [predicate for name, predicate in wanted if name == NAME]
        others = [(name, predicate) for name, predicate in wanted if name != NAME]
        for metric in sorted(self._by_name):
            if not all(predicate(metric) for predicate in of_name):
                continue
            for labels, series in sorted(self._by_name[metric].items()):
                values = dict(labels)
                if all(predicate(values.get(name, "")) for name, predicate in others):
                    yield series
