"""Scenarios of a proven breach with no version to go back to that is what it was: held, and nothing is written."""

from __future__ import annotations

from tests.e2e import workloads
from tests.e2e.controlplane import ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Service, Shop, alongside
from tests.e2e.test_scenario_guards import BAD, GOOD, known_good
from tests.e2e.traffic import Traffic

AWAY = {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}


@alongside
def test_what_an_operator_owns_is_left_to_it(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    cart = known_good(shop, watcher, prometheus)
    owner = config_map(control_plane, shop.namespace, "events", {})
    reference = {key: owner[key] for key in ("apiVersion", "kind")} | {"name": "events", "controller": True}
    owned = {"metadata": {"ownerReferences": [reference | {"uid": owner["metadata"]["uid"]}]}}
    control_plane.admin.patch(cart.path, owned)
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="owned")
    assert "owned by ConfigMap/events" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []

    control_plane.admin.patch(cart.path, {"metadata": {"ownerReferences": []}})
    watcher.restores(cart)
    cart.serves(GOOD)


@alongside
def test_a_good_revision_that_the_cluster_keeps_no_more_is_no_target(
    shop: Shop, watcher: Daemon, prometheus: Prometheus
) -> None:
    cart = known_good(shop, watcher, prometheus, revisionHistoryLimit=0)
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="target_gone")
    assert "raise revisionHistoryLimit" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []


@alongside
def test_configuration_that_moved_since_is_put_back_by_a_person_first(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    config_map(control_plane, shop.namespace, "cart", {"pool": "10"})
    refers = workloads.pod_template("cart", "shop/cart:1")
    refers["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "cart"}}]
    cart = known_good(shop, watcher, prometheus, template=refers)
    config_map(control_plane, shop.namespace, "cart", {"pool": "500"})
    cart.release(BAD)
    held = watcher.decides(cart, action="hold", guard="config_moved")
    assert "ConfigMap/cart changed since revision" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []

    config_map(control_plane, shop.namespace, "cart", {"pool": "10"})
    watcher.restores(cart, within=120)
    cart.serves(GOOD)


@alongside
def test_a_restart_has_no_version_before_it(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, traffic: Traffic, prometheus: Prometheus
) -> None:
    fragile = "shop/cart:2-err20-after9999"
    cart = known_good(shop, watcher, prometheus, image=fragile)
    control_plane.kubectl("rollout", "restart", "deployment/cart", f"--namespace={shop.namespace}")
    eventually(lambda: watcher.releases(cart)[0]["change"] == "restart", 60, "the restart is seen")
    cart.serves(fragile)
    traffic.breaks(shop.namespace, fragile)
    held = watcher.decides(cart, action="hold", guard="restart")
    assert "only a restart" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []


@alongside
def test_a_tag_that_names_another_image_now_is_no_target(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    """The kubelet is simulated, so that the registry's new image is written into the status of the new pods."""
    cart = known_good(shop, watcher, prometheus)
    cart.manifest["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "FAULT", "value": "err20"}]
    cart.apply()
    cart.serves(GOOD)
    for pod in cart.pods:
        (status,) = pod["status"]["containerStatuses"]
        of_pod(control_plane, pod, status | {"imageID": f"shop/cart@sha256:{'b' * 64}"})
    held = watcher.decides(cart, action="hold", guard="mutable_tag")
    assert f"tag {GOOD} names another image now" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []


@alongside
def test_an_image_that_cannot_be_pulled_any_more_is_no_target(
    shop: Shop, watcher: Daemon, control_plane: ControlPlane, prometheus: Prometheus
) -> None:
    """The kubelet is simulated, so that a pod of the good version waits for its image because its status says so."""
    cart = known_good(shop, watcher, prometheus)
    cart.manifest["spec"]["minReadySeconds"] = 500  # pods of both versions stand beside one another
    cart.release(BAD)
    eventually(lambda: bad_pods(cart), 30, "there is a pod of the bad version")
    pod = next(each for each in cart.pods if each["spec"]["containers"][0]["image"] == GOOD)
    (status,) = pod["status"]["containerStatuses"]
    of_pod(control_plane, pod, status | {"ready": False, "state": AWAY})
    held = watcher.decides(cart, action="hold", guard="image_not_pullable")
    assert f"pod {pod['metadata']['name']} is in ImagePullBackOff" in held["guard"]["reason"]
    assert watcher.writes(shop.namespace) == []

    of_pod(control_plane, pod, status)
    watcher.decides(cart, action="roll_back", mode="act")
    eventually(lambda: cart.image == GOOD, 60, "the good version is asked for again")


def config_map(plane: ControlPlane, namespace: str, name: str, data: dict[str, str]) -> Json:
    """Write a ConfigMap; as the API server has it then."""
    manifest: Json = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"namespace": namespace, "name": name},
        "data": data,
    }
    return plane.admin.apply(manifest)


def bad_pods(cart: Service) -> list[Json]:
    """Its pods of the bad version that are Ready."""
    found = [pod for pod in cart.pods if pod["spec"]["containers"][0]["image"] == BAD]
    return [pod for pod in found if pod["status"].get("phase") == "Running"]


def of_pod(plane: ControlPlane, pod: Json, status: Json) -> None:
    """What the kubelet says of the only container of a pod."""
    ready = [{"type": kind, "status": str(status["ready"])} for kind in ("Ready", "ContainersReady")]
    path = plane.admin.path("Pod", pod["metadata"]["namespace"], pod["metadata"]["name"], version="v1")
    plane.admin.patch(f"{path}/status", {"status": {"containerStatuses": [status]}})
    plane.admin.patch(f"{path}/status", {"status": {"conditions": ready}}, "strategic")
