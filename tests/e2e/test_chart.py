"""The chart on the real API server: what is rendered is accepted, and enough for the daemon, and no more.

The daemon runs as a process with a token of the rendered ServiceAccount, the rendered settings and thresholds; only its
paths and its port are its own.
"""

from __future__ import annotations

import copy
from datetime import UTC, datetime

import pytest

from tests.chart.variants import CHART, VARIANTS
from tests.e2e import workloads
from tests.e2e.controlplane import ApiError, AuditEntry, ControlPlane, Json, Prometheus, eventually
from tests.e2e.harness import Daemon, Installed, Service, Shop, alongside, thresholds

GOOD, BAD = "shop/cart:2", "shop/cart:3-err20"
LOOKED_FOR = {"canaries", "analysistemplates", "clusteranalysistemplates"}  # by the preflight, which does without
CONTROL_PLANES = {"argocd", "flux-system"}  # which an install in some namespaces may read with controlPlanes.roles only
ASKING = {("create", "selfsubjectaccessreviews"), ("create", "selfsubjectreviews")}


def installed_so(installed: Installed, pod: Daemon, values: Json) -> None:
    """Install it with these values, and let the daemon be ready."""
    installed.render(values)
    installed.apply()
    the_pod_is_admitted(installed)
    installed.equip(pod)
    pod.start()


def the_pod_is_admitted(installed: Installed) -> None:
    """By Pod Security "restricted": the controller's own, and one that is asked for; not one that is less careful."""
    admin, deployment = installed.plane.admin, installed.one("Deployment")
    path = admin.path("Pod", installed.name, version="v1")
    eventually(lambda: admin.items(path), 30, f"the Deployment {installed.name} has its pod")
    template = deployment["spec"]["template"]
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "twin", **template["metadata"]}} | {
        "spec": template["spec"]
    }
    admin.request("POST", path, body=body, dryRun="All")
    careless = copy.deepcopy(body)
    del careless["spec"]["containers"][0]["securityContext"]
    with pytest.raises(ApiError, match="violates PodSecurity"):
        admin.request("POST", path, body=careless, dryRun="All")


def goes_bad(shop: Shop, pod: Daemon, *services: Service) -> None:
    """A release of each that passes, and then one that does not."""
    for service in services:
        service.release(GOOD)
        if service.manifest["kind"] == "Rollout":
            service.promote()
    for service in services:
        pod.passes(service, GOOD)
    for service in services:
        service.release(BAD)


def asked_of(installed: Installed, since: datetime) -> list[AuditEntry]:
    """Everything that the account of the pod has asked of the API server."""
    account = installed.plane.users[installed.name].username
    found = installed.plane.audit.entries(account, since=since)
    assert {entry.verb for entry in found} >= {"list", "watch"}
    return found


def refused(entries: list[AuditEntry]) -> list[AuditEntry]:
    """What was asked for in vain, but for tools of others that may be there."""
    denied = (each for each in entries if each.status == 403 and each.namespace not in CONTROL_PLANES)
    return [each for each in denied if each.resource not in LOOKED_FOR]


