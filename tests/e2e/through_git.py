"""What scenarios of the way back through Git have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.e2e import workloads
from tests.e2e.controlplane import Commit, Json
from tests.e2e.harness import Application, Daemon, ShopInGit

FIRST, GOOD, BAD = (
    "shop/cart:1.8",
    "shop/cart:1.9",
    "shop/cart:1.10-err12",
)  # as many as are soon proven, and no case for haste
TRAILER = "Watcher-Decision: "


def with_a_good_version(
    shop: ShopInGit, daemon: Daemon, make: Callable[..., Json] = workloads.deployment, **spec: Any
) -> Application:
    """A service ``cart`` that syncs by itself, of which the daemon has seen ``GOOD`` pass."""
    cart = shop.deploy(make, "cart", FIRST, **spec)
    daemon.start()
    cart.release(GOOD)
    cart.refresh()
    if cart.service.manifest["kind"] == "Rollout":
        cart.service.promote()
    daemon.passes(cart.service, GOOD)
    return cart


def reverts(application: Application) -> list[Commit]:
    """The commits of the branch that are watcher's, newest first."""
    return [each for each in application.repository.log() if TRAILER in each.message]


def the_revert(application: Application, decision: Json) -> str:
    """The only revert that there is: of this decision, and what it says that Git holds."""
    (revert,) = reverts(application)
    assert f"{TRAILER}{decision['id']}" in revert.message
    assert decision["git"]["revision"] == revert.sha
    assert (decision["durability"], decision["remedy"]) == ("durable", "")
    return revert.sha


def rung(decision: Json, name: str) -> Json:
    """What a decision says of a rung."""
    found: Json = next(each for each in decision["rungs"] if each["rung"] == name)
    return found


def steps(decision: Json) -> str:
    """How long its rungs took, and how long it was until the recovery was proven; for people."""
    took = [f"{each['rung']} {each['took_s']:.1f} s" for each in decision["rungs"] if each["took_s"] is not None]
    return ", ".join([*took, f"proven {decision['restored_at'] - decision['decided_at']:.1f} s after the decision"])
