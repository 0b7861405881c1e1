"""A Deployment and its controllers."""

from __future__ import annotations

from tests.contract.kubernetes.api import JSON_PATCH, STRATEGIC_PATCH, Api, Json
from tests.contract.kubernetes.manifests import complete, condition, deployment, revision, with_image

HASH = "pod-template-hash"


async def replica_sets(api: Api) -> dict[str, Json]:
    """The ReplicaSets by image."""
    found = await api.items("replicasets", labelSelector="app=web")
    return {rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs for rs in found}


async def rolled_out(api: Api, number: str) -> Json:
    """The Deployment once that revision is complete and the controller says so."""

    def done(live: Json) -> bool:
        progressing = condition(live, "Progressing")
        return complete(live) and revision(live) == number and progressing["reason"] == "NewReplicaSetAvailable"

    return await api.until("deployments", "web", done)


async def test_a_deployment_becomes_a_replica_set_and_its_pods(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    live = await rolled_out(api, "1")
    assert condition(live, "Available")["status"] == "True"
    assert "unavailableReplicas" not in live["status"]
    [rs] = (await replica_sets(api)).values()
    letters = rs["metadata"]["labels"][HASH]
    assert rs["metadata"]["name"] == f"web-{letters}"
    assert rs["spec"]["selector"]["matchLabels"] == {"app": "web", HASH: letters}
    assert rs["spec"]["template"]["metadata"]["labels"] == {"app": "web", HASH: letters}
    assert revision(rs) == "1"
    [owner] = rs["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"]) == ("Deployment", "web", live["metadata"]["uid"])
    assert owner["controller"] is True
    assert {key: rs["status"][key] for key in ("replicas", "readyReplicas", "availableReplicas")} == {
        "replicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 2,
    }


