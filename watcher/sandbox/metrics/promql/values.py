"""What expressions evaluate to, and the two ways in which they fail."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from watcher.sandbox.metrics.store import NAME, Labels, Point


class BadQuery(Exception):
    """The query is not PromQL, or not allowed where it stands (HTTP 400)."""


class CannotEvaluate(Exception):
    """The query is PromQL that cannot be evaluated, or that this source does not speak (HTTP 422)."""

    @classmethod
    def unknown(cls, construct: str) -> CannotEvaluate:
        """The error for a part of PromQL that the embedded source does not speak."""
        return cls(f"the embedded source does not speak {construct}; use a real Prometheus for this query")


class Element(NamedTuple):
    """One element of an instant vector; `at` is the time of its sample, Unix milliseconds."""

    labels: Labels
    at: int
    value: float


class Track(NamedTuple):
    """One series of a range vector, or of the answer to a range query."""

    labels: Labels
    points: list[Point]


Vector = list[Element]
Value = float | Vector


def without_name(labels: Labels) -> Labels:
    """Labels of what is no longer the metric itself."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def distinct(vector: Iterable[Element]) -> Vector:
    """The vector itself.  Raises CannotEvaluate when two of its elements have the same labels."""
    elements = list(vector)
    if len({element.labels for element in elements}) < len(elements):
        raise CannotEvaluate("vector cannot contain metrics with the same labelset")
    return elements


def as_text(labels: Labels) -> str:
    """Labels as PromQL writes them: `name{label="value"}`."""
    inner = ", ".join(f'{name}="{value}"' for name, value in labels if name != NAME)
    return f"{dict(labels).get(NAME, '')}{{{inner}}}"
