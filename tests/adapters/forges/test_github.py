"""GitHub's own ways: rulesets, protections whose terms may not be read, limits said with 403, auto-merge by GraphQL."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import respx

from watcher.adapters.forges.github import GitHub
from watcher.core.gitops import PullState
from watcher.ports import Forbidden, Rejected, Unavailable

pytestmark = pytest.mark.looptime

API = "https://api.github.test"
OPEN = {"number": 12, "node_id": "PR_12", "html_url": "https://github.test/team/shop/pull/12", "state": "open"}


@pytest.fixture
def server() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=API, assert_all_called=False) as router:
        router.get("/repos/team/shop/pulls").respond(json=[OPEN])
        router.get("/repos/team/shop/rules/branches/main").respond(json=[])
        yield router


async def token() -> str:
    return "word"


@pytest.fixture
def forge() -> GitHub:
    return GitHub(API, "team/shop", token)


async def test_a_pull_request_is_looked_for_by_its_branch(forge: GitHub, server: respx.MockRouter) -> None:
    pull = await forge.open("watcher/revert-d1", "main", "title", "text", merge=False)
    assert (pull.link, pull.state) == (OPEN["html_url"], PullState.OPEN)
    asked = server.calls.last.request
    assert dict(asked.url.params) == {
        "head": "team:watcher/revert-d1",
        "base": "main",
        "state": "all",
        "sort": "created",
        "direction": "desc",
        "per_page": "1",
    }
    assert asked.headers["accept"] == "application/vnd.github+json"
    assert asked.headers["x-github-api-version"] == "2022-11-28"
    assert asked.headers["authorization"] == "Bearer word"


@pytest.mark.parametrize(
    ("rule", "refused"),
    [("pull_request", True), ("update", True), ("merge_queue", True), ("non_fast_forward", False), ("deletion", False)],
)
async def test_rules_of_a_ruleset_that_refuse_a_push(
    forge: GitHub, server: respx.MockRouter, rule: str, refused: bool
) -> None:
    server.get("/repos/team/shop/rules/branches/main").respond(json=[{"type": rule, "ruleset_id": 42}])
    server.get("/repos/team/shop/rulesets/42").respond(json={"id": 42, "current_user_can_bypass": "never"})
    server.get("/repos/team/shop/branches/main/protection").respond(404, json={"message": "Branch not protected"})
    assert await forge.protected("main") is refused


@pytest.mark.parametrize(
    ("status", "bypass", "refused"),
    [(200, "always", False), (200, "exempt", False), (200, "pull_requests_only", True), (404, "", True)],
)
async def test_who_is_excepted_from_a_ruleset_may_push(
    forge: GitHub, server: respx.MockRouter, status: int, bypass: str, refused: bool
) -> None:
    server.get("/repos/team/shop/rules/branches/main").respond(json=[{"type": "pull_request", "ruleset_id": 42}])
    server.get("/repos/team/shop/rulesets/42").respond(status, json={"current_user_can_bypass": bypass})
    server.get("/repos/team/shop/branches/main/protection").respond(404, json={"message": "Branch not protected"})
    assert await forge.protected("main") is refused


@pytest.mark.parametrize(
    ("status", "terms", "refused"),
    [
        (200, {"allow_force_pushes": {"enabled": False}, "enforce_admins": {"enabled": True}}, False),
        (200, {"required_pull_request_reviews": {"required_approving_review_count": 1}}, True),
        (200, {"required_pull_request_reviews": {"bypass_pull_request_allowances": {"apps": [{"slug": "w"}]}}}, False),
        (200, {"required_status_checks": {"strict": True, "contexts": ["test"]}}, True),
        (200, {"restrictions": {"users": [], "teams": [], "apps": [{"slug": "watcher"}]}}, False),
        (200, {"lock_branch": {"enabled": True}}, True),
        (403, {"message": "Resource not accessible by personal access token"}, False),
        (404, {"message": "Branch not protected"}, False),
    ],
)
async def test_a_protection_counts_where_it_excepts_nobody(
    forge: GitHub, server: respx.MockRouter, status: int, terms: dict[str, object], refused: bool
) -> None:
    server.get("/repos/team/shop/branches/main/protection").respond(status, json=terms)
    assert await forge.protected("main") is refused


async def test_a_limit_that_is_said_with_403_is_no_missing_permission(forge: GitHub, server: respx.MockRouter) -> None:
    limit = {"message": "API rate limit exceeded for user ID 1."}
    server.get("/repos/team/shop/pulls/12").respond(403, json=limit, headers={"x-ratelimit-remaining": "0"})
    with pytest.raises(Unavailable, match="rate limit exceeded"):
        await forge.state("https://github.test/team/shop/pull/12")
    server.get("/repos/team/shop/pulls/12").respond(403, json={"message": "Resource not accessible"})
    with pytest.raises(Forbidden, match="the token needs the repository permissions `Contents`"):
        await forge.state("https://github.test/team/shop/pull/12")


async def test_why_it_is_not_opened_is_told(forge: GitHub, server: respx.MockRouter) -> None:
    server.get("/repos/team/shop/pulls").respond(json=[])
    cause = {"message": "No commits between main and watcher/revert-d1"}
    server.post("/repos/team/shop/pulls").respond(422, json={"message": "Validation Failed", "errors": [cause]})
    with pytest.raises(Rejected, match="Validation Failed; No commits between main and"):
        await forge.open("watcher/revert-d1", "main", "title", "text", merge=False)


def errors(text: str) -> dict[str, object]:
    return {"data": None, "errors": [{"message": text}]}


async def test_auto_merge_takes_a_way_of_merging_that_is_allowed(forge: GitHub, server: respx.MockRouter) -> None:
    graphql = server.post("/graphql")
    graphql.side_effect = [
        respx.MockResponse(200, json=errors("Merge method merge commits are not allowed on this repository")),
        respx.MockResponse(200, json={"data": {}}),
    ]
    await forge.open("watcher/revert-d1", "main", "title", "text", merge=True)
    variables = [json.loads(call.request.content)["variables"] for call in graphql.calls]
    assert variables == [{"id": "PR_12", "method": "MERGE"}, {"id": "PR_12", "method": "SQUASH"}]


async def test_where_nothing_is_to_be_waited_for_it_is_merged(forge: GitHub, server: respx.MockRouter) -> None:
    server.post("/graphql").respond(json=errors("Pull request Pull request is in clean status"))
    merge = server.put("/repos/team/shop/pulls/12/merge").respond(json={"merged": True})
    await forge.open("watcher/revert-d1", "main", "title", "text", merge=True)
    assert json.loads(merge.calls.last.request.content) == {"merge_method": "merge"}


async def test_an_enterprise_server_has_graphql_beside_its_rest_api() -> None:
    with respx.mock(base_url="https://ghe.test/api") as router:
        router.get("/v3/repos/team/shop/pulls").respond(json=[OPEN])
        graphql = router.post("/graphql").respond(json={"data": {}})
        await GitHub("https://ghe.test/api/v3", "team/shop", token).open("b", "main", "title", "text", merge=True)
        assert graphql.called


async def test_a_repository_that_was_renamed_needs_its_new_address(forge: GitHub, server: respx.MockRouter) -> None:
    moved = "https://api.github.test/repositories/1/pulls/12"
    server.get("/repos/team/shop/pulls/12").respond(301, json={"url": moved}, headers={"location": moved})
    with pytest.raises(Rejected, match="it has moved"):
        await forge.state("https://github.test/team/shop/pull/12")


async def test_what_is_no_api_is_told(forge: GitHub, server: respx.MockRouter) -> None:
    server.get("/repos/team/shop/pulls/12").respond(text="<html>sign in</html>")
    with pytest.raises(Rejected, match=r"is it the address of the API\?"):
        await forge.state("https://github.test/team/shop/pull/12")
