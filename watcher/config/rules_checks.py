"""Rules across the keys of a check, for its definition and for every override."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.config import promql
from watcher.config.checks import ANCHORS, HISTOGRAM, KEYS, QUERY, RATIO, layers, unit_of
from watcher.config.defaults import DEFAULT_SOURCE
from watcher.config.problems import choose
from watcher.config.rules_identify import needed_labels, report_identify
from watcher.config.rules_matchers import report_matchers
from watcher.config.rules_presets import report_preset
from watcher.config.rules_sources import NAME, NAME_REMEDY

if TYPE_CHECKING:
    from watcher.config.checks import Layer
    from watcher.config.document import Document
    from watcher.config.models import ThresholdsSpec

_BOUNDS = {RATIO: ("max", "increase"), HISTOGRAM: ("max", "increase"), QUERY: ("max", "min")}


def report_checks(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the checks."""
    for layer in layers(document, spec):
        if layer.is_definition and not NAME.match(layer.name):
            document.report(layer.path, f"{layer.name} cannot name a check", NAME_REMEDY, at_key=True)
        _report_source(document, layer, list(spec.sources or {}))
        report_preset(document, layer)
        if not layer.kind:
            _report_nothing(document, layer)
            continue
        _report_foreign_keys(document, layer)
        _report_bounds(document, layer)
        _report_metrics(document, layer)
        report_identify(document, layer)
        report_matchers(document, layer)
        if layer.kind == RATIO:
            _report_bad(document, layer)
        elif layer.kind == HISTOGRAM:
            _report_bucket(document, layer)
        elif layer.own & {"query", "identify"}:
            _report_query(document, layer)


def source_of(written: str | None, sources: list[str]) -> str:
    """The source that a check asks: the named one, else the only one, else `main`."""
    return written or (sources[0] if len(sources) == 1 else DEFAULT_SOURCE)


def _report_nothing(document: Document, layer: Layer) -> None:
    if layer.is_definition and not layer.own & {*ANCHORS, "preset"}:
        what = f"the check {layer.name} does not say what it looks at"
        remedy = "add a preset, total with bad or errors, histogram with slowerThan, or query"
        document.report(layer.path, what, remedy, at_key=True)


def _report_foreign_keys(document: Document, layer: Layer) -> None:
    for key in sorted(layer.own - KEYS[layer.kind]):
        homes = " or ".join(kind for kind in KEYS if key in KEYS[kind])
        what = f"{key} belongs to a {homes} check, {layer.name} is a {layer.kind} check"
        document.report(layer.at(key), what, "remove it, or make two checks of it", at_key=True)


def _report_source(document: Document, layer: Layer, sources: list[str]) -> None:
    name = source_of(layer.spec.source, sources)
    if name in sources or document.flagged(("sources",)) or document.has(("sources", name)):
        return
    if "source" in layer.own:
        document.report(
            layer.at("source"),
            f"the source {name} is not defined",
            choose(name, sources) if sources else "add it to sources",
        )
    elif layer.is_definition and sources:
        what = f"the check {layer.name} names no source, and there is none called {name}"
        document.report(layer.path, what, f"add source: {' or '.join(sources)}", at_key=True)


def _report_bounds(document: Document, layer: Layer) -> None:
    names = _BOUNDS[layer.kind]
    if layer.is_definition and not layer.own & {"max", "min", "increase"}:
        what = f"the check {layer.name} has no bound"
        document.report(layer.path, what, f"add {' or '.join(names)}", at_key=True)
    if layer.kind == QUERY:
        low, high = layer.spec.min, layer.spec.max
        if low is not None and high is not None and low > high and layer.own & {"min", "max"}:
            what = f"min {low} lies above max {high}: every value would be a breach"
            document.report(layer.at("min" if "min" in layer.own else "max"), what, "swap them")
    elif layer.spec.max is not None and "max" in layer.own and not 0 <= layer.spec.max < 1:
        written = document.written(layer.at("max"))
        meant = isinstance(written, int | float) and written >= 1
        remedy = f"write {layer.spec.max}% if percent are meant" if meant else "write a share such as 1%"
        document.report(layer.at("max"), f"max is a share of requests, and {layer.spec.max} is not in 0 to 1", remedy)


def _report_metrics(document: Document, layer: Layer) -> None:
    for key in sorted(layer.own & {"total", "errors", "histogram"} & KEYS[layer.kind]):
        name = getattr(layer.spec, key)
        if name is None:
            continue
        if not promql.is_metric(name):
            what = f"{key} takes the name of one metric, and {name[:60]} is not one"
            remedy = "write the bare name; conditions go into bad or the source's scope, expressions into a query check"
            document.report(layer.at(key), what, remedy)
        elif key == "histogram" and name.endswith(("_bucket", "_count", "_sum")):
            bare = name.rsplit("_", 1)[0]
            document.report(layer.at(key), f"{name} is a part of a histogram", f"write {bare}")


def _report_bad(document: Document, layer: Layer) -> None:
    if not layer.is_definition and layer.own & {"bad", "errors"} and layer.spec.bad and layer.spec.errors:
        key = "bad" if "bad" in layer.own else "errors"
        what = f"the check {layer.name} would have bad and errors"
        document.report(layer.at(key), what, "define a second check instead of overriding this key", at_key=True)
    elif layer.is_definition and {"bad", "errors"} <= layer.own:
        document.report(layer.at("errors"), "bad and errors exclude each other", "keep one of the two", at_key=True)
    elif layer.is_definition and not layer.given & {"bad", "errors"}:
        what = f"the check {layer.name} does not say which requests are bad"
        remedy = 'add bad: {code: "5.."}, or errors with a counter of bad requests'
        document.report(layer.path, what, remedy, at_key=True)


def _report_bucket(document: Document, layer: Layer) -> None:
    if layer.is_definition and "slowerThan" not in layer.given:
        what = f"the check {layer.name} does not say which requests are slow"
        document.report(layer.path, what, "add slowerThan: with a bucket bound, as in 500ms", at_key=True)
    if layer.spec.slower_than is not None and layer.spec.slower_than <= 0 and "slowerThan" in layer.own:
        document.report(layer.at("slowerThan"), "no request is faster than 0s", "write a bucket bound, as in 500ms")
    name = layer.spec.histogram
    undecided = name is not None and promql.is_metric(name) and not unit_of(name, layer.spec.unit)
    if undecided and "histogram" in layer.own and "unit" not in layer.given:
        what = f"the name {name} does not tell its unit"
        document.report(layer.at("histogram"), what, "add unit: seconds or unit: milliseconds")


def _report_query(document: Document, layer: Layer) -> None:
    if layer.spec.query is None:
        return
    path = layer.at("query") if "query" in layer.own else layer.at("identify")
    try:
        kept = promql.kept_labels(promql.parse(layer.spec.query))
    except promql.PromqlError as error:
        if "query" in layer.own:
            document.report(layer.at("query"), f"the query of {layer.name} is not usable: {error}", error.remedy)
        return
    needed = needed_labels(layer)
    dropped = [label for label in needed if label not in kept]
    if dropped:
        names = f"label{'s' if len(dropped) > 1 else ''} {' and '.join(dropped)}"
        what = f"the query of {layer.name} drops the {names} that identify by {layer.identify.by or 'pod'} needs"
        remedy = f"keep it, as in by ({', '.join(needed)}), or choose another identify (by: pod, workload, fixed)"
        document.report(path, what, remedy)
