"""The embedded cluster over HTTP: what no contract test can ask of a real one."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.controllers.world import Timings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.kinds import DEPLOYMENT
from watcher.sandbox.kubernetes.objects import Json
from watcher.sandbox.kubernetes.server import MAX_BODY_BYTES, ApiSettings

FAST = Timings(pod_start=0.01, pod_ready=0.01, pod_stop=0.01)
MAPS = "/api/v1/namespaces/default/configmaps"


def config_map(name: str, **data: str) -> Json:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def deployment(image: str = "shop/web:1") -> Json:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    }


@asynccontextmanager
async def serving(**settings: object) -> AsyncIterator[tuple[SandboxCluster, httpx.AsyncClient]]:
    async with (
        SandboxCluster(SandboxSettings(timings=FAST, **settings)) as cluster,  # type: ignore[arg-type]
        httpx.AsyncClient(base_url=cluster.url, verify=False) as client,  # noqa: S501 (plain HTTP)
    ):
        yield cluster, client


def available(cluster: SandboxCluster) -> bool:
    live = cluster.get("Deployment", "default", "web")
    return live is not None and live["status"].get("availableReplicas") == 2


async def test_a_watch_that_falls_behind_the_history_ends_with_410() -> None:
    async with serving(history_limit=20) as (cluster, client):
        version = cluster.store.revision
        for number in range(30):
            await cluster.apply(config_map(f"c{number}"))
        params = {"watch": "1", "resourceVersion": str(version)}
        async with client.stream("GET", MAPS, params=params) as answer:
            [event] = [json.loads(line) async for line in answer.aiter_lines()]
        assert (event["type"], event["object"]["code"], event["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_a_chunk_that_goes_on_too_late_is_a_410() -> None:
    async with serving(history_limit=20) as (cluster, client):
        for number in range(3):
            await cluster.apply(config_map(f"c{number}"))
        first = (await client.get(MAPS, params={"limit": "1"})).json()
        for number in range(30):
            await cluster.apply(config_map(f"d{number}"))
        answer = await client.get(MAPS, params={"limit": "1", "continue": first["metadata"]["continue"]})
        assert (answer.status_code, answer.json()["reason"]) == (410, "Expired")
        exact = {"resourceVersion": first["metadata"]["resourceVersion"], "resourceVersionMatch": "Exact"}
        assert (await client.get(MAPS, params=exact)).status_code == 410


async def test_a_list_from_the_future_is_refused() -> None:
    async with serving() as (cluster, client):
        answer = await client.get(MAPS, params={"resourceVersion": str(cluster.store.revision + 100)})
        assert answer.status_code == 504
        assert answer.json()["details"]["causes"][0]["reason"] == "ResourceVersionTooLarge"


async def test_bookmarks_come_as_often_as_configured() -> None:
    async with serving(api=ApiSettings(bookmark_seconds=0.01)) as (_, client):
        params = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": "0"}
        async with client.stream("GET", MAPS, params=params) as answer:
            seen = [json.loads(line)["type"] async for line in _first(answer.aiter_lines(), 3)]
        assert seen == ["BOOKMARK"] * 3


async def _first(lines: AsyncIterator[str], count: int) -> AsyncIterator[str]:
    async for line in lines:
        yield line
        count -= 1
        if count == 0:
            return


async def test_rules_decide_requests_and_reviews_alike() -> None:
    rules = [AccessRule(("get", "list"), ("apps",), ("deployments",), ("default",))]
    async with serving(api=ApiSettings(rules=rules)) as (cluster, client):
        await cluster.apply(deployment())
        path = "/apis/apps/v1/namespaces/default/deployments/web"
        assert (await client.get(path)).status_code == 200
        merge = {"Content-Type": "application/merge-patch+json"}
        refused = await client.patch(path, json={"spec": {"replicas": 0}}, headers=merge)
        assert refused.status_code == 403
        assert refused.json()["message"] == (
            'deployments.apps "web" is forbidden: User "sandbox" cannot patch resource "deployments" '
            'in API group "apps" in the namespace "default"'
        )
        attributes = {"verb": "patch", "group": "apps", "resource": "deployments", "namespace": "default"}
        review = {"spec": {"resourceAttributes": attributes}}
        answer = await client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
        assert answer.json()["status"]["allowed"] is False


async def test_what_is_not_simulated_is_refused_with_a_reason() -> None:
    async with serving() as (cluster, client):
        await cluster.apply(deployment())
        path = "/apis/apps/v1/namespaces/default/deployments/web"
        apply = await client.patch(path, content=b"{}", headers={"Content-Type": "application/apply-patch+yaml"})
        assert apply.status_code == 415
        assert "server-side apply is not supported by the sandbox" in apply.json()["message"]
        assert "dryRun" in (await client.delete(path, params={"dryRun": "All"})).json()["message"]
        assert (await client.get(MAPS, params={"watch": "1", "sendInitialEvents": "true"})).status_code == 422
        protobuf = {"Content-Type": "application/vnd.kubernetes.protobuf"}
        assert (await client.post(MAPS, content=b"k8s", headers=protobuf)).status_code == 415
        assert (await client.get(path, headers={"Accept": "application/yaml"})).status_code == 406
        assert (await client.post(path, json={})).status_code == 405
        blue_green = {**deployment(), "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout"}
        blue_green["spec"] = {**blue_green["spec"], "strategy": {"blueGreen": {"activeService": "web"}}}
        with pytest.raises(ApiError, match=r"simulates Rollouts with strategy\.canary only"):
            await cluster.apply(blue_green)


async def test_a_body_is_bounded() -> None:
    async with serving() as (_, client):
        answer = await client.post(
            MAPS, content=b" " * (MAX_BODY_BYTES + 1), headers={"Content-Type": "application/json"}
        )
        assert (answer.status_code, answer.json()["reason"]) == (413, "RequestEntityTooLarge")
        answer = await client.post(MAPS, content=b"{", headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


async def test_applying_again_changes_the_object() -> None:
    async with serving() as (cluster, _):
        await cluster.apply(deployment())
        await cluster.until(lambda: available(cluster))
        assert len(cluster.pods("default")) == 2
        await cluster.apply(deployment("shop/web:2"))
        live = cluster.get("Deployment", "default", "web")
        assert live is not None
        assert live["metadata"]["generation"] > 1
        await cluster.delete("Deployment", "default", "web")
        await cluster.until(lambda: not cluster.objects("Pod") and not cluster.objects("ReplicaSet"))
        with pytest.raises(KeyError, match="does not serve kind 'Secret'"):
            cluster.get("Secret", "default", "web")


async def test_equal_seeds_make_equal_names() -> None:
    names = []
    for _ in range(2):
        async with serving(seed=5) as (cluster, _client):
            await cluster.apply(deployment())
            await cluster.until(lambda: len(cluster.pods()) == 2)
            names.append([pod["metadata"]["name"] for pod in cluster.pods()])
    assert names[0] == names[1]


async def test_a_failing_controller_ends_the_block_with_its_error() -> None:
    with pytest.raises(KeyError, match="spec"):  # noqa: PT012 (leaving the block raises)
        async with serving() as (cluster, _):
            cluster.store.insert(DEPLOYMENT, {"metadata": {"name": "broken", "namespace": "default"}})
            await asyncio.sleep(0)  # the controller's turn


async def test_the_kubeconfig_names_server_and_token(tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    async with serving(kubeconfig=path, api=ApiSettings(token="secret")) as (cluster, client):
        content = yaml.safe_load(path.read_text())
        assert content["clusters"][0]["cluster"]["server"] == cluster.url
        assert content["users"][0]["user"] == {"token": "secret"}
        assert path.stat().st_mode & 0o077 == 0
        assert (await client.get(MAPS)).status_code == 401
        assert (await client.get("/readyz")).text == "ok"
    async with serving() as (cluster, _):
        temporary = cluster.kubeconfig_path
        assert temporary.exists()
    assert not temporary.exists()


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not on PATH")
async def test_kubectl_reads_and_writes() -> None:
    async with serving() as (cluster, _):

        async def kubectl(*arguments: str, stdin: str = "") -> str:
            environment = {"KUBECONFIG": str(cluster.kubeconfig_path), "HOME": str(cluster.kubeconfig_path.parent)}
            process = await asyncio.create_subprocess_exec(
                str(shutil.which("kubectl")),
                *arguments,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
            out, error = await process.communicate(stdin.encode())
            assert process.returncode == 0, error.decode()
            return out.decode()

        manifest = json.dumps(deployment())
        assert await kubectl("apply", "-f", "-", stdin=manifest) == "deployment.apps/web created\n"
        assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/web", "--timeout=20s")
        assert await kubectl("set", "image", "deployment/web", "app=shop/web:2")
        assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/web", "--timeout=20s")
        listed = (await kubectl("get", "deployments", "-A", "-o", "wide")).splitlines()
        assert listed[0].split()[:6] == ["NAMESPACE", "NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]
        assert listed[1].split()[:5] == ["default", "web", "2/2", "2", "2"]
        assert await kubectl("rollout", "undo", "deployment/web") == "deployment.apps/web rolled back\n"
        assert "successfully rolled out" in await kubectl("rollout", "status", "deployment/web", "--timeout=20s")
        history = await kubectl("rollout", "history", "deployment/web")
        assert [line.split()[0] for line in history.splitlines()[2:] if line] == ["2", "3"]
        await kubectl("annotate", "deployment", "web", "watcher.dev/hold=a test")
        described = await kubectl("describe", "deployment", "web")
        assert "watcher.dev/hold: a test" in described
        assert "ScalingReplicaSet" in described
        await kubectl("scale", "deployment/web", "--replicas=1")
        assert "1/1" in await kubectl("get", "deployment/web") or "2/1" in await kubectl("get", "deployment/web")
        await kubectl("delete", "deployment", "web")
        assert cluster.get("Deployment", "default", "web") is None
