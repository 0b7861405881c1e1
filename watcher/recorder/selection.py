"""What of the metrics belongs into a recording: what the workload's checks read, and which labels they need."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

import promql_parser

from watcher.adapters.prometheus.selectors import filters, matcher, one_of, quoted, selector
from watcher.core.measuring.presence import STARTED, UP
from watcher.core.measuring.series import OPERATOR_LABELS, SCRAPE_LABELS
from watcher.core.model import Workload
from watcher.core.policy import By, CounterCheck, HistogramCheck, Identify, Policy, QueryCheck
from watcher.daemon.folds import label_values
from watcher.ports import Rejected

LEAD = 3600.0
"""Seconds before the recording's start from which on samples are read: what was usual before a release."""

LOOK_BACK = 300.0
"""Seconds for which PromQL takes a sample for the present one."""

_OPERATORS = (
    (promql_parser.MatchOp.Equal, "="),
    (promql_parser.MatchOp.NotEqual, "!="),
    (promql_parser.MatchOp.Re, "=~"),
    (promql_parser.MatchOp.NotRe, "!~"),
)
_ALWAYS = frozenset({"__name__", "le", "namespace", "pod", "container"})
_NAMELESS = frozenset({"tenant_id"})


@dataclass(frozen=True, slots=True)
class Selection:
    """Series of one source, from `lead` seconds before the recording's start on."""

    source: str
    selector: str
    lead: float = LEAD


Bounds = Callable[[HistogramCheck, str], Sequence[str]]
"""How the buckets that a check needs write their bounds, among those that a selector has."""


def selections(policy: Policy, workload: Workload, pods: Sequence[str], bounds: Bounds) -> list[Selection]:
    """What is read for this policy; `pods` are patterns of the names of its pods.

    Raises Rejected for a check that a recording cannot hold.
    """
    found: list[Selection] = []
    for check in policy.checks:
        if isinstance(check, QueryCheck):
            found += _of_query(check)
            continue
        if check.identify.join:
            what = f"the check {check.name} is joined by {check.identify.join}, which a recording cannot hold yet"
            raise Rejected(f"{what}; take it away from {workload} in the thresholds file that is given to record")
        found += _presence(check.source, workload, pods)
        for metric in _metrics(check):
            for whose in _whose(check.identify, workload, pods):
                matchers = [*whose, *filters(check.only, check.exclude)]
                found.append(Selection(check.source, _bounded(check, metric, matchers, bounds)))
    return list(dict.fromkeys(found))


def _presence(source: str, workload: Workload, pods: Sequence[str]) -> Iterator[Selection]:
    for whose in _whose(Identify(), workload, pods):
        yield Selection(source, selector("", one_of("__name__", (UP, STARTED)), *whose))


def _metrics(check: CounterCheck) -> Iterator[str]:
    if isinstance(check, HistogramCheck):
        yield f"{check.histogram}_bucket"
    else:
        yield from filter(None, (check.total, check.errors))


def _whose(identify: Identify, workload: Workload, pods: Sequence[str]) -> Iterator[list[str]]:
    """Matchers for the workload's series, as the daemon finds them."""
    if identify.by is By.FIXED:
        yield []
        return
    within = [f"{identify.namespace}={quoted(workload.namespace)}"] if identify.namespace else []
    if identify.by is not By.POD:
        yield [*within, one_of(identify.workload, label_values(identify, workload.name))]
        return
    for pattern in pods:
        yield [*within, matcher(identify.pod, pattern)]


def _bounded(check: CounterCheck, metric: str, whose: list[str], bounds: Bounds) -> str:
    if not isinstance(check, HistogramCheck):
        return selector(metric, *whose)
    spelled = bounds(check, selector(metric, *whose))
    return selector(metric, *whose, *([one_of("le", sorted(spelled))] if spelled else []))


def needed_bounds(check: HistogramCheck, spelled: Sequence[str]) -> list[str]:
    """Of the bounds of a histogram the check's and the infinite one; all of them where the check's is not there."""
    numbers = {text: _number(text) for text in spelled}
    if check.bound not in numbers.values():
        return list(spelled)
    return [text for text, number in numbers.items() if number in (check.bound, math.inf)]


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _of_query(check: QueryCheck) -> Iterator[Selection]:
    """Everything that a query selects, from as far back as it can look: nothing less gives the same value."""
    nodes = list(_nodes(check.query))
    spans: list[timedelta | None] = []
    for each in nodes:
        if isinstance(each, promql_parser.MatrixSelector):
            spans.append(each.range)
        elif isinstance(each, promql_parser.SubqueryExpr):
            spans += [each.range, each.offset]
        elif isinstance(each, promql_parser.VectorSelector):
            spans.append(each.offset)
    lead = max(LEAD, LOOK_BACK + sum(abs(each).total_seconds() for each in spans if each is not None))
    for each in nodes:
        if isinstance(each, promql_parser.VectorSelector):
            yield Selection(check.source, _text(each), lead)


def _nodes(query: str) -> Iterator[promql_parser.Expr]:
    found: list[promql_parser.Expr] = []

    def note(node: promql_parser.Expr) -> bool:
        found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(query), note)
    yield from found


def _text(node: promql_parser.VectorSelector) -> str:
    """The selector alone, without `offset` and `@`."""
    symbols = [next(text for operator, text in _OPERATORS if operator == each.op) for each in node.matchers.matchers]
    pairs = zip(node.matchers.matchers, symbols, strict=True)
    return selector(node.name or "", *(f"{each.name}{symbol}{quoted(each.value)}" for each, symbol in pairs))


def named_labels(policy: Policy) -> frozenset[str]:
    """Labels whose values mean something: to the judge, to a check of this policy, or to whoever reads the scrapes."""
    found = (_ALWAYS | SCRAPE_LABELS | OPERATOR_LABELS) - _NAMELESS
    for check in policy.checks:
        identify = check.identify
        found |= {identify.namespace, identify.subject, identify.version, identify.role}
        if isinstance(check, QueryCheck):
            found |= frozenset(label for node in _nodes(check.query) for label in _labels(node))
            continue
        found |= {label for label, _ in (*check.only, *check.exclude)}
        if not isinstance(check, HistogramCheck):
            found |= {label for alternative in check.bad for label, _ in alternative}
    return frozenset(found - {""})


def _labels(node: promql_parser.Expr) -> Iterator[str]:
    """Labels that a part of a query names; texts are taken for names of labels, as `label_replace` has them."""
    if isinstance(node, promql_parser.VectorSelector):
        yield from (each.name for each in node.matchers.matchers)
    elif isinstance(node, promql_parser.StringLiteral):
        yield node.val
    elif isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
        yield from node.modifier.labels
    elif isinstance(node, promql_parser.BinaryExpr) and node.modifier is not None:
        yield from node.modifier.group_labels or ()
        if node.modifier.matching is not None:
            yield from node.modifier.matching.labels
