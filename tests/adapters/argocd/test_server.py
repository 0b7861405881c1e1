"""What goes wrong between Argo CD's API server and us, and how it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from tests.adapters.argocd.stand_in import API, TOKEN, StandIn
from tests.core.applications import OLD, an_application
from watcher.adapters.argocd import ArgoCdApplications, ArgoCdServer
from watcher.adapters.argocd import server as module
from watcher.config.gitops import ArgoApi
from watcher.core.gitops import Application
from watcher.core.keepers import argocd
from watcher.ports import Changed, Forbidden, Rejected, Unanswered, Unavailable


@pytest.fixture
def write() -> Callable[[Path, str], None]:
    """Write a file as whoever mounts it does."""

    def written(file: Path, content: str) -> None:
        file.write_text(content)

    return written


CART = argocd.application(an_application(), API)
ONE = f"{API}/api/v1/applications/cart"


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (httpx.Response(401, json={"message": "no session information"}), Forbidden, "not accepted"),
        (httpx.Response(403, json={"message": "permission denied"}), Forbidden, "lacks `applications, update` on it"),
        (httpx.Response(404, json={"message": "not found"}), Changed, "not found"),
        (httpx.Response(400, json={"message": "application is deleting"}), Rejected, "application is deleting"),
        (
            httpx.Response(400, json={"message": "another operation is already in progress"}),
            Changed,
            "another operation",
        ),
        (httpx.Response(500, json={"message": "testing value /a failed: test failed"}), Changed, "test failed"),
        (httpx.Response(500, json={"message": "etcdserver: request timed out"}), Unanswered, "timed out"),
        (httpx.Response(502, text="<html>bad gateway</html>"), Unanswered, "answers 502"),
        (httpx.Response(429), Unavailable, "answers 429"),
        (httpx.Response(307, headers={"location": "https://other"}), Rejected, "write the new address"),
        (httpx.Response(200, text="<html>login</html>"), Rejected, "no JSON object"),
        (httpx.Response(200, json=["x"]), Rejected, "no JSON object"),
        (httpx.ReadTimeout("slow"), Unanswered, "no answer within 20 s"),
        (httpx.RemoteProtocolError("cut"), Unanswered, "RemoteProtocolError"),
        (httpx.ConnectError("refused"), Unavailable, "cannot be reached: refused"),
        (httpx.ConnectTimeout("slow"), Unavailable, "cannot be reached"),
    ],
)
async def test_what_a_write_meets(server: ArgoCdServer, answer: Any, error: type[Exception], words: str) -> None:
    with respx.mock as router:
        route = router.patch(ONE)
        if isinstance(answer, httpx.Response):
            route.respond(answer.status_code, content=answer.content, headers=dict(answer.headers))
        else:
            route.mock(side_effect=answer)
        with pytest.raises(error, match=words) as raised:
            await server.patch("argocd/cart", [])
    assert type(raised.value) is error
    assert TOKEN not in str(raised.value)
    assert API in str(raised.value)


async def test_a_read_without_an_answer_changes_nothing(server: ArgoCdServer) -> None:
    with respx.mock as router:
        router.get(f"{API}/api/v1/applications").mock(side_effect=httpx.ReadTimeout("slow"))
        with pytest.raises(Unavailable) as raised:
            await server.applications()
    assert not isinstance(raised.value, Unanswered)


async def test_the_end_of_a_refresh_is_not_waited_for(server: ArgoCdServer) -> None:
    with respx.mock as router:
        route = router.get(ONE, params={"refresh": "normal", "appNamespace": "argocd"})
        route.mock(side_effect=httpx.ReadTimeout("it is looking"))
        await server.refresh("argocd/cart")
    assert route.called


async def test_an_answer_without_end_is_given_up(server: ArgoCdServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_ANSWER", 1000)
    with respx.mock as router:
        router.get(f"{API}/api/v1/applications").respond(200, text="x" * 2000)
        with pytest.raises(Rejected, match="larger than"):
            await server.applications()


@pytest.mark.parametrize("content", ["", "two words", "näh"])
async def test_a_file_without_a_token_is_named_and_nothing_is_sent(
    token: Path, write: Callable[[Path, str], None], content: str
) -> None:
    write(token, content)
    with pytest.raises(Unavailable, match=r"token holds no token"):
        await ArgoCdServer(ArgoApi(API, str(token), "prod")).applications()


async def test_a_new_token_is_used_from_then_on(
    server: ArgoCdServer, stand_in: StandIn, token: Path, write: Callable[[Path, str], None]
) -> None:
    write(token, "revoked")
    with pytest.raises(Forbidden):
        await server.applications()
    write(token, TOKEN)
    assert await server.applications() == ()


async def test_an_authority_that_cannot_be_used_is_named(token: Path, tmp_path: Path) -> None:
    api = ArgoApi(API, str(token), "prod", str(tmp_path / "ca.pem"))
    with pytest.raises(Unavailable, match=r"ca\.pem cannot be used as an authority"):
        await ArgoCdServer(api).applications()


async def test_the_namespace_goes_with_each_request(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.make(an_application())
    stand_in.make(an_application({"spec": {"syncPolicy": {"automated": None}}}, namespace="team"))
    applications = ArgoCdApplications(server)
    found = await applications.read(Application("argocd", "team/cart", through=API))
    assert found is not None
    assert found.name == "team/cart"
    await applications.sync(found, (OLD,), "d-1")
    body = json.loads(stand_in.requests[-1].content)
    assert (body["name"], body["appNamespace"], body["revision"]) == ("cart", "team", OLD)
    assert "operation" not in stand_in.applications["argocd/cart"]


async def test_a_role_that_only_reads_is_told_what_it_lacks(server: ArgoCdServer, stand_in: StandIn) -> None:
    stand_in.make(an_application({"spec": {"syncPolicy": {"automated": None}}}))
    stand_in.allowed = {"get"}
    with pytest.raises(Forbidden, match="lacks `applications, sync`"):
        await ArgoCdApplications(server).sync(CART, (OLD,), "d-1")


@pytest.mark.parametrize(
    "other", [Application("flux-helm", "shop/cart", through=API), argocd.application(an_application())]
)
async def test_what_is_reached_otherwise_is_not_taken_for_a_namesake(server: ArgoCdServer, other: Application) -> None:
    with pytest.raises(Rejected, match="not reached through"):
        await ArgoCdApplications(server).refresh(other)
