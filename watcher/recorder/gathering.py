"""Reads raw samples from the sources, a stretch of time after the other, and keeps them in memory within bounds."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from watcher.adapters.prometheus.scope import scoped
from watcher.config.asking import Asker, QueryRefusedError, SourceUnusableError
from watcher.core.measuring.presence import UP
from watcher.core.policy import Source
from watcher.ports import Rejected, Unavailable
from watcher.recorder.selection import Selection
from watcher.replay.openmetrics import MAX_BYTES, MAX_SAMPLES, NAME

CHUNK = 600.0
"""Seconds of samples in one answer, at the most."""

LINE_BYTES = 28
"""Bytes of value, timestamp and blanks of one sample as text, at the most but for odd values."""

ELSEWHERE = "a copy of the thresholds file with another `url`, given with --config, asks another address"

Labels = Mapping[str, str]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Step:
    """One question: the samples of a selection in (start, end]."""

    selection: Selection
    start: float
    end: float


Track = Callable[[Sequence[Step]], Iterable[Step]]
"""Goes through the steps, and may show how far it is."""


@dataclass(slots=True)
class Gathered:
    """Samples of one series of one source, oldest first."""

    labels: Labels
    source: str
    times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))


class Samples:
    """All series gathered, and the selections that were `answered` with any.

    A series that two sources hold is taken from the one that gave it first.
    """

    def __init__(self) -> None:
        self.answered: set[Selection] = set()
        self._series: dict[frozenset[tuple[str, str]], Gathered] = {}
        self._count = self._bytes = 0

    @property
    def count(self) -> int:
        """Samples in all."""
        return self._count

    def series(self) -> list[Gathered]:
        """All series that have samples."""
        return [each for each in self._series.values() if each.times]

    def add(self, labels: Labels, samples: Sequence[tuple[float, float]], source: str) -> None:
        """Take in what is newer than what is there.  Raises Rejected when it becomes too much for a recording."""
        key = frozenset(labels.items())
        found = self._series.setdefault(key, Gathered(labels, source))
        if found.source != source:
            return
        last = found.times[-1] if found.times else float("-inf")
        newer = [each for each in samples if each[0] > last]
        found.times.extend(at for at, _ in newer)
        found.values.extend(value for _, value in newer)
        self._count += len(newer)
        self._bytes += len(newer) * (LINE_BYTES + sum(len(name) + len(value) + 4 for name, value in key))
        if self._count > MAX_SAMPLES or self._bytes > MAX_BYTES:
            limit = f"{MAX_SAMPLES:,} samples, {MAX_BYTES >> 20} MiB of text"
            raise Rejected(f"this is more than a recording may hold ({limit}); record a shorter time")


def steps(selections: Iterable[Selection], start: float, end: float) -> list[Step]:
    """The questions for a recording of [start, end], those of one selection in the order of time."""
    return [step for each in selections for step in _chunks(each, start - each.lead, end)]


def _chunks(selection: Selection, begin: float, end: float) -> Iterator[Step]:
    while begin < end:
        until = min(begin + CHUNK, end)
        yield Step(selection, begin, until)
        begin = until


class Sources:
    """Asks the sources of the thresholds file.  To be entered; connections are closed at the end."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._askers: dict[str, Asker] = {}

    def __enter__(self) -> Sources:
        return self

    def __exit__(self, *_: object) -> None:
        for each in self._askers.values():
            each.__exit__()

    def bounds(self, name: str, buckets: str) -> list[str]:
        """How these buckets write their bounds.  Raises Unavailable, Rejected."""
        scope = self._sources[name].scope
        return self._answer(name, lambda asker: asker.values("le", scoped(buckets, scope)))

    def gather(self, questions: Iterable[Step]) -> Samples:
        """Ask all questions.  Raises Unavailable, and Rejected for one that is refused or answered with too much."""
        found = Samples()
        for each in questions:
            for labels, samples in self._raw(each):
                found.add(labels, samples, each.selection.source)
                found.answered.add(each.selection)
        return found

    def _raw(self, step: Step) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        name = step.selection.source
        selector = scoped(step.selection.selector, self._sources[name].scope)
        return self._answer(name, lambda asker: asker.raw(selector, step.end - step.start, step.end))

    def _answer(self, name: str, question: Callable[[Asker], list[_T]]) -> list[_T]:
        try:
            if name not in self._askers:
                self._askers[name] = Asker(self._sources[name], ELSEWHERE)
            return question(self._askers[name])
        except SourceUnusableError as error:
            raise Unavailable(f"source {name}: {error}") from error
        except QueryRefusedError as error:
            raise Rejected(f"source {name} refuses to give samples: {error}") from error


def traces(samples: Samples, namespace: str) -> dict[str, list[float]]:
    """When each pod of the namespace was seen: scraped with success, or where nobody scrapes, shown by any series."""
    scraped: dict[str, set[float]] = {}
    shown: dict[str, set[float]] = {}
    for each in samples.series():
        pod = each.labels.get("pod", "")
        if not pod or each.labels.get("namespace") != namespace:
            continue
        if each.labels[NAME] == UP:
            pairs = zip(each.times, each.values, strict=True)
            scraped.setdefault(pod, set()).update(at for at, value in pairs if value == 1)
        else:
            shown.setdefault(pod, set()).update(each.times)
    return {pod: sorted(scraped.get(pod) or times) for pod, times in {**scraped, **shown}.items()}
