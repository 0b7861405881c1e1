"""Rules across the keys of `identify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.config import promql

if TYPE_CHECKING:
    from watcher.config.checks import Layer
    from watcher.config.document import Document

_WAYS_KEYS = {
    "pod": {"by", "namespace", "pod"},
    "workload": {"by", "namespace", "workload", "strip", "map"},
    "fixed": {"by"},
}


def report_identify(document: Document, layer: Layer) -> None:
    """Report what is wrong with the way in which a check tells whose requests a series counts."""
    path, identify = layer.at("identify"), layer.identify
    if "identify" not in layer.own or document.flagged((*path, "by")):
        return
    way = identify.by or "pod"
    for key in ("namespace", "pod", "workload", "strip", "map"):
        if document.has((*path, key)) and key not in _WAYS_KEYS[way]:
            remedy = f"remove it; keys of by: {way} are {', '.join(sorted(_WAYS_KEYS[way]))}"
            document.report((*path, key), f"{key} does not belong to by: {way}", remedy, at_key=True)
    if way == "workload" and not document.has((*path, "workload")):
        document.report(path, "by: workload needs to know the label", "add workload: with the label's name")
    for key in ("namespace", "pod", "workload"):
        label = getattr(identify, key)
        if label is not None and not promql.is_label(label) and (key, label) != ("namespace", ""):
            document.report((*path, key), f"{label or 'an empty text'} cannot be a label", "write the label's name")


def needed_labels(layer: Layer) -> list[str]:
    """Labels by which the check tells whose requests a series counts."""
    identify = layer.identify
    way = identify.by or "pod"
    namespace = "namespace" if identify.namespace is None else identify.namespace
    server = {"pod": identify.pod or "pod", "workload": identify.workload, "fixed": None}[way]
    return [label for label in (namespace, server) if label] if way != "fixed" else []
