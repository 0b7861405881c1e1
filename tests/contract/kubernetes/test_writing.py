"""Create, update, patch, delete."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.contract.kubernetes.api import JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, Api, read, without
from tests.contract.kubernetes.manifests import complete, config_map, deployment, rollout, with_image


async def test_a_created_object_gets_what_the_server_gives(api: Api) -> None:
    made = await api.create("deployments", deployment("web"))
    metadata = made["metadata"]
    assert metadata["namespace"] == api.namespace
    assert metadata["generation"] == 1
    assert len(metadata["uid"]) == 36
    assert metadata["creationTimestamp"].endswith("Z")
    assert int(metadata["resourceVersion"]) > 0
    assert made["spec"]["revisionHistoryLimit"] == 10
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    [container] = made["spec"]["template"]["spec"]["containers"]
    assert container["imagePullPolicy"] == "IfNotPresent"
    assert container["resources"] == {}


async def test_a_name_is_generated(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "given-"}}
    made = await api.create("configmaps", body)
    assert made["metadata"]["name"].startswith("given-")
    assert len(made["metadata"]["name"]) == len("given-") + 5


async def test_creating_what_is_there_is_a_409(api: Api) -> None:
    await api.create("configmaps", config_map("one"))
    status = await api.create("configmaps", config_map("one"), code=409)
    assert (status["reason"], status["message"]) == ("AlreadyExists", 'configmaps "one" already exists')


async def test_a_namespace_that_is_not_there_is_a_404(api: Api) -> None:
    answer = await api.client.post("/api/v1/namespaces/nowhere/configmaps", json=config_map("one"))
    assert read(answer, 404)["message"] == 'namespaces "nowhere" not found'


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"replicas": -1}, "spec.replicas"),
        ({"selector": {"matchLabels": {"app": "other"}}}, "spec.template.metadata.labels"),
    ],
)
async def test_an_invalid_spec_is_a_422_that_names_the_field(api: Api, change: dict[str, Any], field: str) -> None:
    status = await api.create("deployments", deployment("web", **change), code=422)
    assert status["reason"] == "Invalid"
    assert field in [cause["field"] for cause in status["details"]["causes"]]


async def test_a_selector_cannot_be_changed(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    labels = {"app": "web", "more": "1"}
    patch = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    status = await api.patch("deployments", "web", patch, code=422)
    assert "field is immutable" in status["message"]


async def test_an_update_from_a_stale_state_is_a_409(api: Api) -> None:
    stale = await api.create("configmaps", config_map("one", a="1"))
    await api.patch("configmaps", "one", {"data": {"a": "2"}})
    answer = await api.client.put(api.path("configmaps", "one"), json={**stale, "data": {"a": "3"}})
    status = read(answer, 409)
    assert status["reason"] == "Conflict"
    assert "the object has been modified; please apply your changes to the latest version" in status["message"]


async def test_an_update_of_a_lease_needs_a_resource_version(api: Api) -> None:
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "one"}}
    made = await api.create("leases", {**lease, "spec": {"holderIdentity": "me"}})
    answer = await api.client.put(api.path("leases", "one"), json={**lease, "spec": {"holderIdentity": "you"}})
    assert read(answer, 422)["details"]["causes"][0]["field"] == "metadata.resourceVersion"
    answer = await api.client.put(api.path("leases", "one"), json={**made, "spec": {"holderIdentity": "you"}})
    assert read(answer, 200)["spec"]["holderIdentity"] == "you"


async def test_a_merge_patch_merges_objects_removes_by_null_and_replaces_lists(api: Api) -> None:
    await api.create("configmaps", config_map("one", labels={"a": "1"}, x="1", y="2"))
    patched = await api.patch("configmaps", "one", {"data": {"x": None, "z": "3"}, "metadata": {"labels": {"b": "2"}}})
    assert patched["data"] == {"y": "2", "z": "3"}
    assert patched["metadata"]["labels"] == {"a": "1", "b": "2"}


async def test_a_resource_version_in_a_patch_is_a_precondition(api: Api) -> None:
    made = await api.create("configmaps", config_map("one"))
    version = made["metadata"]["resourceVersion"]
    await api.patch("configmaps", "one", {"metadata": {"resourceVersion": version}, "data": {"a": "1"}})
    status = await api.patch(
        "configmaps", "one", {"metadata": {"resourceVersion": version}, "data": {"a": "2"}}, code=409
    )
    assert status["reason"] == "Conflict"
    operations = [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
        {"op": "add", "path": "/data/a", "value": "2"},
    ]
    assert (await api.patch("configmaps", "one", operations, JSON_PATCH, code=409))["reason"] == "Conflict"
    assert (await api.get("configmaps", "one"))["data"] == {"a": "1"}


async def test_a_patch_that_changes_nothing_leaves_the_resource_version(api: Api) -> None:
    made = await api.create("configmaps", config_map("one", a="1"))
    patched = await api.patch("configmaps", "one", {"data": {"a": "1"}})
    assert patched["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_a_json_patch_is_applied_when_its_tests_hold(api: Api) -> None:
    made = await api.create("deployments", deployment("web"))
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": made["metadata"]["uid"]},
        {"op": "test", "path": "/spec/template", "value": made["spec"]["template"]},
        {"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "shop/web:0"},
        {"op": "add", "path": "/metadata/annotations", "value": {"watcher.dev/decision": "d1"}},
    ]
    operations[3]["path"] = "/metadata/annotations/watcher.dev~1decision"
    operations[3]["value"] = "d1"
    await api.until("deployments", "web", lambda live: "annotations" in live["metadata"])
    patched = await api.patch("deployments", "web", operations, JSON_PATCH)
    assert patched["spec"]["template"]["spec"]["containers"][0]["image"] == "shop/web:0"
    assert patched["metadata"]["annotations"]["watcher.dev/decision"] == "d1"


async def test_a_failed_test_of_a_json_patch_is_a_422_with_empty_details(api: Api) -> None:
    await api.create("configmaps", config_map("one", a="1"))
    operations = [
        {"op": "add", "path": "/data/b", "value": "2"},
        {"op": "test", "path": "/data/a", "value": "other"},
    ]
    status = await api.patch("configmaps", "one", operations, JSON_PATCH, code=422)
    assert (status["reason"], status["details"]) == ("Invalid", {})
    assert (await api.get("configmaps", "one"))["data"] == {"a": "1"}


async def test_a_json_patch_tests_for_absence_with_null(api: Api) -> None:
    await api.create("configmaps", config_map("one", a="1"))
    absent = [{"op": "test", "path": "/data/b", "value": None}, {"op": "add", "path": "/data/b", "value": "2"}]
    assert (await api.patch("configmaps", "one", absent, JSON_PATCH))["data"] == {"a": "1", "b": "2"}
    assert (await api.patch("configmaps", "one", absent, JSON_PATCH, code=422))["reason"] == "Invalid"


async def test_a_strategic_merge_patch_merges_containers_by_name(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    sidecar = {"name": "side", "image": "shop/side:1"}
    added = await api.patch(
        "deployments", "web", {"spec": {"template": {"spec": {"containers": [sidecar]}}}}, STRATEGIC_PATCH
    )
    images = {part["name"]: part["image"] for part in added["spec"]["template"]["spec"]["containers"]}
    assert images == {"app": "shop/web:1", "side": "shop/side:1"}
    removal = {"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}
    removed = await api.patch("deployments", "web", removal, STRATEGIC_PATCH)
    assert [part["name"] for part in removed["spec"]["template"]["spec"]["containers"]] == ["app"]


async def test_a_strategic_merge_patch_replaces_what_it_marks(api: Api) -> None:
    original = await api.create("deployments", deployment("web"))
    changed = with_image("shop/web:2")
    changed["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "1"}]
    await api.patch("deployments", "web", changed, STRATEGIC_PATCH)
    back = {"spec": {"template": {**original["spec"]["template"], "$patch": "replace"}}}
    restored = await api.patch("deployments", "web", back, STRATEGIC_PATCH)
    assert restored["spec"]["template"] == original["spec"]["template"]


async def test_a_custom_resource_takes_no_strategic_merge_patch(api: Api) -> None:
    await api.create("rollouts", rollout("cart"))
    status = await api.patch("rollouts", "cart", {"spec": {"replicas": 3}}, STRATEGIC_PATCH, code=415)
    assert status["reason"] == "UnsupportedMediaType"


async def test_an_unknown_patch_type_is_a_415(api: Api) -> None:
    await api.create("configmaps", config_map("one"))
    await api.patch("configmaps", "one", {}, "application/json", code=415)


async def test_generation_counts_changes_of_the_spec(api: Api) -> None:
    made = await api.create("statefulsets", {**_stateful(), "metadata": {"name": "db"}})
    labelled = await api.patch("statefulsets", "db", {"metadata": {"labels": {"a": "1"}}})
    assert labelled["metadata"]["generation"] == made["metadata"]["generation"] == 1
    scaled = await api.patch("statefulsets", "db", {"spec": {"replicas": 2}})
    assert scaled["metadata"]["generation"] == 2


def _stateful() -> dict[str, object]:
    body = deployment("db", replicas=1, serviceName="db")
    return {**body, "kind": "StatefulSet"}


async def test_the_status_is_written_through_its_subresource_only(api: Api) -> None:
    await api.create("rollouts", rollout("cart", paused=True))
    await api.until("rollouts", "cart", lambda live: bool(live.get("status", {}).get("phase")))
    both = {"status": {"message": "mine"}, "spec": {"revisionHistoryLimit": 3}}
    main = await api.patch("rollouts", "cart", both)
    assert main["spec"]["revisionHistoryLimit"] == 3
    assert main["status"].get("message") != "mine"
    status = {
        "metadata": {"annotations": {"lost": "yes"}, "labels": {"lost": "yes"}},
        "spec": {"revisionHistoryLimit": 4},
        "status": {"abort": False},
    }
    sub = await api.patch("rollouts", "cart", status, subresource="status")
    assert sub["spec"]["revisionHistoryLimit"] == 3
    assert "lost" not in {**sub["metadata"].get("annotations", {}), **sub["metadata"].get("labels", {})}


async def test_a_scale_is_read_and_written(api: Api) -> None:
    await api.create("deployments", deployment("web", replicas=1))
    scale = read(await api.client.get(api.path("deployments", "web", "scale")), 200)
    assert (scale["kind"], scale["spec"]["replicas"], scale["status"]["selector"]) == ("Scale", 1, "app=web")
    await api.patch("deployments", "web", {"spec": {"replicas": 2}}, MERGE_PATCH, subresource="scale")
    assert (await api.get("deployments", "web"))["spec"]["replicas"] == 2


async def test_a_changed_field_belongs_to_who_changed_it(api: Api) -> None:
    answer = await api.client.post(
        api.path("configmaps"), params={"fieldManager": "applier"}, json=config_map("one", a="1", b="1")
    )
    read(answer, 201)
    answer = await api.client.patch(
        api.path("configmaps", "one"),
        params={"fieldManager": "watcher"},
        json={"data": {"a": "2"}},
        headers={"Content-Type": MERGE_PATCH},
    )
    owners = {entry["manager"]: entry for entry in read(answer, 200)["metadata"]["managedFields"]}
    assert owners["watcher"]["operation"] == "Update"
    assert owners["watcher"]["fieldsV1"] == {"f:data": {"f:a": {}}}
    assert "f:a" not in owners["applier"]["fieldsV1"]["f:data"]
    assert "f:b" in owners["applier"]["fieldsV1"]["f:data"]


async def test_ownership_is_handed_back_by_a_patch_of_the_managed_fields(api: Api) -> None:
    answer = await api.client.post(
        api.path("configmaps"), params={"fieldManager": "applier"}, json=config_map("one", a="1")
    )
    [before] = read(answer, 201)["metadata"]["managedFields"]
    headers = {"Content-Type": MERGE_PATCH}
    path = api.path("configmaps", "one")
    answer = await api.client.patch(
        path, params={"fieldManager": "watcher"}, json={"data": {"a": "2"}}, headers=headers
    )
    version = read(answer, 200)["metadata"]["resourceVersion"]
    operations = [
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": [before]},
    ]
    answer = await api.client.patch(
        path, params={"fieldManager": "watcher"}, json=operations, headers={"Content-Type": JSON_PATCH}
    )
    mended = read(answer, 200)
    assert [entry["manager"] for entry in mended["metadata"]["managedFields"]] == ["applier"]
    assert "f:a" in mended["metadata"]["managedFields"][0]["fieldsV1"]["f:data"]
    assert mended["data"] == {"a": "2"}


async def test_deleting_an_owner_deletes_what_it_owns(api: Api) -> None:
    await api.create("deployments", deployment("web"))
    await api.until("deployments", "web", complete)
    status = await api.delete("deployments", "web")
    assert status["status"] == "Success" or status["kind"] == "Deployment"
    await api.until_listed("deployments", lambda items: not items, fieldSelector="metadata.name=web")
    for plural in ("replicasets", "pods"):
        await api.until_listed(plural, lambda items: not items, labelSelector="app=web")


async def test_a_deletion_for_another_uid_is_a_409(api: Api) -> None:
    await api.create("configmaps", config_map("one"))
    options = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": "another"}}
    answer = await api.client.request("DELETE", api.path("configmaps", "one"), json=options)
    assert read(answer, 409)["reason"] == "Conflict"
    await api.delete("configmaps", "one")
    await api.delete("configmaps", "one", code=404)


async def test_only_one_of_two_equal_patches_with_a_test_is_applied(api: Api) -> None:
    made = await api.create("deployments", deployment("web"))
    bad = made["spec"]["template"]
    good = {**bad, "metadata": {**without(bad["metadata"], "annotations"), "annotations": {"version": "good"}}}
    operations = [
        {"op": "test", "path": "/spec/template", "value": bad},
        {"op": "replace", "path": "/spec/template", "value": good},
    ]

    async def attempt() -> int:
        answer = await api.client.patch(
            api.path("deployments", "web"), json=operations, headers={"Content-Type": JSON_PATCH}
        )
        return answer.status_code

    assert sorted(await asyncio.gather(attempt(), attempt(), attempt())) == [200, 422, 422]
