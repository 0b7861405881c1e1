"""What only a reachable source can tell of a thresholds file: metrics, labels, values, buckets."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from watcher.config import promql
from watcher.config.asking import Asker, QueryRefusedError, SourceUnusableError
from watcher.config.checks import HISTOGRAM, QUERY, layers, unit_of
from watcher.config.problems import Problem, choose
from watcher.config.rules_checks import source_of
from watcher.config.rules_identify import needed_labels
from watcher.config.status_codes import could_match
from watcher.config.values import Duration
from watcher.core.measuring.native import counted_bound, split_bucket
from watcher.core.measuring.patterns import joined

if TYPE_CHECKING:
    from watcher.config.checks import Layer
    from watcher.config.document import Path
    from watcher.config.thresholds import Thresholds
    from watcher.core.policy import Source

_ASKED_BY = {
    *("preset", "total", "bad", "errors", "histogram", "slowerThan", "unit", "only", "exclude", "query"),
    *("identify", "source"),
}


def problems_online(thresholds: Thresholds, url: str = "") -> tuple[Problem, ...]:
    """What is wrong with the checks as far as their sources can tell; `url` is asked instead of the sources' own."""
    found = _Findings(thresholds)
    by_source: dict[str, list[Layer]] = {}
    for layer in layers(thresholds.document, thresholds.spec):
        if layer.is_definition or layer.own & _ASKED_BY:
            name = source_of(layer.spec.source, list(thresholds.sources))
            by_source.setdefault(name, []).append(layer)
    for name, asked in by_source.items():
        source = thresholds.sources[name]
        _ask_source(found, replace(source, url=url.rstrip("/")) if url else source, asked)
    return tuple(sorted(set(found.problems)))


class _Findings:
    def __init__(self, thresholds: Thresholds) -> None:
        self._document = thresholds.document
        self.problems: list[Problem] = []

    def wrote(self, layer: Layer, key: str) -> bool:
        """Whether the file itself writes this key of a check; else its preset does."""
        return key in layer.own or self._document.has(("checks", layer.name, key))

    def report(self, path: Path, what: str, remedy: str) -> None:
        place = self._document.place(path)
        self.problems.append(Problem(self._document.file, place.line, place.column, what, remedy))


def _ask_source(found: _Findings, source: Source, asked: list[Layer]) -> None:
    try:
        with Asker(source) as asker:
            for layer in asked:
                _Question(found, asker, source, layer).ask()
    except SourceUnusableError as error:
        found.report(("sources", source.name, error.key), error.what, error.remedy)
    except QueryRefusedError as error:
        what = f"{source.url} refuses to tell about metrics: {error}"
        found.report(("sources", source.name, "url"), what, "give the address of a Prometheus-compatible API")


