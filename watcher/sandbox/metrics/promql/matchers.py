"""Label matchers.  Patterns are RE2 and fully anchored, as in Prometheus.

Python's `re` reads most of RE2 the same way.  The rest would silently mean something else (`[[:alpha:]]`, `{,3}`,
possessive quantifiers), so that only what is known to be equal is let through.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import promql_parser

from watcher.sandbox.metrics.promql.values import CannotEvaluate
from watcher.sandbox.metrics.store import NAME, Predicate

_ESCAPE = r"\\(?:[^A-Za-z0-9]|[dDwWtnr])"
_CLASS = rf"\[\^?(?:{_ESCAPE}|[^\\\[\]&~|-]|-(?!-))+\]"
_ONE = rf"(?:[^\\\[\](){{}}|*+?]|{_ESCAPE}|{_CLASS}|\))(?:(?:[*+?]|\{{\d+(?:,\d*)?\}})\??(?![*+?{{]))?"
_SAME_IN_BOTH = re.compile(rf"(?:\(\?i\))?(?:{_ONE}|\((?:\?:)?(?!\?)|\|)*", re.DOTALL)


@lru_cache(maxsize=1024)
def pattern(text: str) -> re.Pattern[str]:
    """The pattern, to be used with `fullmatch`.  Raises CannotEvaluate for what Python reads differently."""
    if not _SAME_IN_BOTH.fullmatch(text):
        raise CannotEvaluate.unknown(f"the regular expression {text!r}")
    try:
        return re.compile(text, re.ASCII | re.DOTALL)
    except re.error as error:
        raise CannotEvaluate.unknown(f"the regular expression {text!r} ({error})") from None


def _equal(value: str) -> Predicate:
    return lambda seen: seen == value


def _not_equal(value: str) -> Predicate:
    return lambda seen: seen != value


def _matches(value: str) -> Predicate:
    compiled = pattern(value)
    return lambda seen: compiled.fullmatch(seen) is not None


def _matches_not(value: str) -> Predicate:
    compiled = pattern(value)
    return lambda seen: compiled.fullmatch(seen) is None


_BY_OPERATOR: tuple[tuple[promql_parser.MatchOp, Callable[[str], Predicate]], ...] = (
    (promql_parser.MatchOp.Equal, _equal),
    (promql_parser.MatchOp.NotEqual, _not_equal),
    (promql_parser.MatchOp.Re, _matches),
    (promql_parser.MatchOp.NotRe, _matches_not),
)


def predicates(selector: promql_parser.VectorSelector) -> list[tuple[str, Predicate]]:
    """What a selector asks of labels, as (label name, predicate).  Raises CannotEvaluate."""
    if selector.matchers.or_matchers:
        raise CannotEvaluate.unknown("`or` between matchers")
    wanted = [(NAME, _equal(selector.name))] if selector.name else []
    for matcher in selector.matchers.matchers:
        build = next(build for operator, build in _BY_OPERATOR if operator == matcher.op)
        wanted.append((matcher.name, build(matcher.value)))
    return wanted
