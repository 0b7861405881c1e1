"""What references within a repository name, and never anything outside of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.keepers.paths import covered, generate_paths, joined, outermost, within

PARTS = st.sampled_from(["a", "b", "a.yaml", ".", "..", ""])
REFERENCES = st.lists(PARTS, max_size=6).map("/".join)
PATHS = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("directory", "reference", "expected"),
    [
        ("apps/cart", "../../base", "base"),
        ("apps/cart", ".", "apps/cart"),
        ("apps/cart", "", "apps/cart"),
        ("apps/cart", "./values.yaml", "apps/cart/values.yaml"),
        ("apps/cart", "/values.yaml", "values.yaml"),
        ("apps/cart", "../..", ""),
        ("", "apps//cart/", "apps/cart"),
        ("", ".", ""),
        ("", "/", ""),
        ("apps/cart", "../../..", None),
        ("apps/cart", "../../../base", None),
        ("", "..", None),
        ("", "/../base", None),
        ("", "..base", "..base"),
    ],
)
def test_a_reference_counts_from_its_directory_or_from_the_root(
    directory: str, reference: str, expected: str | None
) -> None:
    assert joined(directory, reference) == expected


@given(PATHS, REFERENCES)
def test_what_is_named_lies_in_the_repository_and_names_itself(directory: str, reference: str) -> None:
    path = joined(directory, reference)
    if path is not None:
        assert not path.startswith("/")
        assert not {"", ".", ".."} & set(path.split("/")) or path == ""
        assert joined("", path) == path


@given(st.lists(PATHS, max_size=6))
def test_the_outermost_paths_cover_all_and_none_covers_another(paths: list[str]) -> None:
    outer = outermost(paths)
    assert outer == outermost(reversed(paths))
    assert all(any(within(path, each) for each in outer) for path in paths)
    assert not any(within(one, other) for one in outer for other in outer if one != other)


@given(PATHS, st.frozensets(PATHS, max_size=4))
def test_covered_is_within_any(path: str, places: frozenset[str]) -> None:
    assert covered(path, places) == any(within(path, each) for each in places)


def test_a_name_that_begins_alike_is_another_place() -> None:
    assert within("apps/cart/a.yaml", "apps/cart")
    assert not within("apps/cart-2/a.yaml", "apps/cart")
    assert outermost(["apps/cart", "apps/cart-2", "apps/cart/base"]) == ("apps/cart", "apps/cart-2")


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (".", ("apps/cart",)),
        ("/shared", ("shared",)),
        (".;../shared", ("apps/cart", "apps/shared")),
        (" . ; /shared ;;", ("apps/cart", "shared")),
        ("/apps;.", ("apps",)),
        ("/shared/*-secret.yaml", ("shared",)),
        ("/*.yaml", ("",)),
        ("*.yaml", ("apps/cart",)),
        ("../../..", ()),
        ("", ()),
    ],
)
def test_paths_of_the_annotation(annotation: str, expected: tuple[str, ...]) -> None:
    assert generate_paths(annotation, "apps/cart") == expected
