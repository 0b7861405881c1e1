"""StatefulSets and DaemonSets, and the ControllerRevisions that keep their templates."""

from __future__ import annotations

from tests.contract.kubernetes.api import JSON_PATCH, STRATEGIC_PATCH, Api, Json, without
from tests.contract.kubernetes.manifests import complete, condition, daemon_set, stateful_set, with_image


def image_of(obj: Json) -> str:
    """The image in a template."""
    return str(obj["spec"]["containers"][0]["image"])


async def revisions(api: Api, app: str) -> dict[int, str]:
    """Revision number -> image, of the ControllerRevisions."""
    found = await api.items("controllerrevisions", labelSelector=f"app={app}")
    return {int(entry["revision"]): image_of(entry["data"]["spec"]["template"]) for entry in found}


def daemons_done(live: Json) -> bool:
    """Whether every node has an available pod of the newest template."""
    status = live.get("status", {})
    observed = status.get("observedGeneration", 0) >= live["metadata"]["generation"]
    nodes = status.get("desiredNumberScheduled", 0)
    fields = ("currentNumberScheduled", "updatedNumberScheduled", "numberAvailable")
    return observed and nodes > 0 and all(status.get(field, 0) == nodes for field in fields)


async def test_a_stateful_set_starts_its_pods_in_order(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db"))
    live = await api.until("statefulsets", "db", complete)
    pods = await api.items("pods", labelSelector="app=db")
    assert [pod["metadata"]["name"] for pod in pods] == ["db-0", "db-1"]
    name = live["status"]["currentRevision"]
    assert live["status"]["updateRevision"] == name
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in pods} == {name}
    [entry] = await api.items("controllerrevisions", labelSelector="app=db")
    assert (entry["metadata"]["name"], entry["revision"]) == (name, 1)
    template = entry["data"]["spec"]["template"]
    assert template["$patch"] == "replace"
    assert without(template, "$patch")["spec"] == live["spec"]["template"]["spec"]
    assert entry["metadata"]["ownerReferences"][0]["kind"] == "StatefulSet"


