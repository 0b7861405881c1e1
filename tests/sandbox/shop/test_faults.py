from __future__ import annotations

import pytest

from watcher.sandbox.shop.faults import HEALTHY, Fault, Profile, fault_of


@pytest.mark.parametrize(
    ("tag", "fault"),
    [
        ("1.8.0", Fault()),
        ("1.9.0-err20", Fault(Profile(errors=0.2))),
        ("1.9.0-slow30", Fault(Profile(slow=0.3))),
        ("1.9.0-err100", Fault(Profile(errors=1.0))),
        ("1.9.0-err2.5", Fault(Profile(errors=0.025))),
        ("1.9.0-err5-slow30", Fault(Profile(errors=0.05, slow=0.3))),
        ("1.9.0-lateerr20@30", Fault(Profile(errors=0.2), after=30)),
        ("1.9.0-lateerr20_30", Fault(Profile(errors=0.2), after=30)),
        ("1.9.0-lateslow7@5", Fault(Profile(slow=0.07), after=5)),
        ("1.9.0-alpine-errata", Fault()),
        ("1.9.0-err200", Fault()),
        ("err20", Fault()),
    ],
)
def test_the_tag_says_what_is_wrong(tag: str, fault: Fault) -> None:
    assert fault_of(f"registry.example:5000/shop-err9/cart:{tag}") == fault


def test_an_image_without_a_tag_is_healthy() -> None:
    assert fault_of("registry.example:5000/cart-err20").profile == HEALTHY


def test_harm_is_what_goes_beyond_a_healthy_version() -> None:
    assert HEALTHY.harm == 0
    assert Profile(errors=0.2, slow=0.3).harm == 0.3
    assert Profile(errors=0.0005).harm == 0
