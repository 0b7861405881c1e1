"""Evaluates the syntax tree of a PromQL expression at one time over a store.

The parser is promql-parser; the rules are those of Prometheus 3: windows and the lookback are open on the left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    UnaryExpr,
    VectorSelector,
)

from watcher.sandbox.metrics.promql.aggregations import aggregate, grouping
from watcher.sandbox.metrics.promql.binary import Binary, Matching
from watcher.sandbox.metrics.promql.matchers import predicates
from watcher.sandbox.metrics.promql.quantiles import histogram_quantile
from watcher.sandbox.metrics.promql.ranges import RANGE_FUNCTIONS, Window
from watcher.sandbox.metrics.promql.values import (
    BadQuery,
    CannotEvaluate,
    Element,
    Track,
    Value,
    Vector,
    distinct,
    without_name,
)
from watcher.sandbox.metrics.store import Store

LOOKBACK = 300_000
"""How old the newest sample of a series may be to count as its value now, milliseconds."""


def parse(query: str) -> promql_parser.Expr:
    """The syntax tree.  Raises BadQuery with the parser's words."""
    try:
        return promql_parser.parse(query)
    except ValueError as error:
        raise BadQuery(f'invalid parameter "query": {error}') from None


def unwrapped(node: object) -> object:
    """The expression inside any parentheses."""
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


@dataclass(frozen=True, slots=True)
class Moment:
    """The samples, and the time (Unix milliseconds) at which expressions are evaluated over them."""

    store: Store
    at: int

    def value(self, node: object) -> Value:
        """Evaluate an expression.  Raises CannotEvaluate."""
        match node:
            case NumberLiteral():
                return float(node.val)
            case ParenExpr():
                return self.value(node.expr)
            case VectorSelector():
                return [Element(labels, self.at, value) for labels, _, value in self.select(node)]
            case UnaryExpr():
                return _negated(self, node)
            case AggregateExpr():
                return _aggregated(self, node)
            case BinaryExpr():
                return _binary(node)(self.value(node.lhs), self.value(node.rhs), self.at)
            case Call():
                return _called(self, node)
        raise CannotEvaluate.unknown(_CONSTRUCTS.get(type(node), f"`{node}`"))

    def vector(self, node: object) -> Vector:
        """Evaluate an expression that is an instant vector."""
        value = self.value(node)
        if isinstance(value, float):
            raise CannotEvaluate(f"`{node}` is a scalar where an instant vector is needed")
        return value

    def select(self, selector: VectorSelector) -> Vector:
        """The newest sample of each series that is not older than the lookback and not stale, with its own time."""
        until = self.at - _offset(selector)
        found = []
        for series in self.store.select(predicates(selector)):
            point = series.latest(until - LOOKBACK, until)
            if point is not None:
                found.append(Element(series.labels, *point))
        return found

    def window(self, selector: MatrixSelector) -> Window:
        """The stretch of time that a range selector covers."""
        end = self.at - _offset(selector.vector_selector)
        return Window(end - _milliseconds(selector.range), end)

    def tracks(self, selector: MatrixSelector) -> list[Track]:
        """Raw samples of each series in the window of a range selector, with their own times."""
        window = self.window(selector)
        every = self.store.select(predicates(selector.vector_selector))
        return [Track(series.labels, points) for series in every if (points := series.window(*window))]


def _milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)


def _offset(selector: VectorSelector) -> int:
    if selector.at is not None:
        raise CannotEvaluate.unknown("the modifier `@`")
    return _milliseconds(selector.offset) if selector.offset else 0


def _negated(moment: Moment, node: UnaryExpr) -> Value:
    value = moment.value(node.expr)
    if isinstance(value, float):
        return -value
    return distinct(Element(without_name(labels), at, -each) for labels, at, each in value)


def _aggregated(moment: Moment, node: AggregateExpr) -> Value:
    if node.param is not None:
        raise CannotEvaluate.unknown(f"the aggregation `{node.op}`")
    modifier = node.modifier
    without = modifier is not None and modifier.type == promql_parser.AggModifierType.Without
    group = grouping(modifier.labels if modifier else [], without=without)
    return aggregate(str(node.op), group, moment.vector(node.expr), moment.at)


def _binary(node: BinaryExpr) -> Binary:
    modifier = node.modifier
    if modifier is None:
        return Binary(str(node.op))
    if modifier.group_labels is not None:
        raise CannotEvaluate.unknown("`group_left` and `group_right`")
    if modifier.fill_values.lhs is not None or modifier.fill_values.rhs is not None:
        raise CannotEvaluate.unknown("`fill` modifiers")
    matching = modifier.matching
    if matching is None:
        return Binary(str(node.op), as_bool=modifier.return_bool)
    on = matching.type == promql_parser.LabelModifierType.Include
    return Binary(str(node.op), Matching(tuple(matching.labels), on), modifier.return_bool)


def _called(moment: Moment, node: Call) -> Value:
    name = node.func.name
    if name in RANGE_FUNCTIONS:
        return _ranged(moment, node)
    rule = _FUNCTIONS.get(name)
    if rule is None:
        raise CannotEvaluate.unknown(f"the function `{name}`")
    return rule(moment, node)


def _ranged(moment: Moment, node: Call) -> Value:
    selector = unwrapped(node.args[0])
    if not isinstance(selector, MatrixSelector):
        raise CannotEvaluate.unknown("subqueries")
    function, window = RANGE_FUNCTIONS[node.func.name], moment.window(selector)
    results = ((track.labels, function(track.points, window)) for track in moment.tracks(selector))
    return distinct(Element(without_name(labels), moment.at, value) for labels, value in results if value is not None)


def _timestamp(moment: Moment, node: Call) -> Value:
    argument = unwrapped(node.args[0])
    vector = moment.select(argument) if isinstance(argument, VectorSelector) else moment.vector(argument)
    return distinct(Element(without_name(labels), moment.at, at / 1000) for labels, at, _ in vector)


def _time(moment: Moment, _: Call) -> Value:
    return moment.at / 1000


def _quantile(moment: Moment, node: Call) -> Value:
    share = moment.value(node.args[0])
    if not isinstance(share, float):
        raise CannotEvaluate(f"`{node.args[0]}` is a vector where a scalar is needed")
    return histogram_quantile(share, moment.vector(node.args[1]), moment.at)


def _of_native(moment: Moment, node: Call) -> Value:
    """Of native histograms, which this store has none of: plain samples have no element in the result."""
    moment.vector(node.args[-1])
    return []


_FUNCTIONS: Mapping[str, Callable[[Moment, Call], Value]] = {
    "time": _time,
    "timestamp": _timestamp,
    "histogram_quantile": _quantile,
    "histogram_count": _of_native,
    "histogram_fraction": _of_native,
}
_CONSTRUCTS: Mapping[type, str] = {
    promql_parser.SubqueryExpr: "subqueries",
    promql_parser.StringLiteral: "strings as values",
}