async def test_an_undone_stateful_set_gives_its_old_revision_the_next_number(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db"))
    good = await api.until("statefulsets", "db", complete)
    await api.patch("statefulsets", "db", with_image("shop/db:2"), STRATEGIC_PATCH)
    bad = await api.until("statefulsets", "db", complete)
    assert await revisions(api, "db") == {1: "shop/db:1", 2: "shop/db:2"}
    [target] = [
        entry for entry in await api.items("controllerrevisions", labelSelector="app=db") if entry["revision"] == 1
    ]
    operations = [
        {"op": "test", "path": "/spec/template", "value": bad["spec"]["template"]},
        {"op": "replace", "path": "/spec/template", "value": without(target["data"]["spec"]["template"], "$patch")},
    ]
    await api.patch("statefulsets", "db", operations, JSON_PATCH)
    restored = await api.until("statefulsets", "db", complete)
    assert restored["spec"]["template"]["spec"] == good["spec"]["template"]["spec"]
    assert await revisions(api, "db") == {2: "shop/db:2", 3: "shop/db:1"}


async def test_the_data_of_a_revision_is_a_strategic_merge_patch(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db", replicas=1))
    good = await api.until("statefulsets", "db", complete)
    changed = with_image("shop/db:2")
    changed["spec"]["template"]["metadata"] = {"labels": {"added": "yes"}}
    await api.patch("statefulsets", "db", changed, STRATEGIC_PATCH)
    await api.until("statefulsets", "db", complete)
    [target] = [
        entry for entry in await api.items("controllerrevisions", labelSelector="app=db") if entry["revision"] == 1
    ]
    restored = await api.patch("statefulsets", "db", target["data"], STRATEGIC_PATCH)
    assert restored["spec"]["template"] == good["spec"]["template"]


async def test_an_ordered_stateful_set_is_stuck_until_the_bad_pod_is_deleted(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db"))
    good = await api.until("statefulsets", "db", complete)
    await api.patch("statefulsets", "db", with_image("shop/db:2-neverready"), STRATEGIC_PATCH)
    await api.until("pods", "db-1", lambda pod: image_of(pod) == "shop/db:2-neverready" and _running_unready(pod))
    undone = await api.patch("statefulsets", "db", with_image("shop/db:1"), STRATEGIC_PATCH)

    def seen(live: Json) -> bool:
        status = live["status"]
        old = good["status"]["currentRevision"]
        observed = status["observedGeneration"] >= undone["metadata"]["generation"]
        return bool(observed and status["updateRevision"] == old)

    stuck = await api.until("statefulsets", "db", seen)
    assert stuck["status"]["currentRevision"] == stuck["status"]["updateRevision"]
    assert stuck["status"]["updatedReplicas"] == 1
    assert image_of(await api.get("pods", "db-1")) == "shop/db:2-neverready"
    await api.delete("pods", "db-1")
    await api.until("statefulsets", "db", complete)
    assert image_of(await api.get("pods", "db-1")) == "shop/db:1"


def _running_unready(pod: Json) -> bool:
    return bool(pod["status"].get("phase") == "Running" and condition(pod, "Ready").get("status") == "False")


async def test_a_parallel_stateful_set_recovers_by_itself(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db", podManagementPolicy="Parallel"))
    await api.until("statefulsets", "db", complete)
    await api.patch("statefulsets", "db", with_image("shop/db:2-neverready"), STRATEGIC_PATCH)
    await api.until("pods", "db-1", lambda pod: image_of(pod) == "shop/db:2-neverready" and _running_unready(pod))
    await api.patch("statefulsets", "db", with_image("shop/db:1"), STRATEGIC_PATCH)
    await api.until("statefulsets", "db", complete)
    assert image_of(await api.get("pods", "db-1")) == "shop/db:1"


async def test_a_partition_keeps_the_lower_pods(api: Api) -> None:
    await api.create("statefulsets", stateful_set("db"))
    await api.until("statefulsets", "db", complete)
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    changed = with_image("shop/db:2")
    changed["spec"]["updateStrategy"] = partition
    await api.patch("statefulsets", "db", changed, STRATEGIC_PATCH)

    def settled(live: Json) -> bool:
        status = live["status"]
        counts = [status.get(field, 0) for field in ("replicas", "readyReplicas", "updatedReplicas")]
        return status["currentRevision"] != status["updateRevision"] and counts == [2, 2, 1]

    live = await api.until("statefulsets", "db", settled)
    assert live["status"]["currentReplicas"] == 1
    images = {pod["metadata"]["name"]: image_of(pod) for pod in await api.items("pods", labelSelector="app=db")}
    assert images == {"db-0": "shop/db:1", "db-1": "shop/db:2"}


async def test_a_daemon_set_has_a_pod_on_every_node(api: Api) -> None:
    await api.create("daemonsets", daemon_set("agent"))
    live = await api.until("daemonsets", "agent", daemons_done)
    pods = await api.items("pods", labelSelector="app=agent")
    assert len({pod["spec"]["nodeName"] for pod in pods}) == len(pods) == live["status"]["numberReady"]
    [entry] = await api.items("controllerrevisions", labelSelector="app=agent")
    letters = entry["metadata"]["labels"]["controller-revision-hash"]
    assert {pod["metadata"]["labels"]["controller-revision-hash"] for pod in pods} == {letters}
    assert entry["metadata"]["name"] == f"agent-{letters}"


async def test_an_undone_daemon_set_gives_its_old_revision_the_next_number(api: Api) -> None:
    await api.create("daemonsets", daemon_set("agent"))
    await api.until("daemonsets", "agent", daemons_done)
    await api.patch("daemonsets", "agent", with_image("shop/agent:2-neverready"), STRATEGIC_PATCH)
    await api.until("daemonsets", "agent", lambda live: live["status"].get("numberUnavailable", 0) == 1)
    assert await revisions(api, "agent") == {1: "shop/agent:1", 2: "shop/agent:2-neverready"}
    await api.patch("daemonsets", "agent", with_image("shop/agent:1"), STRATEGIC_PATCH)
    live = await api.until("daemonsets", "agent", daemons_done)
    assert "numberUnavailable" not in live["status"]
    assert await revisions(api, "agent") == {2: "shop/agent:2-neverready", 3: "shop/agent:1"}
