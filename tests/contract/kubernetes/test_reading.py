"""Get and list."""

from __future__ import annotations

import pytest

from tests.contract.kubernetes.api import Api, read
from tests.contract.kubernetes.manifests import config_map


async def test_discovery_names_what_the_daemon_watches(api: Api) -> None:
    groups = read(await api.client.get("/apis"), 200)
    assert {"apps", "argoproj.io", "coordination.k8s.io", "authorization.k8s.io"} <= {
        group["name"] for group in groups["groups"]
    }
    resources = read(await api.client.get("/apis/apps/v1"), 200)["resources"]
    names = {resource["name"] for resource in resources}
    assert {"deployments", "deployments/status", "deployments/scale", "controllerrevisions"} <= names
    assert read(await api.client.get("/version"), 200)["major"] == "1"


async def test_a_missing_object_is_a_status_with_reason_and_details(api: Api) -> None:
    status = read(await api.client.get(api.path("deployments", "absent")), 404)
    assert (status["kind"], status["status"], status["reason"]) == ("Status", "Failure", "NotFound")
    assert status["message"] == 'deployments.apps "absent" not found'
    assert status["details"] == {"name": "absent", "group": "apps", "kind": "deployments"}


async def test_an_unknown_path_is_a_404(api: Api) -> None:
    answer = await api.client.get("/apis/apps/v1/namespaces/default/nothings")
    assert answer.status_code == 404


async def test_no_or_a_wrong_token_is_a_401(api: Api) -> None:
    answer = await api.client.get(api.path("pods"), headers={"Authorization": "Bearer wrong"})
    status = read(answer, 401)
    assert status["reason"] == "Unauthorized"


async def test_items_of_a_built_in_list_carry_no_kind(api: Api) -> None:
    await api.create("configmaps", config_map("one", a="1"))
    listed = await api.get("configmaps")
    assert (listed["kind"], listed["apiVersion"]) == ("ConfigMapList", "v1")
    assert int(listed["metadata"]["resourceVersion"]) > 0
    [item] = [item for item in listed["items"] if item["metadata"]["name"] == "one"]
    assert "kind" not in item
    assert "apiVersion" not in item
    assert item["data"] == {"a": "1"}


async def test_a_list_is_read_in_chunks_of_one_and_the_same_state(api: Api) -> None:
    for number in range(5):
        await api.create("configmaps", config_map(f"chunk-{number}", labels={"set": "chunks"}))
    selector = {"labelSelector": "set=chunks"}
    first = await api.get("configmaps", limit=2, **selector)
    await api.create("configmaps", config_map("chunk-9", labels={"set": "chunks"}))
    await api.delete("configmaps", "chunk-4")

    names = [item["metadata"]["name"] for item in first["items"]]
    version, token = first["metadata"]["resourceVersion"], first["metadata"]["continue"]
    while token:
        chunk = await api.get("configmaps", limit=2, **selector, **{"continue": token})
        assert chunk["metadata"]["resourceVersion"] == version
        names += [item["metadata"]["name"] for item in chunk["items"]]
        token = chunk["metadata"].get("continue", "")
    assert names == [f"chunk-{number}" for number in range(5)]


async def test_a_nonsensical_continue_token_is_a_400(api: Api) -> None:
    status = read(await api.client.get(api.path("configmaps"), params={"limit": 1, "continue": "nonsense"}), 400)
    assert status["reason"] == "BadRequest"


async def test_a_list_from_the_cache_shows_what_was_written(api: Api) -> None:
    await api.create("configmaps", config_map("cached", labels={"set": "cached"}))
    await api.until_listed("configmaps", lambda items: len(items) == 1, labelSelector="set=cached", resourceVersion="0")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("tier=web", {"a", "b"}),
        ("tier==web,stage!=test", {"a"}),
        ("stage in (test, prod)", {"a", "b", "c"}),
        ("stage notin (test)", {"a", "kube-root-ca.crt"}),
        ("!tier", {"c", "kube-root-ca.crt"}),
        ("tier,stage=test", {"b"}),
    ],
)
async def test_label_selectors(api: Api, selector: str, expected: set[str]) -> None:
    await api.create("configmaps", config_map("a", labels={"tier": "web", "stage": "prod"}))
    await api.create("configmaps", config_map("b", labels={"tier": "web", "stage": "test"}))
    await api.create("configmaps", config_map("c", labels={"stage": "test"}))
    found = {item["metadata"]["name"] for item in await api.items("configmaps", labelSelector=selector)}
    # A real cluster puts a ConfigMap of its own into every namespace, at a time of its choosing.
    assert found - {"kube-root-ca.crt"} == expected - {"kube-root-ca.crt"}


async def test_field_selectors(api: Api) -> None:
    for name in ("a", "b"):
        await api.create("configmaps", config_map(name))
    found = await api.items("configmaps", fieldSelector=f"metadata.name=a,metadata.namespace={api.namespace}")
    assert [item["metadata"]["name"] for item in found] == ["a"]
    status = read(await api.client.get(api.path("configmaps"), params={"fieldSelector": "data.a=1"}), 400)
    assert '"data.a" is not a known field selector: only "metadata.name", "metadata.namespace"' in status["message"]


async def test_a_list_over_all_namespaces(api: Api) -> None:
    await api.create("configmaps", config_map("anywhere", labels={"set": api.namespace}))
    answer = await api.client.get("/api/v1/configmaps", params={"labelSelector": f"set={api.namespace}"})
    [item] = read(answer, 200)["items"]
    assert (item["metadata"]["namespace"], item["metadata"]["name"]) == (api.namespace, "anywhere")


async def test_a_table_in_place_of_the_objects(api: Api) -> None:
    await api.create("configmaps", config_map("printed", a="1", b="2"))
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
    answer = await api.client.get(api.path("configmaps", "printed"), headers={"Accept": accept})
    table = read(answer, 200)
    assert (table["kind"], table["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    [row] = table["rows"]
    assert row["cells"][:2] == ["printed", 2]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert row["object"]["metadata"]["name"] == "printed"


async def test_a_review_of_ones_own_access(api: Api) -> None:
    attributes = {"namespace": api.namespace, "verb": "patch", "group": "apps", "resource": "deployments"}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await api.client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
    body = read(answer, 201)
    assert body["status"]["allowed"] is True
    assert body["spec"]["resourceAttributes"]["verb"] == "patch"
