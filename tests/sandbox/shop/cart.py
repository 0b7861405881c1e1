"""Pods of one workload, for the tests of the shop."""

from __future__ import annotations

from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.sandbox.shop.pods import ShopPod

CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
GOOD = "shop/cart:1.8.0"
BAD = "shop/cart:1.9.0-err20"
T0 = 1_760_000_000.0


def pod(
    name: str,
    image: str = GOOD,
    *,
    ready: float | None = 0.0,
    started: float | None = -2.0,
    weight: float | None = None,
) -> ShopPod:
    """A pod of the cart; times are seconds after T0."""
    began, serves = (None if at is None else T0 + at for at in (started, ready))
    return ShopPod("shop", name, CART, "cart", image, began, serves, weight)
