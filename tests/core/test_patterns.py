"""Label patterns mean here what they mean in Prometheus, and never take long."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_core import SchemaError, SchemaValidator, core_schema

from watcher.core.measuring import patterns
from watcher.core.measuring.patterns import LONGEST_VALUE, PatternError, joined, predicate, refuse_slow

USUAL = [
    ("5..", "503", "5033"),
    (r"5\d\d", "500", "5\N{ARABIC-INDIC DIGIT ONE}0"),
    ("(5..|4..)", "404", "200"),
    ("/api/v[0-9]+/.*", "/api/v1/carts", "/api/vx/carts"),
    (".+", "two\nlines", ""),
    ("GET|POST", "POST", "POSTS"),
    ("(?i)error", "ERROR", "errors"),
    ("[^2].*", "500", "200"),
    ("Unavailable|Internal|DataLoss", "Internal", "internal"),
    ("app-.*-(canary|stable)", "app-a-b-canary", "app-canary"),
    ("^a$", "a", "a\n"),
    ("a$\n?", "a", "a\n"),
    (r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", "cart-1", "cart-"),
    (r"https?://[^/]+/[^/]+/[^/]+/.*", "https://a/b/c/", "https://a/b/"),
    (r"([0-9]{1,3}\.){3}[0-9]{1,3}", "10.0.0.1", "10.0.0"),
    (r"(?:[a-z]+\.)+svc", "cart.shop.svc", ".svc"),
    (".*timeout.*|.*refused.*", "connection refused by peer", "refuse"),
    (".*db.*(read|write).*", "the db cannot write", "cannot write"),
    ("", "", "a"),
]


@pytest.mark.parametrize(("pattern", "fits", "misfits"), USUAL)
def test_usual_patterns_are_taken_and_fully_anchored(pattern: str, fits: str, misfits: str) -> None:
    refuse_slow(pattern)
    assert predicate(pattern)(fits)
    assert not predicate(pattern)(misfits)


@pytest.mark.parametrize(
    "pattern",
    [
        *("[[:alpha:]]", "a{,3}", "a{02}", "a++", "a*+", "a{2}+", "(?=x)", r"\bx", r"\pL", r"\s", r"\x41", r"\Qa\E"),
        *("(?P<n>a)", "a(?i)b", "[a&&b]", "[a--b]", "[]a]", r"(a)\1", ")", "(*)", "(", "[b-a]", "a{1001}", "(?i)é"),
    ],
)
def test_what_the_two_read_differently_or_not_at_all_is_refused_with_a_remedy(pattern: str) -> None:
    with pytest.raises(PatternError) as caught:
        predicate(pattern)
    assert caught.value.what
    assert caught.value.remedy in str(caught.value)


EVIL = [
    *("(a+)+$", "(a|a)*", ".*.*.*.*=", "(a*)*b", "(a|aa)+$", "(.*a){12}", "(a|b)+", ".*.*[a-z]+=", "((a?)?)*="),
    *("a?" * 25 + "a" * 25, "(a?){30}a{30}", "(a{0,30}){0,30}b", "(.+)*.(a{0})", "[a-z]*[ab]*a*=", "5..|(a+)+"),
]


@pytest.mark.parametrize("pattern", EVIL)
def test_what_could_take_minutes_is_refused(pattern: str) -> None:
    predicate(pattern)
    with pytest.raises(PatternError, match=r"can take hours to match; write "):
        refuse_slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [*(pattern for pattern, _, _ in USUAL), ".*.*=", ".{1,9}.+[ab]+?a?", ".{0,99}[ab]{0,99}a*a", "(a*b)+c", "a?a?.*a="],
)
def test_what_is_taken_is_fast_on_the_worst_values(pattern: str) -> None:
    refuse_slow(pattern)
    fits = predicate(pattern)
    began = time.process_time()
    for value in ("a" * LONGEST_VALUE, "ab" * (LONGEST_VALUE // 2), "a" * (LONGEST_VALUE - 1) + "!"):
        fits(value)
    assert time.process_time() - began < 5.0  # some tenths of a second at the worst; the refused ones take hours


def test_a_longer_value_is_matched_by_nothing() -> None:
    assert predicate(".*")("a" * LONGEST_VALUE)
    assert not predicate(".*")("a" * (LONGEST_VALUE + 1))


PIECES = st.sampled_from(
    [
        *"ab5/-.^$()|*+?\n",
        "[a-c]",
        "[^a]",
        "[a-]",
        r"\d",
        r"\W",
        r"\.",
        "(?:",
        "(?i:",
        "(?i)",
        "*?",
        "{2}",
        "{1,3}",
        "{2,}",
    ]
)


@given(st.lists(PIECES, max_size=8).map("".join), st.lists(st.text("abAB5/-\n", max_size=6), max_size=12))
def test_patterns_match_as_in_an_engine_that_does_not_go_back(pattern: str, values: list[str]) -> None:
    """Rust's `regex` has RE2's syntax and semantics; `(?s:` and the anchors are those of Prometheus."""
    try:
        ours = predicate(pattern)
    except PatternError:
        assume(False)
    try:
        schema = core_schema.str_schema(pattern=rf"\A(?s:{pattern})\z", regex_engine="rust-regex")
        theirs = SchemaValidator(schema)
    except SchemaError:
        assume(False)
    assert [ours(value) for value in values] == [theirs.isinstance_python(value) for value in values]


def test_several_patterns_are_alternatives_of_which_each_keeps_its_case() -> None:
    fits = predicate(joined(("(?i)error", "Fatal", "5..")))
    assert [value for value in ("ERROR", "Fatal", "FATAL", "503", "50") if fits(value)] == ["ERROR", "Fatal", "503"]
    assert joined(("(?i)error",)) == "(?i)error"
    assert joined(("5..", "429")) == "5..|429"


def test_the_count_of_steps_stays_a_number_whatever_the_pattern() -> None:
    """Products of ways can leave the range of floats: that is too slow, not an error."""
    for pattern in ("((a?){999}){999}", "(((a|b){999}|c){999}|d){999}a{0}", "(a|b){999}(a|b){999}(a{0})*"):
        with pytest.raises(PatternError):
            refuse_slow(pattern)
    assert patterns.MOST_STEPS < 1e9
