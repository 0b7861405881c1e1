from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.measuring.spelling import near

MANY = [f"Deployment/team-{number % 50}/service-{number}" for number in range(10_000)]


def test_the_same_name_elsewhere_comes_first() -> None:
    known = ["Deployment/shop/card", "Rollout/pay/cart", "StatefulSet/shop/cart"]
    assert near("Deployment/shop/cart", known)[:2] == ["Rollout/pay/cart", "StatefulSet/shop/cart"]
    assert "Deployment/shop/card" in near("Deployment/shop/cart", known)


def test_a_slip_is_found_among_very_many() -> None:
    assert near("Deployment/team-7/servcie-4307", MANY)[0].endswith("service-4307")
    assert "Deployment/team-34/service-1234" in near("Deployment/team-34/srevice-1234", MANY)


def test_what_is_like_nothing_has_nothing_near() -> None:
    assert near("Rollout/x/zzzzzz", ["Deployment/shop/cart"]) == []
    assert near("Deployment/shop/cart", []) == []


@given(st.text(max_size=20), st.lists(st.text(max_size=20), max_size=80))
def test_at_the_most_five_and_each_once(wanted: str, known: list[str]) -> None:
    found = near(wanted, known)
    assert len(found) <= 5
    assert len(set(found)) == len(found)
    assert set(found) <= set(known)
