"""Rules across the keys of `identify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.config import promql
from watcher.config.checks import QUERY
from watcher.config.policies import identify as plain
from watcher.core.measuring.versions import names_a_version
from watcher.core.policy import By

if TYPE_CHECKING:
    from watcher.config.checks import Layer
    from watcher.config.document import Document

_NAMING = {"by", "namespace", "strip", "map"}
_WAYS_KEYS = {
    "pod": {"by", "namespace", "pod", "join"},
    "workload": {*_NAMING, "workload"},
    "service": {*_NAMING, "service"},
    "version": {*_NAMING, "workload", "version", "podLabel"},
    "role": {*_NAMING, "workload", "role", "canary", "stable"},
    "fixed": {"by"},
}
_NEEDED = {
    "workload": ("workload",),
    "service": ("service",),
    "version": ("workload", "version"),
    "role": ("workload", "role"),
}
_KEYS = sorted(set().union(*_WAYS_KEYS.values()) - {"by"})
_LABELS = ("namespace", "pod", "workload", "service", "version", "role")
_TELLING_APART = ("version", "role")
_OF_QUERIES = ("pod", "workload", "service", "fixed")


def report_identify(document: Document, layer: Layer) -> None:
    """Report what is wrong with the way in which a check tells whose requests a series counts."""
    path, identify = layer.at("identify"), layer.identify
    if "identify" not in layer.own or document.flagged((*path, "by")):
        return
    way = identify.by or "pod"
    for key in _KEYS:
        if document.has((*path, key)) and key not in _WAYS_KEYS[way]:
            remedy = f"remove it; keys of by: {way} are {', '.join(sorted(_WAYS_KEYS[way]))}"
            document.report((*path, key), f"{key} does not belong to by: {way}", remedy, at_key=True)
    for key in _NEEDED.get(way, ()):
        if not document.has((*path, key)):
            document.report(path, f"by: {way} needs to know the label", f"add {key}: with the label's name")
    for key in _LABELS:
        label = getattr(identify, key)
        if label is not None and not promql.is_label(label) and (key, label) != ("namespace", ""):
            document.report((*path, key), f"{label or 'an empty text'} cannot be a label", "write the label's name")
    if way in _TELLING_APART and identify.namespace == "" and not identify.map:
        what = f"by: {way} may act by itself, and series without a namespace may be of another workload of that name"
        document.report((*path, "namespace"), what, "name the label with the namespace, or add map: {VALUE: WORKLOAD}")
    _report_query(document, layer, way)
    _report_version(document, layer)
    _report_roles(document, layer)


def _report_query(document: Document, layer: Layer, way: str) -> None:
    if layer.kind != QUERY:
        return
    if way not in _OF_QUERIES:
        what = f"a query check cannot identify by {way}: its value stands for no version"
        document.report((*layer.at("identify"), "by"), what, f"use one of {', '.join(_OF_QUERIES)}")
    elif layer.identify.join is not None:
        remedy = "write the join into the query, with on (job, instance) group_left (k8s_pod_name) target_info"
        document.report((*layer.at("identify"), "join"), "a query check is not joined", remedy, at_key=True)


def _report_version(document: Document, layer: Layer) -> None:
    label = layer.identify.pod_label
    if label is not None and not names_a_version(label):
        what = f"pods are not kept with the label {label}"
        remedy = "use one that ends in version or revision, such as app.kubernetes.io/version, or pod-template-hash"
        document.report((*layer.at("identify"), "podLabel"), what, remedy)


def _report_roles(document: Document, layer: Layer) -> None:
    for key in ("canary", "stable"):
        for pattern in getattr(layer.identify, key) or ():
            error = promql.pattern_problem(pattern) if pattern else None
            if error is not None:
                what = f"the pattern {pattern[:60]!r} does not do: {error.what}"
                document.report((*layer.at("identify"), key), what, error.remedy)


def needed_labels(layer: Layer) -> list[str]:
    """Labels by which the check tells whose requests a series counts."""
    identify = plain(layer.identify)
    if identify.join:
        return ["job", "instance"]
    absent = identify.by is By.ROLE and "" in (identify.canary, identify.stable)
    named = (identify.namespace, identify.subject, identify.version, "" if absent else identify.role)
    return [label for label in named if label]
