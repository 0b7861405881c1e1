"""The real parts themselves: that what the scenarios build on is so."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e import workloads
from tests.e2e.controlplane import Api, ApiError, ControlPlane, Json, Prometheus, eventually
from tests.e2e.traffic import Traffic

pytestmark = pytest.mark.alone

READER = "watcher-readonly"
WITHIN = 60.0  # seconds; far more than is needed on an idle machine


@pytest.fixture
def admin(control_plane: ControlPlane) -> Api:
    return control_plane.admin


@pytest.fixture
def reader(control_plane: ControlPlane) -> Iterator[Api]:
    """The read-only user with a role for reading Deployments, for one test."""
    rules = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list", "watch"]}]
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "tests-read"}
    subject = {"kind": "ServiceAccount", "namespace": "watcher", "name": READER}
    common = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": "tests-read"}}
    made: list[Json] = [
        {**common, "kind": "ClusterRole", "rules": rules},
        {**common, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]},
    ]
    control_plane.admin.apply_all(made)
    yield control_plane.api(READER)
    for each in made:
        control_plane.admin.delete(control_plane.admin.path_of(each))


def roll_out(api: Api, manifest: Json) -> str:
    """Apply a workload and wait until it is rolled out; returns its path."""
    api.apply(manifest)
    path = api.path_of(manifest)
    eventually(lambda: workloads.rolled_out(api.get(path)), WITHIN, f"{path} is rolled out")
    return path


def pods(api: Api, namespace: str, name: str) -> list[Json]:
    return api.items(api.path("Pod", namespace, version="v1"), labelSelector=f"app={name}")


def test_every_workload_kind_rolls_to_a_second_version(admin: Api, namespace: str) -> None:
    def versions(make: Callable[..., Json], name: str, **spec: object) -> None:
        roll_out(admin, make(namespace, name, "shop/cart:1", **spec))
        roll_out(admin, make(namespace, name, "shop/cart:2", **spec))
        images = {pod["spec"]["containers"][0]["image"] for pod in pods(admin, namespace, name) if not deleted(pod)}
        assert images == {"shop/cart:2"}

    versions(workloads.deployment, "deployment")
    versions(workloads.stateful_set, "stateful-set")
    versions(workloads.daemon_set, "daemon-set")
    versions(workloads.rollout, "rollout", steps=[])


def deleted(pod: Json) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def test_pods_show_an_image_digest(admin: Api, namespace: str) -> None:
    roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=2))
    digests = {pod["status"]["containerStatuses"][0]["imageID"] for pod in pods(admin, namespace, "cart")}
    assert len(digests) == 1
    assert digests.pop().startswith("shop/cart@sha256:")


def test_prometheus_sees_the_requests_of_two_versions(
    admin: Api, namespace: str, prometheus: Prometheus, traffic: Traffic
) -> None:
    bad = "shop/cart:1.9.0-err20-slow30"
    roll_out(admin, workloads.rollout(namespace, "cart", "shop/cart:1.8.0"))
    admin.apply(workloads.rollout(namespace, "cart", bad))
    eventually(lambda: traffic.version(namespace, bad).first_bad_at, WITHIN, "the canary serves bad requests")
    canary = next(
        p["metadata"]["name"] for p in pods(admin, namespace, "cart") if p["spec"]["containers"][0]["image"] == bad
    )

    within = f'namespace="{namespace}"'
    errors = f'sum by (pod) (http_requests_total{{{within},code="500"}}) > 5'
    assert eventually(lambda: prometheus.values(errors, "pod"), WITHIN, "errors are scraped").keys() == {canary}
    requests = f"sum by (pod) (http_requests_total{{{within}}})"
    alive = {pod["metadata"]["name"] for pod in pods(admin, namespace, "cart") if not deleted(pod)}
    assert len(alive) == 4
    eventually(lambda: prometheus.values(requests, "pod").keys() == alive, WITHIN, "exactly the four pods are scraped")
    share = f"sum by (pod) (http_requests_total{{{within},code='500'}}) / {requests}"
    assert prometheus.values(share, "pod")[canary] == pytest.approx(0.2, abs=0.1)
    fast = f'http_request_duration_seconds_bucket{{{within},le="0.5"}} / on (pod) http_request_duration_seconds_count'
    quick = prometheus.values(fast, "pod")
    assert quick.pop(canary) == pytest.approx(0.7, abs=0.1)
    assert set(quick.values()) == {1.0}
    up = prometheus.values(f"up{{{within}}}", "pod")
    assert {up[pod] for pod in alive} == {1.0}


def test_faults_may_begin_later(admin: Api, namespace: str, traffic: Traffic) -> None:
    image = "shop/cart:2-err50-after3"
    roll_out(admin, workloads.deployment(namespace, "cart", image))
    eventually(lambda: traffic.version(namespace, image).first_bad_at, WITHIN, "it serves bad requests")
    version = traffic.version(namespace, image)
    assert version.first_ready_at is not None
    assert version.first_bad_at is not None
    assert version.first_bad_at - version.first_ready_at == pytest.approx(3, abs=0.3)


def test_a_deleted_pod_leaves_prometheus(admin: Api, namespace: str, prometheus: Prometheus) -> None:
    path = roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=2))
    up = f'count(up{{namespace="{namespace}"}})'
    eventually(lambda: prometheus.values(up, "") == {"": 2.0}, WITHIN, "two pods are scraped")
    admin.patch(path, {"spec": {"replicas": 1}})
    eventually(lambda: prometheus.values(up, "") == {"": 1.0}, WITHIN, "one pod is scraped")


def test_prometheus_keeps_its_data_when_killed(admin: Api, namespace: str, prometheus: Prometheus) -> None:
    roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=1))
    up = f'up{{namespace="{namespace}"}}'
    eventually(lambda: prometheus.query(up), WITHIN, "the pod is scraped")
    url, before = prometheus.url, time.time()
    prometheus.kill()
    assert not prometheus.part.running
    prometheus.start()
    assert prometheus.url == url
    assert prometheus.query(f"last_over_time({up}[1m] @ {before})")
    eventually(lambda: prometheus.query(f"timestamp({up}) > {before + 1}"), WITHIN, "it scrapes again")


@pytest.mark.parametrize(
    ("fault", "phase", "reason"),
    [
        ("neverready", "Running", None),
        ("crashloop", "Running", "CrashLoopBackOff"),
        ("nopull", "Pending", "ImagePullBackOff"),
    ],
)
def test_a_pod_with_a_fault_never_gets_ready(
    admin: Api, namespace: str, fault: str, phase: str, reason: str | None
) -> None:
    manifest = workloads.deployment(namespace, "cart", f"shop/cart:2-{fault}", replicas=1, progressDeadlineSeconds=3)
    admin.apply(manifest)
    path = admin.path_of(manifest)

    def given_up() -> bool:
        conditions = admin.get(path)["status"].get("conditions", [])
        return any(each.get("reason") == "ProgressDeadlineExceeded" for each in conditions)

    eventually(given_up, WITHIN, "the Deployment's deadline has passed")
    status = pods(admin, namespace, "cart")[0]["status"]
    assert status["phase"] == phase
    assert {each["status"] for each in status["conditions"] if each["type"] == "Ready"} == {"False"}
    assert status["containerStatuses"][0]["state"].get("waiting", {}).get("reason") == reason


def test_a_crashing_container_counts_its_restarts(admin: Api, namespace: str) -> None:
    admin.apply(workloads.deployment(namespace, "cart", "shop/cart:2-crashloop", replicas=1))

    def container() -> Json:
        seen: Json = pods(admin, namespace, "cart")[0]["status"]["containerStatuses"][0]
        return seen

    eventually(lambda: pods(admin, namespace, "cart")[0]["status"].get("containerStatuses"), WITHIN, "it was started")
    eventually(lambda: container()["restartCount"] >= 2, WITHIN, "it was restarted twice")
    assert container()["lastState"]["terminated"]["exitCode"] == 1


def test_a_canary_waits_at_25_percent_and_goes_back_when_aborted(admin: Api, namespace: str) -> None:
    path = roll_out(admin, workloads.rollout(namespace, "cart", "shop/cart:1"))
    admin.apply(workloads.rollout(namespace, "cart", "shop/cart:2"))
    eventually(lambda: paused_with_its_canary(admin.get(path)), WITHIN, "the canary waits")
    images = [pod["spec"]["containers"][0]["image"] for pod in pods(admin, namespace, "cart") if not deleted(pod)]
    assert sorted(images) == ["shop/cart:1"] * 3 + ["shop/cart:2"]

    def aborted() -> bool:
        if admin.get(path)["status"].get("abortedAt"):
            return True
        admin.patch(
            f"{path}/status", {"status": {"abort": True, "message": str(time.time())}}
        )  # a lost one is repeated
        return False

    eventually(aborted, WITHIN, "the abort is acknowledged", every=1.0)
    eventually(lambda: admin.get(path)["status"].get("availableReplicas") == 4, WITHIN, "stable carries everything")
    assert admin.get(path)["status"]["phase"] == "Degraded"


def paused_with_its_canary(rollout: Json) -> bool:
    status = rollout["status"]
    return bool(status.get("pauseConditions")) and status.get("updatedReplicas") == 1


def test_an_abort_right_after_the_controllers_own_pause(rollouts_version: str, admin: Api, namespace: str) -> None:
    """1.9.3 does not act on an abort that lands right after its own write of a pause; 1.10.2 does."""
    attempts = [abort_right_after_pause(admin, namespace, f"cart-{number}") for number in range(3)]
    lost = [path for path, acknowledged in attempts if not acknowledged]
    assert bool(lost) == (rollouts_version == "1.9.3")
    for path in lost:
        assert admin.get(path)["status"]["abort"] is True
        admin.patch(f"{path}/status", {"status": {"abort": True, "message": "sent again"}})
        acknowledged_at(admin, path, within=WITHIN)


def acknowledged_at(admin: Api, path: str, within: float) -> str:
    """When the controller acted on an abort. Raises AssertionError after ``within`` seconds."""
    return eventually(lambda: str(admin.get(path)["status"].get("abortedAt", "")), within, "the abort is acted on")


def abort_right_after_pause(admin: Api, namespace: str, name: str) -> tuple[str, bool]:
    """Abort a canary in the moment in which aborts are lost; returns its path, and whether it was acted on."""
    steps = workloads.PAUSE_THAT_LOSES_ABORTS
    path = roll_out(admin, workloads.rollout(namespace, name, "shop/cart:1", steps=steps))
    admin.apply(workloads.rollout(namespace, name, "shop/cart:2", steps=steps))

    def at_second_pause() -> bool:
        status = admin.get(path)["status"]
        return status.get("currentStepIndex") == 2 and bool(status.get("pauseConditions"))

    eventually(at_second_pause, WITHIN, "the second pause has begun", every=0.001)
    begun = time.monotonic()
    eventually(lambda: time.monotonic() > begun + 0.03, 1, "the controller has finished its own write", every=0.001)
    admin.patch(f"{path}/status", {"status": {"abort": True}})
    try:
        acknowledged_at(admin, path, within=2)
    except AssertionError:
        return path, False
    return path, True


def test_a_reader_may_read_and_not_write(reader: Api, admin: Api, namespace: str, control_plane: ControlPlane) -> None:
    path = roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=1))
    assert eventually(lambda: reader.get(path)["metadata"]["name"], WITHIN, "the role is in force") == "cart"
    with pytest.raises(ApiError, match="cannot patch resource") as refused:
        reader.patch(path, {"spec": {"replicas": 0}})
    assert refused.value.status == 403

    username = control_plane.users[READER].username
    attempts = control_plane.audit.entries(username, writes=True)
    assert [(entry.verb, entry.path, entry.status) for entry in attempts[-1:]] == [("patch", "deployments/cart", 403)]


def test_the_audit_log_tells_who_wrote_what(control_plane: ControlPlane, namespace: str) -> None:
    path = roll_out(control_plane.admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=1))
    control_plane.kubectl("scale", "deployment/cart", f"--namespace={namespace}", "--replicas=2", user="alice")
    assert control_plane.admin.get(path)["spec"]["replicas"] == 2
    entry = next(entry for entry in control_plane.audit.entries("alice", writes=True) if entry.namespace == namespace)
    assert (entry.verb, entry.path, entry.status) == ("patch", "deployments/cart/scale", 200)
    assert entry.body == {"spec": {"replicas": 2}}


def test_a_restarted_api_server_knows_everything_and_is_followed(
    control_plane: ControlPlane, namespace: str, traffic: Traffic
) -> None:
    admin = control_plane.admin
    path = roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:1", replicas=1))
    before = admin.get(path)
    control_plane.restart_api_server()
    assert admin.get(path)["metadata"]["uid"] == before["metadata"]["uid"]
    roll_out(admin, workloads.deployment(namespace, "cart", "shop/cart:2-err100", replicas=1))
    served = lambda: traffic.version(namespace, "shop/cart:2-err100").first_bad_at  # noqa: E731
    eventually(served, WITHIN, "the traffic has found the new pod")
