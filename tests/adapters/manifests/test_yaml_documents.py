"""YAML of others: read as plain values, and never at more cost than it is worth."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from watcher.adapters.manifests.yaml_documents import DEEPEST, LARGEST, Unreadable, YamlReader

LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
MERGED_LAUGHS = "a0: &a0 {x: y}\n" + "".join(
    f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


def read(text: str) -> list[Any]:
    return YamlReader().documents(text.encode())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\n---\n---\nb: [true, null, 1.5, '1', text]", [{"a": 1}, {"b": [True, None, 1.5, "1", "text"]}]),
        ("", []),
        ("# nothing\n---\n", []),
        ('{"a": {"b": [1]}}', [{"a": {"b": [1]}}]),
        ("at: 2026-11-30", [{"at": "2026-11-30"}]),
        ("80: http", [{"80": "http"}]),
        ("!!str 1", ["1"]),
        ("!!python/object/apply:os.system [true]", [[True]]),
        ("a: &a {x: 1}\nb: *a", [{"a": {"x": 1}, "b": {"x": 1}}]),
        ("a: &a {x: 1, y: 1}\nb: {<<: *a, y: 2}", [{"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}}]),
        ("\ufeffa: b", [{"a": "b"}]),
        (f"a: {'9' * 5000}", [{"a": "9" * 5000}]),
    ],
)
def test_plain_values_are_read(text: str, expected: list[Any]) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", "no valid YAML in line"),
        ("a: b: c", "no valid YAML in line 1"),
        ("a: *b", "the alias .b names nothing"),
        ("a: &a [*a]", "the alias .a names nothing"),
        ("a: &a 1\n---\nb: *a", "the alias .a names nothing"),
        ("[a]: b", "a key is no text"),
        ("[" * 200 + "]" * 200, f"nested deeper than {DEEPEST}"),
        ("[" * 200_000, "no valid YAML|nested deeper"),
        (LAUGHS, "too many values"),
        (MERGED_LAUGHS, "too many values"),
        ('"\\UFFFFFFFF"', "no valid YAML"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, reason: str) -> None:
    begun = time.process_time()
    with pytest.raises(Unreadable, match=reason):
        read(text)
    assert time.process_time() - begun < 10


def test_bytes_that_are_no_text_are_told() -> None:
    with pytest.raises(Unreadable, match="UnicodeDecodeError"):
        YamlReader().documents(b"a: \xff")


def test_too_large_a_text_is_not_looked_at() -> None:
    with pytest.raises(Unreadable, match="more than 16 MiB"):
        YamlReader().documents(b" " * (LARGEST + 1))


def test_texts_share_their_bound() -> None:
    reader = YamlReader(5)
    assert reader.documents(b"[1, 2]") == [[1, 2]]
    with pytest.raises(Unreadable, match="too many values"):
        reader.documents(b"[1, 2]")


TEXT = st.text(st.characters(blacklist_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
)


@given(VALUES)
def test_what_was_written_is_read(value: Any) -> None:
    written = yaml.safe_dump(value, allow_unicode=False)
    assert json.dumps(read(written), sort_keys=True) == json.dumps([] if value is None else [value], sort_keys=True)
