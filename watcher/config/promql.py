"""PromQL without a server: syntax, the labels that an expression keeps, selectors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from watcher.core.measuring import patterns

_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*\Z")
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*\Z")
_STRING = re.compile(r"""\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`""")
_NESTING = re.compile(r"[-+*/%^<>(\[]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_KEEPING_AGGREGATIONS = ("topk", "bottomk", "limitk", "limit_ratio")

# The parser recurses without a limit of its own: some ten thousand levels end the process.
MAX_LENGTH = 4096
MAX_NESTING = 120
MAX_PATTERN = 512


class PromqlError(ValueError):
    """An expression that is no instant vector; `remedy` says what to write instead."""

    def __init__(self, what: str, remedy: str = "mend the PromQL") -> None:
        super().__init__(what)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Labels:
    """Labels that the series of a result may carry: those of `named`, or all but those of it."""

    named: frozenset[str]
    all_but: bool = False

    def __contains__(self, label: str) -> bool:
        return (label in self.named) is not self.all_but

    def only(self, labels: frozenset[str]) -> Labels:
        """Those that are also among `labels`."""
        return Labels(frozenset(label for label in labels if label in self))

    def without(self, labels: frozenset[str]) -> Labels:
        """Those that are not among `labels`."""
        return Labels(self.named | labels if self.all_but else self.named - labels, self.all_but)

    def plus(self, labels: frozenset[str]) -> Labels:
        """These and `labels`."""
        return Labels(self.named - labels if self.all_but else self.named | labels, self.all_but)

    def common(self, other: Labels) -> Labels:
        """Those of both."""
        if not self.all_but:
            return self.only_in(other)
        return other.without(self.named) if not other.all_but else Labels(self.named | other.named, all_but=True)

    def only_in(self, other: Labels) -> Labels:
        """Those of these finitely many that are in `other`."""
        return Labels(frozenset(label for label in self.named if label in other))


ANY = Labels(frozenset(), all_but=True)
NONE = Labels(frozenset())


def is_metric(name: str) -> bool:
    """Whether this is the name of a metric (without the quoted UTF-8 names of Prometheus 3)."""
    return _METRIC.match(name) is not None


def is_label(name: str) -> bool:
    """Whether this is the name of a label."""
    return _LABEL.match(name) is not None


def quoted(text: str) -> str:
    """A PromQL string literal."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def selector(
    metric: str, equal: dict[str, str], like: dict[str, str] | None = None, unlike: dict[str, str] | None = None
) -> str:
    """A selector of `metric` with equality matchers, and anchored patterns that labels must fit, or must not."""
    matchers = [f"{label}={quoted(value)}" for label, value in equal.items()]
    matchers += [f"{label}=~{quoted(pattern)}" for label, pattern in (like or {}).items()]
    matchers += [f"{label}!~{quoted(pattern)}" for label, pattern in (unlike or {}).items()]
    return f"{metric}{{{','.join(matchers)}}}" if matchers else metric


def pattern_problem(pattern: str) -> patterns.PatternError | None:
    """What is wrong with a label pattern: for Prometheus, which reads it as RE2, or for watcher, which counts by it."""
    if len(pattern) > MAX_PATTERN:
        return patterns.PatternError(f"it is longer than {MAX_PATTERN} characters")
    try:
        promql.parse(selector("metric", {}, {"label": pattern}))
        fits = patterns.predicate(pattern)
        patterns.refuse_slow(pattern)
    except patterns.PatternError as error:
        return error
    except ValueError as error:
        return patterns.PatternError(str(error))
    return patterns.PatternError("it also matches series without the label") if fits("") else None


def parse(query: str) -> promql.Expr:
    """Parse an expression that must give an instant vector.  Raises PromqlError."""
    if len(query) > MAX_LENGTH or len(_NESTING.findall(_STRING.sub("", query))) > MAX_NESTING:
        raise PromqlError("it is too long", "put it into a recording rule")
    try:
        expression = promql.parse(query)
    except ValueError as error:
        raise PromqlError(str(error)) from None
    inner = _unwrapped(expression)
    if isinstance(inner, promql.MatrixSelector | promql.SubqueryExpr):
        raise PromqlError("it gives a range of samples", "wrap it in rate(...) or max_over_time(...)")
    if isinstance(inner, promql.StringLiteral):
        raise PromqlError("it is text, not a vector")
    if _is_scalar(inner):
        raise PromqlError("it gives a scalar", "wrap it in vector(...)")
    return expression


def kept_labels(expression: Any) -> Labels:
    """The labels that series of this expression's result may carry."""
    expression = _unwrapped(expression)
    if isinstance(expression, promql.VectorSelector | promql.MatrixSelector):
        return ANY
    if isinstance(expression, promql.SubqueryExpr):
        return kept_labels(expression.expr)
    if isinstance(expression, promql.AggregateExpr):
        return _of_aggregation(expression)
    if isinstance(expression, promql.BinaryExpr):
        return _of_operation(expression)
    if isinstance(expression, promql.Call):
        return _of_call(expression)
    return NONE


def _unwrapped(expression: Any) -> Any:
    while isinstance(expression, promql.ParenExpr | promql.UnaryExpr):
        expression = expression.expr
    return expression


def _of_aggregation(expression: promql.AggregateExpr) -> Labels:
    inside = kept_labels(expression.expr)
    operation, modifier = str(expression.op), expression.modifier
    if operation in _KEEPING_AGGREGATIONS:
        return inside
    labels = frozenset(modifier.labels) if modifier else frozenset()
    outside = (
        inside.without(labels) if modifier and modifier.type == promql.AggModifierType.Without else inside.only(labels)
    )
    if operation == "count_values" and expression.param is not None:
        return outside.plus(frozenset({expression.param.val}))
    return outside


def _of_operation(expression: promql.BinaryExpr) -> Labels:
    left, right = _unwrapped(expression.lhs), _unwrapped(expression.rhs)
    if _is_scalar(left):
        return kept_labels(right)
    if _is_scalar(right):
        return kept_labels(left)
    operation, modifier = str(expression.op), expression.modifier
    if operation == "or":
        return kept_labels(left).common(kept_labels(right))
    if operation in ("and", "unless") or modifier is None:
        return kept_labels(left)
    return _matched(kept_labels(left), kept_labels(right), modifier)


def _matched(left: Labels, right: Labels, modifier: promql.BinModifier) -> Labels:
    include = frozenset(modifier.group_labels or ())
    if modifier.card == promql.VectorMatchCardinality.ManyToOne:
        return left.plus(include)
    if modifier.card == promql.VectorMatchCardinality.OneToMany:
        return right.plus(include)
    if modifier.matching is None:
        return left
    labels = frozenset(modifier.matching.labels)
    on = modifier.matching.type == promql.LabelModifierType.Include
    return left.only(labels) if on else left.without(labels)


def _of_call(expression: promql.Call) -> Labels:
    name, arguments = expression.func.name, expression.args
    if name in ("absent", "absent_over_time"):
        return _of_absent(_unwrapped(arguments[0]))
    vectors = [argument for argument in arguments if not _is_scalar(_unwrapped(argument)) and not _is_text(argument)]
    if name == "vector" or not vectors:
        return NONE
    inside = kept_labels(vectors[0])
    if name in ("label_replace", "label_join"):
        return inside.plus(frozenset({arguments[1].val}))
    return inside.without(frozenset({"le"})) if name == "histogram_quantile" else inside


def _of_absent(argument: Any) -> Labels:
    inner = argument.vector_selector if isinstance(argument, promql.MatrixSelector) else argument
    if not isinstance(inner, promql.VectorSelector):
        return NONE
    equal = (matcher.name for matcher in inner.matchers.matchers if matcher.op == promql.MatchOp.Equal)
    return Labels(frozenset(equal))


def _is_scalar(expression: Any) -> bool:
    if isinstance(expression, promql.NumberLiteral):
        return True
    if isinstance(expression, promql.Call):
        return bool(expression.func.return_type == promql.ValueType.Scalar)
    if isinstance(expression, promql.BinaryExpr):
        return _is_scalar(_unwrapped(expression.lhs)) and _is_scalar(_unwrapped(expression.rhs))
    return False


def _is_text(expression: Any) -> bool:
    return isinstance(_unwrapped(expression), promql.StringLiteral)
