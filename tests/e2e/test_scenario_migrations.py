"""Scenarios of database migrations: what the notes between two versions say decides whether a bad one is undone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import yaml

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.controlplane.commands import LOG
from tests.e2e.controlplane.credentials import NAMESPACE
from tests.e2e.harness import Daemon, Service, Shop, alongside, thresholds

GOOD = "shop/cart:2"
NOTES = "watcher.dev/migrations"


@alongside
def test_a_bad_release_with_a_safe_migration_is_undone_even_where_notes_are_required(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = good_release(shop, watcher, prometheus, migrations="required")
    keep_notes(shop, "cart-3", note("3-add-index", "safe"))
    cart.release("shop/cart:3-err20", {NOTES: "cart-3"})
    decision = watcher.restores(cart)
    cart.serves(GOOD)
    assert [each["name"] for each in decision["migrations"]["notes"]] == ["3-add-index"]
    assert jobs(shop) == []


@alongside
def test_a_bad_release_with_an_unsafe_migration_is_not_undone_and_people_are_told_to_roll_forward(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = good_release(shop, watcher, prometheus)
    keep_notes(shop, "cart-3", note("3-drop-price", "unsafe"), note("2-add-index", "safe"))
    cart.release("shop/cart:4-err20", {NOTES: "cart-3"})
    decision = watcher.decides(cart, action="roll_forward")
    assert "migration 3-drop-price is unsafe to go back over, says ann" in decision["reason"]
    assert f"1.yaml in ConfigMap {shop.namespace}/cart-3" not in decision["reason"]
    told(cart, "RollForward")
    nothing_is_done(cart, shop, watcher)

    keep_notes(shop, "cart-3", note("3-drop-price", "safe"))  # a reviewer has looked again
    watcher.restores(cart)
    cart.serves(GOOD)


@alongside
def test_a_bad_release_without_a_note_is_not_undone_where_notes_are_required(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = good_release(shop, watcher, prometheus, migrations="required")
    cart.release("shop/cart:5-err20", {"team": "shop"})  # it says nothing any more
    decision = watcher.decides(cart, action="roll_forward")
    assert "has no migration notes" in decision["reason"]
    told(cart, "RollForward")
    nothing_is_done(cart, shop, watcher)


@alongside
def test_a_down_migration_that_may_run_by_itself_runs_before_the_undo(
    control_plane: ControlPlane,
    shop: Shop,
    watcher: Daemon,
    prometheus: Prometheus,
    measured: Callable[[str], None],
) -> None:
    cart = good_release(shop, watcher, prometheus)
    let_migrate(control_plane, shop, "shop/migrate:1")
    keep_notes(shop, "cart-3", note("3-drop-price", "after-down", automatic=True, args=["downgrade", "base"]))
    cart.release("shop/cart:6-err20", {NOTES: "cart-3"})
    decision = watcher.restores(cart)
    cart.serves(GOOD)
    (job,) = jobs(shop)
    assert job["metadata"]["labels"]["watcher.dev/decision"] == decision["id"]
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["downgrade", "base"]
    assert [each["type"] for each in job["status"]["conditions"]][-1] == "Complete"
    (down,) = decision["downs"]
    assert (down["note"], down["job"], down["failed"]) == ("3-drop-price", job["metadata"]["name"], "")
    assert down["logs"].splitlines()[-1] == LOG.splitlines()[-1]
    assert written(watcher, shop)[:2] == ["jobs", "deployments"]
    undo = next(each for each in decision["rungs"] if each["rung"] == "undo")
    assert undo["at"] < down["ended_at"] < undo["at"] + undo["took_s"]
    measured(f"down migration: its Job was done {down['ended_at'] - down['ordered_at']:.1f} s after it was ordered")


@alongside
def test_a_down_migration_that_may_not_run_by_itself_runs_once_somebody_has_approved(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = good_release(shop, watcher, prometheus)
    let_migrate(control_plane, shop, "shop/migrate:1")
    keep_notes(shop, "cart-3", note("3-drop-price", "after-down"))
    cart.release("shop/cart:7-err20", {NOTES: "cart-3"})
    proposed = watcher.decides(cart, action="roll_back", mode="propose")
    nothing_is_done(cart, shop, watcher)
    by_annotation = proposed["waiting"]["approve"][1].split()
    control_plane.kubectl(*by_annotation[1:])
    decision = watcher.restores(cart)
    cart.serves(GOOD)
    (job,) = jobs(shop)
    assert job["metadata"]["labels"]["watcher.dev/decision"] == decision["id"]
    assert decision["approval"]["way"] == "annotation"


@alongside
def test_a_down_migration_that_fails_stops_the_way_back(
    control_plane: ControlPlane, shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    bad = "shop/cart:8-err20"
    cart = good_release(shop, watcher, prometheus)
    let_migrate(control_plane, shop, "shop/migrate:1-fails")
    keep_notes(shop, "cart-3", note("3-drop-price", "after-down", automatic=True))
    cart.release(bad, {NOTES: "cart-3"})
    decision = watcher.decides(cart, action="roll_back", outcome="failed")
    (down,) = decision["downs"]
    assert "BackoffLimitExceeded" in down["failed"]
    assert down["logs"].splitlines()[-1] == LOG.splitlines()[-1]
    told(cart, "RollbackFailed")
    assert cart.image == bad
    assert written(watcher, shop) == ["jobs"]
    assert len(jobs(shop)) == 1


def good_release(shop: Shop, watcher: Daemon, prometheus: Prometheus, **service: Any) -> Service:
    """A workload with a release that has passed; it says that it brings no migration."""
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    watcher.configure(thresholds(prometheus.url, shop.namespace, **service))
    watcher.start()
    cart.release(GOOD, {NOTES: "none"})
    watcher.passes(cart, GOOD)
    return cart


def note(name: str, safety: str, **down: Any) -> Json:
    """A note of ann's."""
    found = {
        "name": name,
        "forward": f"db/{name}.py",
        "rollbackSafe": safety,
        "reason": "it was tried",
        "reviewer": "ann",
    }
    return found | ({"down": {"job": "cart-migrate-down", **down}} if safety == "after-down" else {})


