from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from kubernetes.aio.config import incluster_config

from watcher.adapters.kubernetes import access, client
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import Busy, Conflict, Gone, NoAnswer, NotFound, TestFailed
from watcher.ports import Forbidden, NotLeading, Rejected, Unavailable

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATH = "/apis/apps/v1/namespaces/shop/deployments/cart"


def kubeconfig(directory: Path, server: str, user: dict[str, Any]) -> str:
    file = directory / "kubeconfig"
    named = {
        "clusters": [{"name": "here", "cluster": {"server": server}}],
        "users": [{"name": "me", "user": user}],
        "contexts": [{"name": "it", "context": {"cluster": "here", "user": "me"}}],
    }
    file.write_text(yaml.safe_dump({"apiVersion": "v1", "kind": "Config", "current-context": "it", **named}))
    return str(file)


@asynccontextmanager
async def serving(handler: Handler, directory: Path, **user: Any) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    server = TestServer(app)
    await server.start_server()
    subject = await Client.connect(kubeconfig(directory, str(server.make_url("")).rstrip("/"), user))
    try:
        yield subject
    finally:
        await subject.close()
        await server.close()


def answering(status: int, message: str = "", headers: dict[str, str] | None = None, **more: Any) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"kind": "Status", "message": message, **more}, status=status, headers=headers)

    return handler


@pytest.mark.parametrize(
    ("status", "more", "expected"),
    [
        (404, {}, NotFound),
        (409, {}, Conflict),
        (410, {}, Gone),
        (422, {}, TestFailed),
        (422, {"details": {}}, TestFailed),
        (422, {"details": {"causes": [{"field": "spec"}]}}, Rejected),
        (400, {}, Rejected),
        (503, {}, Busy),
        (500, {}, NoAnswer),
        (504, {}, NoAnswer),
        (401, {}, Unavailable),
    ],
)
async def test_each_answer_to_a_patch_has_its_error(
    tmp_path: Path, status: int, more: dict[str, Any], expected: type[Exception]
) -> None:
    async with serving(answering(status, "so it is", {"Retry-After": "60"}, **more), tmp_path) as subject:
        with pytest.raises(expected, match="so it is") as caught:
            await subject.patch(PATH, [])
    assert type(caught.value) is expected


async def test_a_missing_permission_is_named_with_its_remedy(tmp_path: Path) -> None:
    message = (
        'deployments.apps "cart" is forbidden: User "watcher" cannot patch resource "deployments" '
        'in API group "apps" in the namespace "shop"'
    )
    async with serving(answering(403, message), tmp_path) as subject:
        with pytest.raises(Forbidden, match=r"namespace \"shop\"; grant the verb `patch` on `deployments`"):
            await subject.patch(PATH, [])


async def test_a_refusal_by_admission_is_no_missing_permission(tmp_path: Path) -> None:
    message = 'admission webhook "policy" denied the request: no latest tag'
    async with serving(answering(403, message), tmp_path) as subject:
        with pytest.raises(Rejected, match="no latest tag") as caught:
            await subject.patch(PATH, [])
    assert not isinstance(caught.value, Forbidden)


async def test_waits_as_the_server_asks_and_tries_again(tmp_path: Path) -> None:
    answers = [answering(429, "busy", {"Retry-After": "0"}), answering(200, uid="1")]

    async def handler(request: web.Request) -> web.StreamResponse:
        return await answers.pop(0)(request)

    async with serving(handler, tmp_path) as subject:
        assert (await subject.get(PATH))["uid"] == "1"


async def test_a_long_wait_is_left_to_the_caller(tmp_path: Path) -> None:
    async with serving(answering(429, "busy", {"Retry-After": "20"}), tmp_path) as subject:
        with pytest.raises(Busy) as caught:
            await subject.get(PATH)
    assert caught.value.retry_after == 20


