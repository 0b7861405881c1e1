"""The grouped queries of one piece, and to which folds their series belong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from watcher.adapters.prometheus.selectors import filters, one_of, selector
from watcher.core.measuring.counting import Counting
from watcher.core.measuring.presence import STARTED, UP, Presence
from watcher.core.policy import By, CounterCheck, HistogramCheck, Identify
from watcher.daemon.folds import Folds, workload_of
from watcher.daemon.grouping import Piece
from watcher.daemon.joining import Targets
from watcher.ports import RawSeries

INFINITY = "+Inf"


@dataclass(slots=True)
class Ask:
    """One selector for all folds that count the same metric, found by the labels that name whom a series counts."""

    metric: str
    identify: Identify
    filters: tuple[str, ...] = ()  # matchers that the checks write: `only` and `exclude`
    namespaces: set[str] = field(default_factory=set)
    subjects: set[str] = field(default_factory=set)
    targets: Targets | None = None  # where `target_info` names the pods
    bounds: set[str] = field(default_factory=set)  # spellings of `le`
    native: str = ""  # the metric's name as a native histogram, where no classic buckets of it are known
    folds: dict[tuple[str, str], list[Counting]] = field(default_factory=dict)

    @property
    def selector(self) -> str:
        """The vector selector in PromQL."""
        matchers = [*self._whose(), *self.filters]
        if self.native:  # both at once: it is not known which there are; a native histogram has no `le`
            names, bounds = one_of("__name__", (self.native, self.metric)), one_of("le", ("", *sorted(self.bounds)))
            return selector("", names, *matchers, bounds)
        if self.bounds:
            matchers.append(one_of("le", sorted(self.bounds)))
        return selector(self.metric, *matchers)

    def _whose(self) -> list[str]:
        if self.identify.by is By.FIXED:
            return []
        if self.targets is not None:
            jobs, instances = ({name[place] for name in self.targets.names} for place in (0, 1))
            return [one_of("job", sorted(jobs)), one_of("instance", sorted(instances))]
        matchers = [one_of(self.identify.subject, sorted(self.subjects))]
        if self.identify.namespace:
            matchers.insert(0, one_of(self.identify.namespace, sorted(self.namespaces)))
        return matchers

    def buckets(self) -> str:
        """The selector without bounds."""
        return selector(self.metric, *self._whose(), *self.filters)

    def join(self, folds: Folds, counting: Counting, since: float) -> None:
        """Ask for this fold's series too."""
        subjects = folds.subjects(self.identify, since)
        self.namespaces.add(folds.workload.namespace)
        self.subjects.update(subjects)
        namespace = folds.workload.namespace if self.identify.namespace else ""
        if self.identify.by is By.POD:
            names = subjects
        else:
            names = [""] if self.identify.by is By.FIXED else [folds.workload.name]
            namespace = "" if self.identify.by is By.FIXED else namespace
        for name in names:
            self.folds.setdefault((namespace, name), []).append(counting)

    def owners(self, series: RawSeries) -> Sequence[Counting]:
        """The folds that count this series; empty where it came by a combination of names that nobody meant."""
        if self.identify.by is By.FIXED:
            return self.folds.get(("", ""), ())
        namespace = series.labels.get(self.identify.namespace, "") if self.identify.namespace else ""
        if self.identify.by is By.POD:
            return self.folds.get((namespace, series.labels.get(self.identify.pod, "")), ())
        name = workload_of(self.identify, series.labels.get(self.identify.workload, ""))
        found = self.folds.get((namespace, name), ())
        if not self.identify.namespace and len(found) > 1:
            for counting in found:
                counting.unresolved.add(f"workload {name}: several bear this name and series name no namespace")
            return ()
        return found

    def told(self, series: RawSeries) -> Iterable[RawSeries]:
        """The series with the labels that name its server."""
        return (series,) if self.targets is None else self.targets.joined(series)

    def note_targets(self) -> None:
        """Tell the folds of whose pods no target is known."""
        named = self.targets.pods if self.targets is not None else set(self.folds)
        found = {counting for name in named for counting in self.folds.get(name, ())}
        text = f"no {self.identify.join} names one of its pods ({self.identify.namespace}, {self.identify.pod})"
        for counting in self.countings():
            if counting in found:
                counting.unresolved.discard(text)
            else:
                counting.unresolved.add(text)

    def countings(self) -> set[Counting]:
        """All folds that wait for the answer."""
        return {counting for each in self.folds.values() for counting in each}


def asks(piece: Piece, countings: dict[Folds, list[Counting]]) -> list[Ask]:
    """One ask a metric, way to identify and filters, for all folds of the piece."""
    found: dict[tuple[str, Identify, tuple[str, ...]], Ask] = {}
    for folds in piece.folds:
        for counting in countings[folds]:
            for metric in metrics(counting.check):
                name = (metric, counting.check.identify, tuple(filters(counting.check.only, counting.check.exclude)))
                found.setdefault(name, Ask(*name)).join(folds, counting, piece.start)
    return list(found.values())


def metrics(check: CounterCheck) -> Iterator[str]:
    """Names of the metrics that a check reads."""
    if isinstance(check, HistogramCheck):
        yield f"{check.histogram}_bucket"
    else:
        yield check.total
        if check.errors:
            yield check.errors


def canonical(bound: float) -> set[str]:
    """How clients usually write a bucket bound."""
    return {INFINITY, repr(bound), f"{bound:g}"}


def presence_ask(piece: Piece, source: str) -> tuple[str, dict[tuple[str, str], list[Presence]]]:
    """The selector for scrapes and process starts of all pods of a piece, and who takes them; empty without pods."""
    takers: dict[tuple[str, str], list[Presence]] = {}
    for folds in piece.folds:
        presence = folds.presences.get(source)
        if presence is not None:
            for pod in folds.subjects(Identify(), piece.start):
                takers.setdefault((folds.workload.namespace, pod), []).append(presence)
    if not takers:
        return "", takers
    namespaces, pods = ({name[place] for name in takers} for place in (0, 1))
    metrics_ = one_of("__name__", (UP, STARTED))
    return selector("", metrics_, one_of("namespace", sorted(namespaces)), one_of("pod", sorted(pods))), takers
