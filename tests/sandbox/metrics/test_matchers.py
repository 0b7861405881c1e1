from __future__ import annotations

import pytest
from promql_parser import VectorSelector

from watcher.sandbox.metrics.promql.evaluate import parse
from watcher.sandbox.metrics.promql.matchers import pattern, predicates
from watcher.sandbox.metrics.promql.values import CannotEvaluate
from watcher.sandbox.metrics.store import Predicate


@pytest.mark.parametrize(
    ("text", "fits", "misfits"),
    [
        ("cart|search", "cart", "cart2"),
        ("cart-.*", "cart-5b9-x1", "a-cart-1"),
        ("5..", "503", "5033"),
        ("(?i)get", "GET", "gets"),
        ("[a-z0-9]([-a-z0-9]*[a-z0-9])?", "cart-1", "cart-"),
        ("a\\.b", "a.b", "axb"),
        ("a{2,3}", "aaa", "aaaa"),
        ("\\d+", "12", "\N{ARABIC-INDIC DIGIT ONE}"),
        (".+", "two\nlines", ""),
        ("^a$", "a", "a\n"),
        ("[^/]+?(?:x|y)", "ax", "/x"),
        ("", "", "a"),
    ],
)
def test_patterns_are_anchored_on_both_ends(text: str, fits: str, misfits: str) -> None:
    assert pattern(text)(fits)
    assert not pattern(text)(misfits)


@pytest.mark.parametrize(
    "text",
    [
        "[[:alpha:]]",
        "a{,3}",
        "a++",
        "a*+",
        "a{2}+",
        "(?=x)",
        "\\bx",
        "\\pL",
        "(?P<n>a)",
        "a(?i)b",
        "[a&&b]",
        "(a)\\1",
        "[a--b]",
        ")",
        "(*)",
    ],
)
def test_what_python_reads_differently_is_refused(text: str) -> None:
    with pytest.raises(CannotEvaluate, match="the regular expression"):
        pattern(text)


def wanted(selector: str) -> list[tuple[str, Predicate]]:
    node = parse(selector)
    assert isinstance(node, VectorSelector)
    return predicates(node)


def matches(selector: str, **labels: str) -> bool:
    return all(predicate(labels.get(name, "")) for name, predicate in wanted(selector))


def test_an_absent_label_is_an_empty_one() -> None:
    assert matches('up{pod=""}', __name__="up")
    assert matches('up{pod=~"|cart"}', __name__="up")
    assert matches('up{pod!="cart"}', __name__="up")
    assert not matches('up{pod!~".*"}', __name__="up")


def test_names_are_labels() -> None:
    assert matches('{__name__=~"up|down"}', __name__="down")
    assert not matches("up", __name__="down")


def test_alternatives_between_matchers_are_refused() -> None:
    with pytest.raises(CannotEvaluate, match="`or` between matchers"):
        wanted('up{a="1" or b="2"}')