async def silent(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError("never")


async def hanging_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("handler", [silent, hanging_up])
async def test_a_write_without_an_answer_is_unknown_and_a_read_is_not(
    tmp_path: Path, handler: Handler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT_SECONDS", 0.2)
    async with serving(handler, tmp_path) as subject:
        with pytest.raises(NoAnswer):
            await subject.patch(PATH, [])
        with pytest.raises(Unavailable) as caught:
            await subject.get(PATH, seconds=0.2)
    assert not isinstance(caught.value, NoAnswer)


async def test_a_server_that_is_not_there_was_sent_nothing(tmp_path: Path, unused_tcp_port: int) -> None:
    subject = await Client.connect(kubeconfig(tmp_path, f"http://127.0.0.1:{unused_tcp_port}", {}))
    with pytest.raises(Unavailable, match="cannot reach the API server") as caught:
        await subject.patch(PATH, [])
    await subject.close()
    assert not isinstance(caught.value, NoAnswer)


async def test_a_body_beyond_all_measure_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_BODY", 1000)
    async with serving(answering(200, "x" * 2000), tmp_path) as subject:
        with pytest.raises(Rejected, match="larger than 1000 bytes"):
            await subject.get(PATH)


async def test_events_of_any_size_come_whole(tmp_path: Path) -> None:
    sent = [{"type": "ADDED", "object": {"name": "a" * size}} for size in (1, 300_000, 2)]

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for event in sent:
            await response.write(json.dumps(event).encode() + b"\n")
        return response

    async with serving(handler, tmp_path) as subject:
        received = [event async for event in subject.watch(PATH, {}, quiet=5.0)]
    assert received == [{}, *sent]


async def test_a_dead_watch_is_noticed_by_its_silence(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b'{"type": "BOOKMARK"}\n')
        return await silent(request)

    async with serving(handler, tmp_path) as subject:
        with pytest.raises(NoAnswer):
            async for _ in subject.watch(PATH, {}, quiet=0.2):
                pass


async def test_a_token_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")

    async def handler(request: web.Request) -> web.StreamResponse:
        fresh = request.headers["Authorization"] == "Bearer new"
        return await answering(200 if fresh else 401)(request)

    async with serving(handler, tmp_path, tokenFile=str(token)) as subject:
        with pytest.raises(Unavailable, match="credentials are not accepted"):
            await subject.get(PATH)
        token.write_text("new\n")
        assert (await subject.get(PATH))["kind"] == "Status"


async def test_an_exec_plugin_gives_the_token(tmp_path: Path) -> None:
    version = "client.authentication.k8s.io/v1"
    answer = {"apiVersion": version, "kind": "ExecCredential", "status": {"token": "from-plugin"}}
    script = f"print({json.dumps(json.dumps(answer))})"
    plugin = {"apiVersion": version, "command": sys.executable, "args": ["-c", script]}

    async def handler(request: web.Request) -> web.Response:
        return web.json_response({"token": request.headers["Authorization"]})

    async with serving(handler, tmp_path, exec=plugin) as subject:
        assert (await subject.get(PATH))["token"] == "Bearer from-plugin"


async def test_no_way_to_a_cluster_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(Rejected, match=r"nowhere.*give --kubeconfig"):
        await access.load(str(tmp_path / "nowhere"))
    with pytest.raises(Rejected, match="other"):
        await access.load(kubeconfig(tmp_path, "http://127.0.0.1:1", {}), context="other")


async def test_in_a_pod_the_service_account_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("token", "ca.crt"):
        (tmp_path / name).write_text(f"my-{name}\n")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    found = await access.load()
    assert found.host == "https://10.0.0.1:443"
    assert await found.authorization() == {"authorization": "bearer my-token"}
    before = found.certificates()
    os.utime(tmp_path / "ca.crt", (1, 1))
    assert found.certificates() != before


async def test_what_changes_workloads_is_sent_only_while_the_lease_lasts(tmp_path: Path) -> None:
    asked: list[str] = []

    async def handler(request: web.Request) -> web.Response:
        asked.append(request.method)
        return web.json_response({})

    async with serving(handler, tmp_path) as subject:
        left = 5.0
        subject.fence(lambda: left)
        await subject.patch(PATH, [])
        await subject.delete(PATH, "uid")
        left = client.FENCE_MARGIN
        for write in (subject.patch(PATH, []), subject.delete(PATH, "uid")):
            with pytest.raises(NotLeading, match="not sent, for this process does not lead any more"):
                await write
        await subject.get(PATH)
        await subject.put(PATH, {})
        await subject.post(PATH, {})
    assert asked == ["PATCH", "DELETE", "GET", "PUT", "POST"]


async def test_no_write_is_waited_for_longer_than_the_lease_lasts(tmp_path: Path) -> None:
    async def handler(request: web.Request) -> web.Response:
        await asyncio.sleep(5.0)
        return web.json_response({})

    async with serving(handler, tmp_path) as subject:
        subject.fence(lambda: client.FENCE_MARGIN + 0.2)
        began = asyncio.get_running_loop().time()
        with pytest.raises(NoAnswer):
            await subject.patch(PATH, [])
        assert asyncio.get_running_loop().time() - began < 2.0


async def test_what_is_left_is_asked_again_for_each_try(tmp_path: Path) -> None:
    """The server asks to come back later, and meanwhile the Lease is lost."""
    left = iter([9.0, 0.0])
    async with serving(answering(429, headers={"Retry-After": "0"}), tmp_path) as subject:
        subject.fence(lambda: next(left))
        with pytest.raises(NotLeading):
            await subject.patch(PATH, [])
