"""Scenario 10: a person goes back during the incident; that is watched, and never undone."""

from __future__ import annotations

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.traffic import Traffic

FIRST, GOOD, BAD = "shop/cart:1", "shop/cart:2", "shop/cart:3-err20"
NEVER_READY, NOR_AT_FIRST = "shop/cart:3-neverready", "shop/cart:1-neverready"


@alongside
def test_a_rollback_by_a_person_is_watched_and_not_undone(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, traffic: Traffic
) -> None:
    cart = shop.add(workloads.deployment, "cart", FIRST)
    search = shop.add(workloads.deployment, "search", FIRST)
    stock = shop.add(workloads.deployment, "stock", NOR_AT_FIRST, progressDeadlineSeconds=8)
    for service in (cart, search):
        service.serves(FIRST)
    watcher.start()
    for service in (cart, search, stock):
        service.release(GOOD)
    for service in (cart, search, stock):
        watcher.passes(service, GOOD)

    # The hold is there so that the person is faster than the daemon, in every run.
    control_plane.kubectl("annotate", "namespace", shop.namespace, "watcher.dev/hold=a person is at it")
    cart.release(BAD)
    stock.release(NEVER_READY)
    for service in (cart, stock):
        watcher.decides(service, action="hold", guard="hold")
    undo(cart)
    undo(stock, "--to-revision=1")
    search.release(BAD)
    eventually(lambda: traffic.version(shop.namespace, BAD).first_bad_at, 60, "bad requests are served")
    watcher.watches(search, BAD)
    undo(search)
    control_plane.kubectl("annotate", "namespace", shop.namespace, "watcher.dev/hold-")

    passes_as_recovery(watcher, cart)
    passes_as_recovery(watcher, search)
    decision = watcher.decides(stock, action="hold", guard="recovery_release")
    assert newest(watcher, stock)["id"] == decision["release"]
    assert newest(watcher, stock)["verdict"] == "breach"
    for service in (cart, search):
        service.serves(GOOD)
    assert stock.image == NOR_AT_FIRST
    account = control_plane.users[watcher.user].username
    entries = control_plane.audit.entries(account, writes=True, namespace=shop.namespace)
    assert [entry.path for entry in entries if entry.resource == "deployments"] == []


def undo(service: Service, *more: str) -> None:
    """What a person types."""
    service.plane.kubectl("rollout", "undo", f"deployment/{service.name}", f"--namespace={service.namespace}", *more)


def newest(watcher: Daemon, service: Service) -> Json:
    return watcher.releases(service)[0]


def passes_as_recovery(watcher: Daemon, service: Service) -> None:
    def passed() -> bool:
        release = newest(watcher, service)
        assert release["never_undo"].startswith("recovery release"), release
        return bool(release["verdict"] == "pass")

    eventually(passed, 60, f"the release by which a person put {service.workload} back has passed")
    assert newest(watcher, service)["images"] == [GOOD]
    assert [each["action"] for each in watcher.decisions(service)] in ([], ["hold"])
