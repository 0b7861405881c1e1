"""GitLab's and Gitea's own ways."""

from __future__ import annotations

import json

import pytest
import respx
from structlog.testing import capture_logs

from watcher.adapters.forges.gitea import Gitea
from watcher.adapters.forges.gitlab import GitLab
from watcher.core.gitops import PullState

pytestmark = pytest.mark.looptime

GITLAB, GITEA = "https://gitlab.test/api/v4", "https://gitea.test/api/v1"
PROJECT = "/projects/acme%2Fplatform%2Fshop"
LINK = "https://gitlab.test/acme/platform/shop/-/merge_requests/7"
OPEN = {"iid": 7, "web_url": LINK, "state": "opened", "sha": "f" * 40}


async def token() -> str:
    return "word"


@pytest.mark.parametrize(
    ("commits", "merged"),
    [
        ({"merge_commit_sha": "a" * 40, "squash_commit_sha": "b" * 40}, "a" * 40),
        ({"merge_commit_sha": None, "squash_commit_sha": "b" * 40}, "b" * 40),
        ({"merge_commit_sha": None, "squash_commit_sha": None}, "f" * 40),
    ],
)
@respx.mock(base_url=GITLAB)
async def test_by_which_commit_a_merge_request_came_in(
    respx_mock: respx.MockRouter, commits: dict[str, object], merged: str
) -> None:
    respx_mock.get(f"{PROJECT}/merge_requests/7").respond(json=OPEN | {"state": "merged"} | commits)
    found = await GitLab(GITLAB, "acme/platform/shop", token).state(LINK)
    assert (found.state, found.merged) == (PullState.MERGED, merged)


@respx.mock(base_url=GITLAB)
async def test_one_that_is_being_merged_is_open_yet(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{PROJECT}/merge_requests/7").respond(json=OPEN | {"state": "locked"})
    assert (await GitLab(GITLAB, "acme/platform/shop", token).state(LINK)).state is PullState.OPEN


@respx.mock(base_url=GITLAB)
async def test_gitlab_needs_a_moment_before_it_can_merge_by_itself(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{PROJECT}/merge_requests").respond(json=[OPEN])
    merge = respx_mock.put(f"{PROJECT}/merge_requests/7/merge")
    merge.side_effect = [
        respx.MockResponse(405, json={"message": "405 Method Not Allowed"}),
        respx.MockResponse(200, json=OPEN),
    ]
    with capture_logs() as logs:
        await GitLab(GITLAB, "acme/platform/shop", token).open("b", "main", "title", "text", merge=True)
    assert merge.call_count == 2
    assert json.loads(merge.calls.last.request.content) == {"auto_merge": True, "merge_when_pipeline_succeeds": True}
    assert logs == []


@respx.mock(base_url=GITLAB)
async def test_that_it_does_not_merge_by_itself_is_logged(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{PROJECT}/merge_requests").respond(json=[OPEN])
    respx_mock.put(f"{PROJECT}/merge_requests/7/merge").respond(401, json={"message": "401 Unauthorized"})
    with capture_logs() as logs:
        pull = await GitLab(GITLAB, "acme/platform/shop", token).open("b", "main", "title", "text", merge=True)
    assert pull.state is PullState.OPEN
    assert [(each["event"], each["link"]) for each in logs] == [("auto_merge_refused", LINK)]


@respx.mock(base_url=GITLAB)
async def test_a_protection_by_a_wildcard_is_seen_at_the_branch(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{PROJECT}/repository/branches/release%2F1.0").respond(json={"protected": True, "can_push": False})
    assert await GitLab(GITLAB, "acme/platform/shop", token).protected("release/1.0")


@respx.mock(base_url=GITEA)
async def test_gitea_is_asked_by_both_branches(respx_mock: respx.MockRouter) -> None:
    path = "/repos/team/shop/pulls/release%2F1.0/watcher/revert-d1"
    fields = {"number": 3, "html_url": "https://gitea.test/team/shop/pulls/3", "state": "open", "merged": False}
    found = respx_mock.get(path).respond(json=fields)
    merge = respx_mock.post("/repos/team/shop/pulls/3/merge").respond(201)
    forge = Gitea(GITEA, "team/shop", token)
    await forge.open("watcher/revert-d1", "release/1.0", "title", "text", merge=True)
    assert found.calls.last.request.url.raw_path.decode() == f"/api/v1{path}"
    body = json.loads(merge.calls.last.request.content)
    assert (body["Do"], body["merge_when_checks_succeed"]) == ("merge", True)
