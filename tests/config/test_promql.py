"""What an expression keeps of its series' labels, read off its syntax."""

from __future__ import annotations

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.config import promql


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("x", "abc"),
        ("rate(x[5m])", "abc"),
        ("-(x)", "abc"),
        ("sum(x)", ""),
        ("sum by (a) (x)", "a"),
        ("sum without (a) (x)", "bc"),
        ("sum by (a, b) (sum without (a) (x))", "b"),
        ("topk(3, x)", "abc"),
        ("topk by (a) (3, x)", "abc"),
        ('count_values("b", x)', "b"),
        ('count_values by (a) ("b", x)', "ab"),
        ("x > 5", "abc"),
        ("5 < x", "abc"),
        ("x / y", "abc"),
        ("x / on (a) y", "a"),
        ("x / ignoring (a) y", "bc"),
        ("x / on (a) group_left (b) sum by (a, b) (y)", "abc"),
        ("sum by (a) (x) * on (a) group_left (c) y", "ac"),
        ("sum by (a) (x) * on (a) group_right (c) y", "abc"),
        ("sum by (a) (x) and y", "a"),
        ("sum by (a) (x) unless on (a) y", "a"),
        ("sum by (a, b) (x) or sum by (b, c) (y)", "b"),
        ("sum without (a) (x) or sum without (b) (y)", "c"),
        ("sum by (a, b) (x) or y", "ab"),
        ("y or sum by (a, b) (x)", "ab"),
        ("vector(1)", ""),
        ("hour()", ""),
        ('absent(x{a="b", c=~"d"})', "a"),
        ('absent_over_time(x{b="b"}[5m])', "b"),
        ("absent(sum(x))", ""),
        ('label_replace(sum by (a) (x), "b", "$1", "a", "(.*)")', "ab"),
        ('label_replace(sum without (a) (x), "a", "$1", "b", "(.*)")', "abc"),
        ("histogram_quantile(0.9, sum by (le, a) (rate(x[5m])))", "a"),
        ("max_over_time(sum by (a) (x)[1h:1m])", "a"),
        ("clamp_max(sum by (b) (x), 5)", "b"),
    ],
)
def test_kept_labels(query: str, kept: str) -> None:
    labels = promql.kept_labels(promql.parse(query))
    assert "".join(label for label in "abc" if label in labels) == kept


def test_le_does_not_outlive_a_quantile() -> None:
    assert "le" not in promql.kept_labels(promql.parse("histogram_quantile(0.9, sum by (le, a) (x))"))


@pytest.mark.parametrize(
    "query", ["", "x[", "foo(x)", "(1 + 2)", "time()", "(x[5m])", '("a")', "-" * 200 + "x", "(" * 5000, "x" * 5000]
)
def test_what_gives_no_instant_vector(query: str) -> None:
    with pytest.raises(promql.PromqlError):
        promql.parse(query)


def test_operators_inside_texts_are_not_nesting() -> None:
    assert promql.parse(f'x{{a="{"-(" * 100}"}}')


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("5..", ""),
        ("5..|429", ""),
        ("", "it also matches series without the label"),
        (".*", "it also matches series without the label"),
        ("(", "illegal regex"),
        ("a" * 600, "it is longer than 512 characters"),
        ("[[:alpha:]]+", "it uses more of RE2 than is read alike everywhere"),
        ("(a+)+$", "a group that has repeats or alternatives is itself repeated"),
        ("(a|a)*b", "a group that has repeats or alternatives is itself repeated"),
        (".*.*.*.*=", "it has too many repeats"),
    ],
)
def test_patterns(pattern: str, problem: str) -> None:
    found = promql.pattern_problem(pattern)
    assert found.what.startswith(problem) if found is not None and problem else not problem and found is None


@given(st.text(max_size=30).filter(lambda text: "\x00" not in text))
def test_any_label_value_can_be_selected(value: str) -> None:
    selector = promql.selector("metric", {"a": value})
    parsed = promql_parser.parse(selector)
    assert isinstance(parsed, promql_parser.VectorSelector)
    assert parsed.matchers.matchers[0].value == value


def test_selectors_without_matchers_are_bare() -> None:
    assert promql.selector("metric", {}) == "metric"
    assert promql.selector("metric", {"a": "b"}, {"c": "d|e"}) == 'metric{a="b",c=~"d|e"}'
