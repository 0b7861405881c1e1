"""Rules for label patterns: `bad`, `only` and `exclude` of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.config import promql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.config.checks import Layer
    from watcher.config.document import Document, Path

Patterns = dict[str, tuple[str, ...]]


def report_matchers(document: Document, layer: Layer) -> None:
    """Report labels that cannot be, and patterns that are not taken."""
    for path, patterns in _written(layer):
        for label, each in patterns.items():
            _report_label(document, (*path, label), label, each)


def _written(layer: Layer) -> Iterator[tuple[Path, Patterns]]:
    """Mappings of label patterns that this layer writes, with their places."""
    alternatives = (layer.spec.bad or ()) if "bad" in layer.own else ()
    for index, alternative in enumerate(alternatives):
        yield (*layer.at("bad"), index), alternative
    if len(alternatives) == 1:  # `bad: {code: ...}` is short for a list of one
        yield layer.at("bad"), alternatives[0]
    for key in ("only", "exclude"):
        if key in layer.own:
            yield layer.at(key), getattr(layer.spec, key) or {}


def _report_label(document: Document, path: Path, label: str, patterns: tuple[str, ...]) -> None:
    if not document.has(path):  # a layer below it has written this label
        return
    if not promql.is_label(label):
        document.report(path, f"{label} cannot be a label", "write the name of a label, as in code", at_key=True)
        return
    for pattern in patterns:
        error = promql.pattern_problem(pattern)
        if error is not None:
            document.report(path, f"the pattern {pattern[:60]!r} does not do: {error.what}", error.remedy)
