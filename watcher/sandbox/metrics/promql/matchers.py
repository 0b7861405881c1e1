"""Label matchers.  Patterns are RE2 and fully anchored, as in Prometheus.

What Python's `re` would read differently, or take too long for, is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import promql_parser

from watcher.core.measuring import patterns
from watcher.sandbox.metrics.promql.values import CannotEvaluate
from watcher.sandbox.metrics.store import NAME, Predicate


@lru_cache(maxsize=1024)
def pattern(text: str) -> Predicate:
    """Whether a whole value matches.  Raises CannotEvaluate."""
    try:
        fits = patterns.predicate(text)
        patterns.refuse_slow(text)
    except patterns.PatternError as error:
        raise CannotEvaluate.unknown(f"the regular expression {text!r} ({error})") from None
    return fits


@lru_cache(maxsize=1024)
def _equal(value: str) -> Predicate:
    return lambda seen: seen == value


@lru_cache(maxsize=1024)
def _not_equal(value: str) -> Predicate:
    return lambda seen: seen != value


@lru_cache(maxsize=1024)
def _matches_not(value: str) -> Predicate:
    fits = pattern(value)
    return lambda seen: not fits(seen)


_BY_OPERATOR: tuple[tuple[promql_parser.MatchOp, Callable[[str], Predicate]], ...] = (
    (promql_parser.MatchOp.Equal, _equal),
    (promql_parser.MatchOp.NotEqual, _not_equal),
    (promql_parser.MatchOp.Re, pattern),
    (promql_parser.MatchOp.NotRe, _matches_not),
)


def predicates(selector: promql_parser.VectorSelector) -> list[tuple[str, Predicate]]:
    """What a selector asks of labels, as (label name, predicate), equal for equal matchers.  Raises CannotEvaluate."""
    if selector.matchers.or_matchers:
        raise CannotEvaluate.unknown("`or` between matchers")
    wanted = [(NAME, _equal(selector.name))] if selector.name else []
    for matcher in selector.matchers.matchers:
        build = next(build for operator, build in _BY_OPERATOR if operator == matcher.op)
        wanted.append((matcher.name, build(matcher.value)))
    return wanted