async def test_its_pods_say_image_digest_start_and_readiness(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    await rolled_out(api, "1")
    pods = await api.items("pods", labelSelector="app=web")
    assert len(pods) == 2
    for pod in pods:
        assert pod["metadata"]["labels"][HASH]
        assert pod["metadata"]["ownerReferences"][0]["kind"] == "ReplicaSet"
        assert pod["spec"]["nodeName"]
        assert pod["status"]["phase"] == "Running"
        assert pod["status"]["podIP"].startswith("10.")
        assert condition(pod, "Ready")["status"] == "True"
        [container] = pod["status"]["containerStatuses"]
        assert (container["ready"], container["restartCount"], container["image"]) == (True, 0, "shop/web:1")
        assert container["imageID"].startswith("shop/web@sha256:")
        assert container["state"]["running"]["startedAt"].endswith("Z")


async def test_a_new_template_is_a_new_revision(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    before = await rolled_out(api, "1")
    await api.patch("deployments", "web", with_image("shop/web:2"), STRATEGIC_PATCH)
    after = await rolled_out(api, "2")
    assert after["metadata"]["generation"] > before["metadata"]["generation"]
    sets = await replica_sets(api)
    assert {image: revision(rs) for image, rs in sets.items()} == {"shop/web:1": "1", "shop/web:2": "2"}
    assert {image: rs["spec"]["replicas"] for image, rs in sets.items()} == {"shop/web:1": 0, "shop/web:2": 2}


async def test_a_restart_alone_is_a_new_revision_too(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    await rolled_out(api, "1")
    stamp = {"kubectl.kubernetes.io/restartedAt": "2026-11-01T00:00:00Z"}
    await api.patch("deployments", "web", {"spec": {"template": {"metadata": {"annotations": stamp}}}})
    await rolled_out(api, "2")
    assert len(await api.items("replicasets", labelSelector="app=web")) == 2


async def test_a_template_that_comes_back_renumbers_its_replica_set(api: Api) -> None:
    """An undo as the daemon does it: a JSON patch that tests for the bad template."""
    await api.create("deployments", deployment("web"))
    good = await rolled_out(api, "1")
    await api.patch("deployments", "web", with_image("shop/web:2-neverready"), STRATEGIC_PATCH)
    bad = await api.until("deployments", "web", lambda live: revision(live) == "2")
    target = (await replica_sets(api))["shop/web:1"]["spec"]["template"]
    del target["metadata"]["labels"][HASH]
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": bad["metadata"]["uid"]},
        {"op": "test", "path": "/spec/template", "value": bad["spec"]["template"]},
        {"op": "replace", "path": "/spec/template", "value": target},
        {"op": "add", "path": "/metadata/annotations/watcher.dev~1decision", "value": "d1"},
    ]
    await api.patch("deployments", "web", operations, JSON_PATCH)
    restored = await rolled_out(api, "3")
    assert restored["spec"]["template"] == good["spec"]["template"]
    assert restored["metadata"]["annotations"]["watcher.dev/decision"] == "d1"
    sets = await replica_sets(api)
    assert {image: revision(rs) for image, rs in sets.items()} == {"shop/web:1": "3", "shop/web:2-neverready": "2"}
    assert sets["shop/web:1"]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] == "1"
    await api.patch("deployments", "web", operations, JSON_PATCH, code=422)  # the same again finds another template


async def test_a_pod_that_is_never_ready_stops_the_rollout_and_misses_the_deadline(api: Api) -> None:
    await api.create("deployments", deployment("web", progressDeadlineSeconds=1))
    await rolled_out(api, "1")
    await api.patch("deployments", "web", with_image("shop/web:2-neverready"), STRATEGIC_PATCH)

    def late(live: Json) -> bool:
        surged = live["status"].get("updatedReplicas") == 1  # a busy controller may be late before it has counted
        return surged and condition(live, "Progressing").get("reason") == "ProgressDeadlineExceeded"

    live = await api.until("deployments", "web", late)
    assert condition(live, "Progressing")["status"] == "False"
    assert condition(live, "Available")["status"] == "True"
    assert live["status"]["availableReplicas"] == 2
    await api.patch("deployments", "web", with_image("shop/web:1"), STRATEGIC_PATCH)
    await rolled_out(api, "3")


async def test_a_paused_deployment_takes_the_template_and_does_not_move(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    await rolled_out(api, "1")
    await api.patch("deployments", "web", {"spec": {"paused": True}})
    await api.until(
        "deployments", "web", lambda live: condition(live, "Progressing").get("reason") == "DeploymentPaused"
    )
    paused = await api.patch("deployments", "web", with_image("shop/web:2"), STRATEGIC_PATCH)
    await api.until(
        "deployments",
        "web",
        lambda live: live["status"]["observedGeneration"] >= paused["metadata"]["generation"],
    )
    assert set(await replica_sets(api)) == {"shop/web:1"}
    await api.patch("deployments", "web", {"spec": {"paused": False}})
    await rolled_out(api, "2")


async def test_old_replica_sets_beyond_the_history_limit_are_deleted(api: Api) -> None:
    await api.create("deployments", deployment("web", replicas=1, revisionHistoryLimit=1))
    await rolled_out(api, "1")
    for number in ("2", "3"):
        await api.patch("deployments", "web", with_image(f"shop/web:{number}"), STRATEGIC_PATCH)
        await rolled_out(api, number)
    await api.until_listed("replicasets", lambda items: len(items) == 2, labelSelector="app=web")
    assert set(await replica_sets(api)) == {"shop/web:2", "shop/web:3"}


async def test_a_change_of_size_is_no_new_revision(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    await rolled_out(api, "1")
    await api.patch("deployments", "web", {"spec": {"replicas": 3}})
    live = await rolled_out(api, "1")
    assert live["status"]["replicas"] == 3


async def test_recreate_stops_the_old_pods_first(api: Api) -> None:
    await api.create("deployments", deployment("web", strategy={"type": "Recreate"}))
    await rolled_out(api, "1")
    await api.patch("deployments", "web", with_image("shop/web:2"), STRATEGIC_PATCH)
    live = await rolled_out(api, "2")
    assert live["status"]["replicas"] == 2


async def test_scaling_is_told_in_events(api: Api) -> None:
    made = await api.create("deployments", deployment("web"))
    await rolled_out(api, "1")
    selector = f"involvedObject.kind=Deployment,involvedObject.name=web,involvedObject.uid={made['metadata']['uid']}"
    events = await api.until_listed("events", bool, fieldSelector=selector)
    assert events[0]["reason"] == "ScalingReplicaSet"
    assert events[0]["message"].startswith("Scaled up replica set web-")
    assert events[0]["type"] == "Normal"
    assert events[0]["source"]["component"] == "deployment-controller"
