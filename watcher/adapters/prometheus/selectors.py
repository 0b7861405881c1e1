"""PromQL selectors as text."""

from __future__ import annotations

from collections.abc import Iterable

_SPECIAL = str.maketrans({character: "\\" + character for character in "\\.+*?()|[]{}^$"})


def quoted(text: str) -> str:
    """A PromQL string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def one_of(label: str, values: Iterable[str]) -> str:
    """A matcher for exactly these values: an alternation of literals, which Prometheus looks up as a set."""
    return f"{label}=~{quoted('|'.join(value.translate(_SPECIAL) for value in values))}"


def matcher(label: str, pattern: str) -> str:
    """A matcher for a pattern, fully anchored as always in PromQL."""
    return f"{label}=~{quoted(pattern)}"


def filters(only: Iterable[tuple[str, str]], exclude: Iterable[tuple[str, str]]) -> list[str]:
    """Matchers for series that fit all patterns of `only` and none of `exclude`; an absent label fits no pattern."""
    wanted = [matcher(label, pattern) for label, pattern in only]
    return wanted + [f"{label}!~{quoted(pattern)}" for label, pattern in exclude]


def selector(metric: str, *matchers: str) -> str:
    """A vector selector; `metric` may be empty when a matcher names the metrics."""
    return f"{metric}{{{','.join(matchers)}}}"


def joined(expression: str, by: str, labels: Iterable[str]) -> str:
    """An expression whose series get these labels from the series `by` of the same job and instance; empty: none."""
    return f"{expression} * on (job, instance) group_left ({', '.join(labels)}) {by}" if by else expression


def count_by_bound(buckets: str) -> str:
    """A query for the bucket bounds that the selected series have, in their own spelling."""
    return f"count by (le) ({buckets})"
