"""What a hold is on, whether it is in force, and how it reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Workload
from watcher.core.words import Kind

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
NAMES = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
WORKLOADS = st.builds(Workload, st.sampled_from(Kind), NAMES, NAMES)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("all", True),
        ("namespace/shop", True),
        ("namespace/shop-2", False),
        ("Deployment/shop/cart", True),
        ("Deployment/shop/cart-2", False),
        ("StatefulSet/shop/cart", False),
    ],
)
def test_a_scope_covers_what_it_names(text: str, covered: bool) -> None:
    assert Scope.parse(text).covers(CART) is covered
    assert str(Scope.parse(text)) == text


@given(WORKLOADS)
def test_every_workload_and_its_namespace_can_be_named(workload: Workload) -> None:
    assert Scope.parse(str(workload)) == Scope(workload.namespace, workload)
    assert Scope.parse(f"namespace/{workload.namespace}").covers(workload)


@pytest.mark.parametrize("text", ["", "shop", "namespace/", "namespace", "Pod/shop/cart", "Deployment/shop", "a/b/c/d"])
def test_what_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names|is not a kind"):
        Scope.parse(text)


def test_a_hold_is_in_force_until_it_ends() -> None:
    assert Hold("all", "x").in_force(1e12)
    assert Hold("all", "x", until=10.0).in_force(9.9)
    assert not Hold("all", "x", until=10.0).in_force(10.0)


@pytest.mark.parametrize(
    ("hold", "text"),
    [
        (Hold("all", "fire drill"), "fire drill (held over HTTP: all)"),
        (
            Hold("all", "fire drill", where="ConfigMap watcher/watcher-hold"),
            "fire drill (ConfigMap watcher/watcher-hold)",
        ),
        (
            Hold("namespace/shop", "stocktaking", "ada", 1.0, 86400.0, "annotation"),
            "stocktaking (annotation, by ada, until 1970-01-02 00:00:00Z)",
        ),
    ],
)
def test_a_hold_says_why_whose_it_is_and_until_when(hold: Hold, text: str) -> None:
    assert hold.text == text
