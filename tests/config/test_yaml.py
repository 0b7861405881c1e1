"""What YAML allows and a thresholds file does not; and that no bytes get past the readers' errors."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.config.texts import GOOD, problems, spoilt
from watcher.config import ConfigError, loads
from watcher.config.yaml_tree import MAX_BYTES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1 the file is empty; start with: version: 1"),
        ("# nothing", "1:1 the file is empty; start with: version: 1"),
        ("- a", "1:1 the file must hold a mapping; start with: version: 1"),
        ("a:\n\tb: 1", "2:1 not valid YAML: found character '\\t' that cannot start any token; indent with spaces"),
        (
            "a: [1, 2\nb: 3",
            "2:2 not valid YAML: expected ',' or ']', but got ':'; mend the YAML syntax there or just before",
        ),
        ("a: b: c", "1:5 not valid YAML: mapping values are not allowed here; mend the YAML syntax"),
        ("a: 'x", "1:6 not valid YAML: found unexpected end of stream; mend"),
        ("a: 1\nb: \x01", "2:4 the character U+0001 is not allowed in YAML; remove it"),
        ('a: "\\UFFFFFFFF"', "1:1 not valid YAML: "),
        ("a: {}\n---\nb: {}", "3:1 a second YAML document begins here; keep one per file"),
        (f"a: {'[' * 40}{']' * 40}", "1:36 nested deeper than 32 levels; no setting needs that: flatten it"),
        (b"version: 1\nmode: \xff", "2:7 this byte is not UTF-8; save the file as UTF-8"),
        ("a" * (MAX_BYTES + 1), "1:1 the file is larger than 1024 KiB; use globs in match instead of one entry"),
    ],
)
def test_what_ends_the_reading(text: str | bytes, expected: str) -> None:
    told = problems(text)
    assert len(told) == 1
    assert told[0].startswith(expected)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (
            "version: 1\nversion: 1",
            "2:1 the key version is given twice: first in line 1, again in line 2; keep one of the",
        ),
        ("version: 1\non: act", '2:1 the key on is a boolean to YAML 1.1; write "on" in quotes'),
        (
            "version: 1\n<<: {mode: act}",
            "2:1 merge keys (<<) are not read here; write the keys out; entries of services",
        ),
        ("version: 1\n? [a]\n: b", "2:3 a key must be plain text; write key: value"),
        ("version: 1\nmode: !!int act", "2:7 the YAML tag tag:yaml.org,2002:int is not read here; remove it"),
        ("version: 1\nmode: *x", "2:7 the alias *x names nothing; set &x on a value above it"),
        ('version: 1\ncluster: "\\ud800"', "2:10 the text holds half a surrogate pair; write the character itself"),
    ],
)
def test_what_leaves_the_rest_readable(new: str, expected: str) -> None:
    told = problems(spoilt("version: 1", new).replace("max: 5%", "mxa: 5%"))
    assert told[0].startswith(expected)
    assert [line.split(" ", 1)[1] for line in told[1:]] == [
        "unknown key mxa in checks.latency; did you mean max?",
    ]


def test_scalars_are_read_as_yaml_1_2_reads_them() -> None:
    text = spoilt("version: 1", "version: 1\ncluster: 2024-01-02")
    assert loads(text).cluster == "2024-01-02"
    assert problems(spoilt("max: 1%", "max: 1%, minBad: 010"))[0].startswith(
        "5:77 minBad must be a whole number, not the text"
    )
    assert problems(spoilt("version: 1", "version: !!str 1"))[0].startswith("1:10 version cannot be 1")


def test_an_alias_stands_for_what_it_names() -> None:
    text = GOOD.replace("checks: {errors: {}, latency: {}}", "checks: &all {errors: {}, latency: {}}")
    loaded = loads(text + "  - match: {name: a}\n    checks: *all\n")
    assert loaded.spec.services is not None
    assert loaded.spec.services[0].checks == loaded.spec.services[1].checks


def test_aliases_that_expand_beyond_measure_are_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    assert problems("\n".join(lines)) == [
        "1:1 aliases expand to more than 200000 values; write out what the aliases stand for"
    ]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_rubbish_bytes_give_problems_and_nothing_else(rubbish: bytes) -> None:
    assert problems(rubbish)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_gives_problems(data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(len(GOOD), start + 20)))
    middle = data.draw(st.text(alphabet=st.sampled_from("ab1%x.:-{}[]&*!|>'\"\n \t#,~?"), max_size=12))
    try:
        loads(GOOD[:start] + middle + GOOD[end:])
    except ConfigError as error:
        told = error.problems
    else:
        told = ()
    assert all(problem.line >= 1 and problem.column >= 1 and problem.remedy for problem in told)


_SCALARS = st.one_of(
    st.sampled_from(["act", "none", "pod", "1%", "2x", "30s", "x", "5..", "((", "main"]), st.integers()
)
_KEYS = st.sampled_from(
    [
        *("version", "mode", "sources", "main", "url", "auth", "checks", "errors", "total", "bad", "code", "max"),
        *("query", "identify", "by", "workload", "histogram", "slowerThan", "services", "match", "namespace", "not"),
        *("bake", "for", "knownGood", "never", "breaker", "rungs", "require", "falseRollbacks", "labels", "x"),
    ]
)
_TREES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4), max_leaves=25
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(_KEYS, _TREES, max_size=6))
def test_any_shape_under_known_keys_is_read_or_gives_problems(tree: dict[str, object]) -> None:
    told = problems(repr(tree))
    assert len(told) == len(set(told))
