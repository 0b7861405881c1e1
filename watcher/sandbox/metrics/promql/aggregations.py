"""Aggregations of an instant vector: `sum`, `min`, `max`, `avg` and `count`, `by` or `without` labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from watcher.sandbox.metrics.promql.values import CannotEvaluate, Element, Vector, without_name
from watcher.sandbox.metrics.store import Labels


def _sum(values: Sequence[float]) -> float:
    if all(math.isfinite(value) for value in values):
        try:
            return math.fsum(values)
        except OverflowError:
            pass
    return sum(values)


def _average(values: Sequence[float]) -> float:
    total = _sum(values)
    if math.isinf(total) and all(math.isfinite(value) for value in values):
        return _sum([value / len(values) for value in values])  # the sum overflows, the mean does not
    return total / len(values)


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if not math.isnan(value)), default=math.nan)


def _greatest(values: Sequence[float]) -> float:
    return max((value for value in values if not math.isnan(value)), default=math.nan)


_OPERATORS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "sum": _sum,
    "avg": _average,
    "min": _least,
    "max": _greatest,
    "count": lambda values: float(len(values)),
}


def grouping(names: Sequence[str], *, without: bool) -> Callable[[Labels], Labels]:
    """What is left of labels in a group."""
    if without:
        return lambda labels: tuple(pair for pair in without_name(labels) if pair[0] not in names)
    return lambda labels: tuple(pair for pair in labels if pair[0] in names)


def aggregate(operator: str, group: Callable[[Labels], Labels], vector: Vector, at: int) -> Vector:
    """One element per group.  Raises CannotEvaluate for an operator that is not spoken here."""
    function = _OPERATORS.get(operator)
    if function is None:
        raise CannotEvaluate.unknown(f"the aggregation `{operator}`")
    groups: defaultdict[Labels, list[float]] = defaultdict(list)
    for element in vector:
        groups[group(element.labels)].append(element.value)
    return [Element(labels, at, function(values)) for labels, values in groups.items()]