def keep_notes(shop: Shop, name: str, *notes: Json) -> None:
    """A ConfigMap with these notes."""
    data = {f"{number}.yaml": yaml.safe_dump(each) for number, each in enumerate(notes)}
    metadata = {"namespace": shop.namespace, "name": name}
    shop.plane.admin.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def let_migrate(control_plane: ControlPlane, shop: Shop, image: str) -> None:
    """The CronJob that the notes name, and the documented role bound to the daemon's account in this namespace."""
    group = "rbac.authorization.k8s.io"
    pod = {"restartPolicy": "Never", "containers": [{"name": "migrate", "image": image}]}
    control_plane.admin.apply_all(
        [
            {
                "apiVersion": f"{group}/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "watcher-down", "namespace": shop.namespace},
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": "watcher-down"},
                "subjects": [{"kind": "ServiceAccount", "name": "watcher", "namespace": NAMESPACE}],
            },
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "cart-migrate-down", "namespace": shop.namespace},
                "spec": {
                    "schedule": "0 0 31 2 *",
                    "suspend": True,
                    "jobTemplate": {"spec": {"template": {"spec": pod}}},
                },
            },
        ]
    )


def jobs(shop: Shop) -> list[Json]:
    """The Jobs of the namespace."""
    return shop.plane.admin.items(shop.plane.admin.path("Job", shop.namespace, version="batch/v1"))


def written(watcher: Daemon, shop: Shop) -> list[str]:
    """What kinds of objects were written, in order."""
    return [path.split("/")[-2] for path in watcher.writes(shop.namespace)]


def told(cart: Service, reason: str) -> None:
    """Wait until an Event says so."""
    eventually(lambda: reason in [each["reason"] for each in cart.events], 30, f"an Event {reason} on {cart.workload}")


def nothing_is_done(cart: Service, shop: Shop, watcher: Daemon) -> None:
    """Nothing was written, and no Job was made."""
    assert watcher.writes(shop.namespace) == []
    assert jobs(shop) == []
    assert cart.image != GOOD