@alongside
def test_observing_the_cluster_writes_nothing(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    begun = datetime.now(tz=UTC)
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    installed_so(installed, pod, {"thresholds": thresholds(prometheus.url, shop.namespace, mode="act")})
    goes_bad(shop, pod, cart)
    decision = pod.decides(cart, action="roll_back", mode="observe")
    assert "Would roll back by undo" in decision["reason"]
    pod.stop()

    assert cart.image == BAD
    found = asked_of(installed, begun)
    assert {(each.verb, each.resource) for each in found if each.is_write} <= ASKING
    assert refused(found) == []
    assert "secrets" not in {each.resource for each in found}


@alongside
def test_observing_namespaces_writes_events_if_so_asked(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    begun = datetime.now(tz=UTC)
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    values = {"namespaces": [shop.namespace], "events": "always"}
    installed_so(installed, pod, values | {"thresholds": thresholds(prometheus.url, shop.namespace, mode="observe")})
    goes_bad(shop, pod, cart)
    pod.decides(cart, action="roll_back", mode="observe")
    eventually(lambda: "WouldRollBack" in [each["reason"] for each in cart.events], 20, "an Event says so")
    pod.stop()

    assert cart.image == BAD
    found = asked_of(installed, begun)
    assert {(each.verb, each.resource) for each in found if each.is_write} - ASKING == {("create", "events")}
    assert {each.namespace for each in found} - CONTROL_PLANES - {""} == {shop.namespace, installed.name}
    assert refused(found) == []


@alongside
def test_acting_in_the_cluster_undoes_and_aborts(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    begun = datetime.now(tz=UTC)
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    canary = shop.deploy(workloads.rollout, "canary", "shop/cart:1")
    installed_so(installed, pod, {"mode": "act", "thresholds": thresholds(prometheus.url, shop.namespace)})
    goes_bad(shop, pod, cart, canary)
    assert pod.restores(cart)["rung"] == "undo"
    assert pod.restores(canary)["rung"] == "abort"
    cart.serves(GOOD)
    pod.stop()
    assert refused(asked_of(installed, begun)) == []


@alongside
def test_acting_in_namespaces_by_undo_only(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    begun = datetime.now(tz=UTC)
    cart = shop.deploy(workloads.stateful_set, "cart", "shop/cart:1")
    limited = thresholds(prometheus.url, shop.namespace) | {"rungs": {"abort": "none"}}
    values = {"mode": "act", "namespaces": [shop.namespace], "rungs": {"abort": False}, "thresholds": limited}
    installed_so(installed, pod, values)
    goes_bad(shop, pod, cart)
    assert pod.restores(cart)["rung"] == "undo"
    cart.serves(GOOD)
    pod.stop()
    assert refused(asked_of(installed, begun)) == []


@alongside
def test_acting_by_abort_only_without_any_cluster_role(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    canary = shop.deploy(workloads.rollout, "canary", "shop/cart:1")
    limited = thresholds(prometheus.url, shop.namespace) | {"rungs": {"undo": "observe"}}
    values = {"mode": "act", "namespaces": [shop.namespace], "rungs": {"undo": False}, "events": "never"}
    installed_so(installed, pod, values | {"rbac": {"namespaceHolds": False}, "thresholds": limited})
    assert not [each for each in installed.objects if each["kind"].startswith("ClusterRole")]
    goes_bad(shop, pod, canary)
    assert pod.restores(canary)["rung"] == "abort"


@alongside
def test_an_upgrade_keeps_the_log_and_what_is_known_good(
    installed: Installed, pod: Daemon, shop: Shop, prometheus: Prometheus
) -> None:
    cart = shop.deploy(workloads.deployment, "cart", "shop/cart:1")
    first = thresholds(prometheus.url, shop.namespace, mode="observe")
    installed_so(installed, pod, {"thresholds": first})
    claim = the_claim(installed)
    cart.release(GOOD)
    passed = pod.passes(cart, GOOD)
    pod.stop()

    second = {"mode": "act", "image": {"repository": "registry.example.com/sre/watcher", "tag": "next"}}
    installed_so(installed, pod, second | {"thresholds": thresholds(prometheus.url, shop.namespace)})
    assert the_claim(installed) == claim
    assert passed["id"] in [each["id"] for each in pod.releases(cart)]
    cart.release(BAD)
    assert pod.restores(cart)["target"]["provenance"] == "passed"
    cart.serves(GOOD)


def the_claim(installed: Installed) -> str:
    """Uid of the claim that the pod mounts."""
    volumes = installed.one("Deployment")["spec"]["template"]["spec"]["volumes"]
    (name,) = [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]
    path = installed.plane.admin.path("PersistentVolumeClaim", installed.name, name, version="v1")
    return str(installed.plane.admin.get(path)["metadata"]["uid"])


@pytest.mark.parametrize("name", [each.name for each in VARIANTS])
def test_every_variant_is_accepted(control_plane: ControlPlane, name: str) -> None:
    """As it is kept, by a dry run; kinds of an operator that is not there are left out."""
    (variant,) = [each for each in VARIANTS if each.name == name]
    for each in variant.objects():
        if each["apiVersion"].startswith("monitoring.coreos.com/"):
            continue
        namespace = each["metadata"].get("namespace")
        if namespace:
            control_plane.namespace(namespace)
        path = control_plane.admin.path_of(each)
        asked = {"fieldManager": "helm", "force": "true", "fieldValidation": "Strict", "dryRun": "All"}
        control_plane.admin.request("PATCH", path, body=each, kind="apply", **asked)


@pytest.mark.parametrize("version", [3, 4])
def test_helm_installs_upgrades_and_takes_the_claim_up_again(control_plane: ControlPlane, version: int) -> None:
    release = f"watcher-by-helm-{version}"
    (variant,) = [each for each in VARIANTS if each.name == "act"]
    within = (f"--namespace={release}", *(f"--values={file}" for file in variant.files))
    chart = str(CHART)
    control_plane.helm("install", release, chart, "--create-namespace", *within, version=version)
    path = control_plane.admin.path("PersistentVolumeClaim", release, release, version="v1")
    claim = control_plane.admin.get(path)["metadata"]["uid"]
    control_plane.helm("upgrade", release, chart, *within, "--set=image.tag=next", version=version)
    control_plane.helm("uninstall", release, f"--namespace={release}", version=version)
    assert control_plane.admin.get(path)["metadata"]["uid"] == claim
    control_plane.helm("install", release, chart, *within, version=version)
    assert control_plane.admin.get(path)["metadata"]["uid"] == claim
    control_plane.helm("uninstall", release, f"--namespace={release}", version=version)
    control_plane.admin.delete(control_plane.admin.path("Namespace", name=release, version="v1"))