Labels = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Question:
    """One check, or an override of it, held against what its source has."""

    found: _Findings
    asker: Asker
    source: Source
    layer: Layer

    def ask(self) -> None:
        if self.layer.kind == QUERY:
            self.ask_query()
            return
        for key in ("total", "errors", "histogram"):
            metric = getattr(self.layer.spec, key)
            exposed = self.exposed(key, metric) if metric is not None else ""
            if exposed:
                self.ask_metric(key, metric, exposed)

    def select(self, metric: str, like: dict[str, str] | None = None) -> str:
        """What the check counts of a metric."""
        only, exclude = ({label: joined(each) for label, each in (part or {}).items()} for part in self.filters())
        return promql.selector(metric, dict(self.source.scope), only | (like or {}), exclude)

    def filters(self) -> tuple[Labels | None, Labels | None]:
        return self.layer.spec.only, self.layer.spec.exclude

    def report(self, key: str, what: str, remedy: str) -> None:
        self.found.report(self.layer.at(key), what, remedy)

    def exposed(self, key: str, metric: str) -> str:
        """The name of the series that are counted: a histogram's buckets, or itself where it is a native one."""
        exposed = f"{metric}_bucket" if key == "histogram" else metric
        if self.asker.exists(self.select(exposed)):
            return exposed
        if key == "histogram" and self.asker.exists(f"histogram_count({self.select(metric)})"):
            return metric
        if any(self.filters()) and self.asker.exists(promql.selector(exposed, dict(self.source.scope))):
            what = f"the source {self.source.name} has series of {exposed}, and none like {self.select(exposed)}"
            self.report("only" if self.layer.spec.only else "exclude", what, "mend only and exclude of the check")
            return ""
        close = get_close_matches(exposed, [name for name in self.alike(exposed) if name != exposed], n=1)
        close = [name.removesuffix("_bucket") if key == "histogram" else name for name in close]
        scoped = f" with {promql.selector('', dict(self.source.scope))}" if self.source.scope else ""
        remedy = f"did you mean {close[0]}?" if close else f"check that the service is scraped{scoped}"
        self.report(key, f"the source {self.source.name} has no series of {exposed} now", remedy)
        return ""

    def alike(self, exposed: str) -> list[str]:
        """Metrics of the same sort: buckets for buckets."""
        names = self.asker.values("__name__")
        return [name for name in names if name.endswith("_bucket") == exposed.endswith("_bucket")]

    def ask_metric(self, key: str, metric: str, exposed: str) -> None:
        labels = self.asker.labels(self.select(exposed))
        for label in needed_labels(self.layer):
            if label not in labels:
                what = f"{exposed} has no label {label}, by which {self.layer.name} tells whose requests it counts"
                self.report("identify" if self.layer.spec.identify else key, what, self.other_label(label, labels))
        if self.layer.kind == HISTOGRAM:
            self.ask_bucket(exposed, native=exposed == metric)
        elif key == "total":
            for alternative in self.alternatives(labels):
                for label, patterns in alternative.items():
                    self.ask_bad(metric, labels, label, joined(patterns))

    def alternatives(self, labels: list[str]) -> tuple[Labels, ...]:
        """What makes a request bad; of a preset, which knows several protocols, what can be met here, if any."""
        every = self.layer.spec.bad or ()
        if self.found.wrote(self.layer, "bad"):
            return every
        return tuple(each for each in every if each.keys() <= set(labels)) or every

    def other_label(self, label: str, labels: list[str]) -> str:
        return choose(label, [name for name in labels if name not in ("__name__", "le")])

    def ask_bad(self, metric: str, labels: list[str], label: str, pattern: str) -> None:
        if label not in labels:
            self.report("bad", f"{metric} has no label {label}", self.other_label(label, labels))
        elif not self.asker.values(label, self.select(metric, {label: pattern})):
            values = self.asker.values(label, self.select(metric))
            if not could_match(pattern, values):
                what = f'no value of {label} on {metric} matches "{pattern}"'
                seen = ", ".join(sorted(values)[:8])
                self.report("bad", what, f"values seen are {seen}; expose the bad value with 0 if it never occurred")

    def ask_bucket(self, exposed: str, *, native: bool) -> None:
        wanted = self.layer.spec.slower_than
        if wanted is None:
            return
        unit = unit_of(self.layer.spec.histogram or "", self.layer.spec.unit)
        scale = 1000 if unit == "milliseconds" else 1
        bounds = self.around(exposed, wanted * scale) if native else self.bounds(exposed)
        bounds = sorted(bound / scale for bound in bounds)
        if not bounds or any(math.isclose(bound, wanted, rel_tol=1e-9) for bound in bounds):
            return
        finite = [bound for bound in bounds if math.isfinite(bound)]
        below, above = [b for b in finite if b < wanted][-1:], [b for b in finite if b > wanted][:1]
        nearest = " or ".join(str(Duration(bound)) for bound in (*below, *above))
        what = f"{wanted} is no bucket bound of {exposed}"
        self.report("slowerThan", what, f"the nearest are {nearest}" if nearest else "it has no finite bucket")

    def bounds(self, exposed: str) -> list[float]:
        """The bucket bounds of a classic histogram, in its unit; always some."""
        return [*map(float, self.asker.values("le", self.select(exposed))), math.inf]

    def around(self, exposed: str, bound: float) -> list[float]:
        """The bounds of those buckets of a native histogram that keep requests from being counted by this bound."""
        samples = self.asker.histograms(self.select(exposed))
        found = [split_bucket(sample, counted_bound(sample, bound)) for sample in samples]
        edges = [edge for each in found if each is not None for edge in (each.left, each.right)]
        return [float(f"{edge:.6g}") for edge in edges if edge > 0]  # powers of two have endless digits

    def ask_query(self) -> None:
        try:
            series = self.asker.series(self.layer.spec.query or "")
        except QueryRefusedError as error:
            self.report("query", f"the source {self.source.name} refuses the query: {error}", "mend the PromQL")
            return
        if not series:
            what = f"the query of {self.layer.name} returns nothing now"
            self.report("query", what, "check metric names and labels in it")
            return
        for label in needed_labels(self.layer):
            if not any(label in labels for labels in series):
                what = f"no series of the query of {self.layer.name} has the label {label} that identify needs"
                self.report("query", what, self.other_label(label, sorted(set().union(*series))))
