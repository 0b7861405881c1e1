"""Adds a source's `scope` to each selector of a query, so that a global store does not sum several clusters.

The text is changed in place rather than printed from a syntax tree: what the user wrote stays what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from watcher.adapters.prometheus.selectors import quoted
from watcher.ports import Rejected

Scope = tuple[tuple[str, str], ...]

_TOKEN = re.compile(
    r"""(?P<skip>\s+|\#[^\n]*)
    |(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
    |(?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<number>[0-9.][0-9A-Za-z.]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_LABEL_LISTS = frozenset({"by", "without", "on", "ignoring", "group_left", "group_right"})
_WORDS = _LABEL_LISTS | {"and", "or", "unless", "atan2", "bool", "offset", "inf", "nan"}


def scoped(query: str, scope: Scope) -> str:
    """The same query with equality matchers added to each selector.

    Raises Rejected for a query in which not every selector was found.
    """
    if not scope:
        return query
    text = spliced(query, scope)
    missed = next(_unscoped(text, scope), None)
    if missed is not None:
        raise Rejected(f"the source's `scope` cannot be added to query {query[:200]!r}: {missed}")
    return text


def spliced(query: str, scope: Scope) -> str:
    """As `scoped`, for a query that is known to be well formed."""
    if not scope:
        return query
    matchers = ",".join(f"{name}={quoted(value)}" for name, value in scope)
    tokens = [(match.lastgroup, match.group(), match.start()) for match in _TOKEN.finditer(query)]
    tokens = [each for each in tokens if each[0] != "skip"]
    parts, done = [], 0
    for place, text in _insertions(tokens, matchers):
        parts += [query[done:place], text]
        done = place
    return "".join([*parts, query[done:]])


def _insertions(tokens: list[tuple[str | None, str, int]], matchers: str) -> Iterator[tuple[int, str]]:
    """Where in the text what is to be inserted."""
    closing = ""  # of the braces, brackets or label list that we are in
    for index, (kind, text, start) in enumerate(tokens):
        after = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        if closing:
            closing = "" if kind == "other" and text == closing else closing
        elif text == "{":
            yield start + 1, matchers if after == "}" else f"{matchers},"
            closing = "}"
        elif text == "[":
            closing = "]"
        elif kind == "name" and text.lower() in _LABEL_LISTS and after == "(":
            closing = ")"
        elif kind == "name" and _is_metric(text, after):
            yield start + len(text), f"{{{matchers}}}"


def _is_metric(text: str, after: str) -> bool:
    return text.lower() not in _WORDS and after not in {"(", "{"} and after.lower() not in {"by", "without"}


def _unscoped(text: str, scope: Scope) -> Iterator[str]:
    """Selectors that a parser sees without the scope, or why it sees none."""
    import promql_parser  # noqa: PLC0415 - only where a scope is configured

    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        yield str(error)
        return
    found: list[promql_parser.VectorSelector] = []
    promql_parser.walk(
        tree, lambda each: found.append(each) if isinstance(each, promql_parser.VectorSelector) else None
    )
    for each in found:
        matchers = {
            (matcher.name, matcher.value)
            for matcher in each.matchers.matchers
            if matcher.op == promql_parser.MatchOp.Equal
        }
        if not matchers.issuperset(scope) or each.matchers.or_matchers:
            yield f"selector {each} has no place for it"
