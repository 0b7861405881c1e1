"""Scenarios of feature flags: the flip ends the incident; it does not help; a person puts the flag back."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e import workloads
from tests.e2e.controlplane import Json, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.harness.flags import FlagInCluster
from tests.e2e.test_scenario_approval import let_in, person
from tests.e2e.traffic import Traffic

GOOD, BAD = "shop/cart:1.9", "shop/cart:1.10-err20"
FLAG, CART = "featureflags/shop", "deployments/cart"


@alongside
def test_the_flip_of_a_flag_ends_the_incident_without_a_deployment(
    shop: Shop, flag: FlagInCluster, flag_watcher: Daemon, traffic: Traffic, measured: Callable[[str], None]
) -> None:
    cart = released(shop, flag, flag_watcher, covered=True)
    decision = ended_by_flag(flag_watcher, cart)

    assert flag.state == "DISABLED"
    assert cart.image == BAD
    cart.serves(BAD)
    assert flag_watcher.writes(shop.namespace) == [FLAG]
    assert "watcher.dev/decision" not in cart.live["metadata"].get("annotations", {})
    steps = {each["rung"]: each for each in decision["rungs"]}
    assert steps["flag"]["taken"]
    assert (decision["rung"], decision["mode"]) == ("flag", "act")
    assert len(flag_watcher.decisions(cart)) == 1
    served = traffic.version(shop.namespace, BAD)
    assert served.first_bad_at is not None
    assert served.last_bad_at is not None
    assert served.last_bad_at < decision["restored_at"]
    measured(
        f"flag: decided {decision['decided_at'] - served.first_bad_at:.1f} s after the first bad request, last bad "
        f"request after {served.last_bad_at - served.first_bad_at:.1f} s, recovery proven after "
        f"{decision['restored_at'] - served.first_bad_at:.1f} s; no pod was replaced"
    )


@alongside
def test_a_flip_that_does_not_help_is_followed_by_the_undo(
    shop: Shop, flag: FlagInCluster, flag_watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = released(shop, flag, flag_watcher, covered=False)
    decision = flag_watcher.decides(cart, within=180.0, rung="undo", outcome="restored")

    cart.serves(GOOD)
    assert flag.state == "DISABLED", "it stays off: nobody knows whether that helped a little"
    first, *others = flag_watcher.writes(shop.namespace)
    assert first == FLAG
    assert others
    assert set(others) == {CART}
    steps = {each["rung"]: each for each in decision["rungs"]}
    assert steps["undo"]["taken"]
    measured(
        f"flag that does not help: undone and proven {decision['restored_at'] - decision['decided_at']:.1f} s after"
    )


@alongside
def test_a_person_puts_the_flag_back_unless_somebody_has_changed_it(
    shop: Shop, flag: FlagInCluster, flag_watcher: Daemon
) -> None:
    let_in(flag_watcher, "flag")
    cart = released(shop, flag, flag_watcher, covered=True)
    decision = ended_by_flag(flag_watcher, cart)

    flag.change(defaultVariant="off")
    refused = person(flag_watcher, "flags", "restore", decision["id"], "--reason", "mended in 1.11")
    assert refused.returncode == 1
    assert "somebody has changed it since it was looked at; it stands at DISABLED now" in refused.stderr
    assert flag.state == "DISABLED"
    flag.change(defaultVariant="on")

    told = person(flag_watcher, "flags", "restore", decision["id"], "--reason", "mended in 1.11")
    assert (told.returncode, told.stderr) == (0, "")
    assert f"{flag.name} was at DISABLED, and is at ENABLED now" in told.stdout
    assert flag.state == "ENABLED"
    again = person(flag_watcher, "flags", "restore", decision["id"], "--reason", "mended in 1.11")
    assert (again.returncode, "stands at ENABLED already" in again.stdout) == (0, True)
    kept = flag_watcher.get(f"decisions/{decision['id']}")["flag_restores"]
    assert [each["result"] for each in kept[1:]] == ["restored", "already"]
    assert {each["by"] for each in kept} == {"ada"}
    assert cart.image == BAD


def released(shop: Shop, flag: FlagInCluster, watcher: Daemon, *, covered: bool) -> Service:
    """A service with a good version known, and a bad one released that is tied to the flag."""
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1.8")
    watcher.start()
    cart.release(GOOD)
    watcher.passes(cart, GOOD)
    if covered:
        flag.covers(BAD)
    cart.release(BAD, flag.annotation)
    return cart


def ended_by_flag(watcher: Daemon, cart: Service) -> Json:
    """The decision that has ended the incident."""

    def ended() -> Json:
        return watcher.decides(cart, action="flag_off", outcome="restored")

    return eventually(ended, 180.0, "the flag has ended the incident")
