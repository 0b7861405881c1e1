"""Arithmetic and comparison between scalars and vectors, vectors matched one to one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from watcher.sandbox.metrics.promql.values import (
    CannotEvaluate,
    Element,
    Value,
    Vector,
    as_text,
    distinct,
    without_name,
)
from watcher.sandbox.metrics.store import NAME, Labels

Operation = Callable[[float, float], float]
Test = Callable[[float, float], bool]


def _divide(left: float, right: float) -> float:
    """IEEE 754 division: by zero it is infinite, or not a number."""
    if right:
        return left / right
    if left == 0 or math.isnan(left):
        return math.nan
    return math.copysign(math.inf, left) * math.copysign(1.0, right)


def _remainder(left: float, right: float) -> float:
    """C's fmod: the sign is the dividend's."""
    return math.fmod(left, right) if right and math.isfinite(left) else math.nan


def _power(left: float, right: float) -> float:
    try:
        return math.pow(left, right)
    except OverflowError:
        return -math.inf if left < 0 and right % 2 == 1 else math.inf
    except ValueError:
        return _power_outside(left, right)


def _power_outside(left: float, right: float) -> float:
    """Powers of which Python says `math domain error`: of zero to something negative, or of no real value."""
    if left:
        return math.nan
    return math.copysign(math.inf, left) if right % 2 == 1 else math.inf


_ARITHMETIC: Mapping[str, Operation] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
    "%": _remainder,
    "^": _power,
}
_COMPARISON: Mapping[str, Test] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    ">": lambda left, right: left > right,
    "<": lambda left, right: left < right,
    ">=": lambda left, right: left >= right,
    "<=": lambda left, right: left <= right,
}


@dataclass(frozen=True, slots=True)
class Matching:
    """By which labels elements of two vectors belong together: `on` these names, or all but these."""

    names: Sequence[str] = ()
    on: bool = False

    def signature(self, labels: Labels) -> Labels:
        """What must be equal on both sides."""
        return tuple(pair for pair in labels if (pair[0] in self.names) is self.on and (self.on or pair[0] != NAME))

    def of_result(self, labels: Labels) -> Labels:
        """Labels of the result, made of those of the left side."""
        return tuple(pair for pair in labels if (pair[0] in self.names) is self.on)


@dataclass(frozen=True, slots=True)
class Binary:
    """One binary operation.  `as_bool`: comparisons answer 0 or 1 instead of filtering."""

    operator: str
    matching: Matching = Matching()
    as_bool: bool = False

    def __call__(self, left: Value, right: Value, at: int) -> Value:
        """Apply it to two values at one time.  Raises CannotEvaluate."""
        if self.operator not in _ARITHMETIC and self.operator not in _COMPARISON:
            raise CannotEvaluate.unknown(f"the operator `{self.operator}`")
        match left, right:
            case float(), float():
                return self._scalars(left, right)
            case list(), float():
                return distinct(self._each(left, lambda value: (value, right), at))
            case float(), list():
                return distinct(self._each(right, lambda value: (left, value), at))
            case list(), list():
                return self._vectors(left, right, at)
        raise AssertionError("a value is a scalar or a vector")

    def _scalars(self, left: float, right: float) -> float:
        operation = _ARITHMETIC.get(self.operator)
        return operation(left, right) if operation else float(_COMPARISON[self.operator](left, right))

    @property
    def _drops_name(self) -> bool:
        return self.as_bool or self.operator in _ARITHMETIC

    def _outcome(self, left: float, right: float, kept: float) -> float | None:
        """The result for one pair; None where a comparison filters it out, `kept` where it lets it through."""
        if self.as_bool or self.operator in _ARITHMETIC:
            return self._scalars(left, right)
        return kept if _COMPARISON[self.operator](left, right) else None

    def _each(self, vector: Vector, sides: Callable[[float], tuple[float, float]], at: int) -> Vector:
        results = []
        for element in vector:
            outcome = self._outcome(*sides(element.value), kept=element.value)
            if outcome is not None:
                labels = without_name(element.labels) if self._drops_name else element.labels
                results.append(Element(labels, at, outcome))
        return results

    def _vectors(self, left: Vector, right: Vector, at: int) -> Vector:
        if not left or not right:
            return []
        partners = self._unique(right)
        seen: set[Labels] = set()
        results = []
        for element in left:
            signature = self.matching.signature(element.labels)
            partner = partners.get(signature)
            if partner is None:
                continue
            if signature in seen:
                raise CannotEvaluate(
                    "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
                )
            seen.add(signature)
            outcome = self._outcome(element.value, partner.value, kept=element.value)
            if outcome is not None:
                labels = without_name(element.labels) if self._drops_name else element.labels
                results.append(Element(self.matching.of_result(labels), at, outcome))
        return distinct(results)

    def _unique(self, vector: Vector) -> dict[Labels, Element]:
        """The right side by signature.  Raises CannotEvaluate when two elements share one."""
        found: dict[Labels, Element] = {}
        for element in vector:
            signature = self.matching.signature(element.labels)
            if signature in found:
                both = ", ".join(sorted((as_text(element.labels), as_text(found[signature].labels))))
                raise CannotEvaluate(
                    f"found duplicate series for the match group {as_text(signature)} on the right hand-side of the "
                    f"operation: [{both}];many-to-many matching not allowed: matching labels must be unique on one side"
                )
            found[signature] = element
        return found
