"""What every `Forge` must do, on a stand-in of each forge that answers in its documented shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from tests.forges import gitea, github, gitlab
from tests.forges.pulls import Asked, Kept, StandIn
from watcher.adapters.forges import ConfiguredForges
from watcher.config.gitops import ConfigRepository, ForgeAccess, ForgeKind, GitOps
from watcher.core.gitops import PullState
from watcher.ports import Forbidden, Rejected, Unanswered, Unavailable
from watcher.ports.git import Forge, PullRequest

pytestmark = pytest.mark.looptime

BRANCH, TITLE, TEXT = "watcher/revert-d1", 'Revert "Checkout 2.5"', "181 of 904 requests failed (20 %)."
STAND_INS: dict[str, tuple[Callable[[Kept], StandIn], str]] = {
    "github": (github.GitHub, "https://api.github.test"),
    "gitlab": (gitlab.GitLab, "https://gitlab.test/api/v4"),
    "gitea": (gitea.Gitea, "https://gitea.test/api/v1"),
}


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture(params=sorted(STAND_INS))
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def server(kind: str, kept: Kept) -> Iterator[respx.MockRouter]:
    made, api = STAND_INS[kind]
    stand_in = made(kept)

    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.raw_path.decode().partition("?")[0]
        body = json.loads(request.content) if request.content else None
        below = path.removeprefix(httpx.URL(api).path.rstrip("/"))
        asked = Asked(request.method, below, dict(request.url.params), body, request.headers["authorization"])
        answered = stand_in.answer(asked)
        if kept.silent and asked.method == "POST":
            raise httpx.ReadTimeout("")
        return httpx.Response(answered.status, json=answered.body, headers=answered.headers)

    with respx.mock(assert_all_called=False) as router:
        router.route(url__startswith=api).mock(side_effect=answer)
        yield router


@pytest.fixture
def forge(kind: str, kept: Kept, server: respx.MockRouter, tmp_path: Path) -> Forge:
    file = tmp_path / "token"
    file.write_text(f"{kept.token}\n")
    access = ForgeAccess(ForgeKind(kind), STAND_INS[kind][1], str(file))
    entry = ConfigRepository((f"https://{kind}.test/*",), forge=access)
    found = ConfiguredForges(lambda: GitOps((entry,)), lambda: 0.0).forge(f"https://{kind}.test/team/shop.git")
    assert found is not None
    return found


async def opened(forge: Forge, *, merge: bool = False) -> PullRequest:
    return await forge.open(BRANCH, "main", TITLE, TEXT, merge=merge)


async def test_a_pull_request_is_opened_and_found_again(forge: Forge, kept: Kept) -> None:
    pull = await opened(forge)
    assert (pull.state, pull.merged) == (PullState.OPEN, "")
    assert await forge.state(pull.link) == pull
    (made,) = kept.pulls
    assert (made.branch, made.onto, made.title, made.text, made.by_itself) == (BRANCH, "main", TITLE, TEXT, False)


async def test_it_is_opened_once_however_often_it_is_asked_for(forge: Forge, kept: Kept) -> None:
    assert await opened(forge) == await opened(forge)
    assert len(kept.pulls) == 1


async def test_one_that_comes_in_between_is_taken(forge: Forge, kept: Kept) -> None:
    kept.in_between = lambda: kept.make(BRANCH, "main", "made by another process", "")
    pull = await opened(forge)
    assert pull.state is PullState.OPEN
    assert [each.title for each in kept.pulls] == ["made by another process"]


async def test_a_merged_one_names_the_commit_and_is_not_opened_again(forge: Forge, kept: Kept) -> None:
    pull = await opened(forge)
    kept.pulls[0].state, kept.pulls[0].merged = "merged", "a" * 40
    assert await forge.state(pull.link) == PullRequest(pull.link, PullState.MERGED, "a" * 40)
    assert await opened(forge, merge=True) == PullRequest(pull.link, PullState.MERGED, "a" * 40)
    assert (len(kept.pulls), kept.pulls[0].by_itself) == (1, False)


async def test_a_closed_one_stays_closed(forge: Forge, kept: Kept) -> None:
    pull = await opened(forge)
    kept.pulls[0].state = "closed"
    assert await forge.state(pull.link) == PullRequest(pull.link, PullState.CLOSED)
    assert (await opened(forge)).state is PullState.CLOSED
    assert len(kept.pulls) == 1


async def test_the_forge_is_asked_to_merge_by_itself(forge: Forge, kept: Kept) -> None:
    await opened(forge, merge=True)
    assert kept.pulls[0].by_itself


async def test_where_it_will_not_the_pull_request_is_there_all_the_same(forge: Forge, kept: Kept) -> None:
    kept.mergeable = "Auto merge is not allowed for this repository"
    assert (await opened(forge, merge=True)).state is PullState.OPEN
    assert not kept.pulls[0].by_itself


async def test_a_protected_branch_is_known(forge: Forge, kept: Kept) -> None:
    kept.protected.add("main")
    assert await forge.protected("main")
    assert not await forge.protected("release/1.0")


async def test_a_token_that_is_not_accepted_is_not_shown(forge: Forge, kept: Kept) -> None:
    token, kept.token = kept.token, "another"
    for asked in (opened(forge), forge.protected("main"), forge.state("https://forge.test/team/shop/pulls/1")):
        with pytest.raises(Forbidden, match="the token is not accepted") as caught:
            await asked
        assert token not in str(caught.value)


async def test_what_is_not_there_may_only_not_be_seen(forge: Forge, kept: Kept) -> None:
    kept.repository = "team/other"
    with pytest.raises(Rejected, match="if it is there, the token does not see it: it needs the"):
        await opened(forge)


async def test_a_link_that_is_none_is_refused(forge: Forge) -> None:
    with pytest.raises(Rejected, match="is no address of a pull request"):
        await forge.state("https://forge.test/team/shop")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(429, headers={"Retry-After": "7"}), "to be asked again in 7 s"),
        (httpx.Response(502, text="<html>bad gateway</html>"), "answers 502$"),
    ],
)
async def test_a_forge_that_is_busy_is_asked_later(
    forge: Forge, kind: str, server: respx.MockRouter, answer: httpx.Response, says: str
) -> None:
    server.routes.clear()
    server.route(url__startswith=STAND_INS[kind][1]).mock(return_value=answer)
    with pytest.raises(Unavailable, match=says):
        await opened(forge)


async def test_one_that_cannot_be_reached_too(forge: Forge, kind: str, server: respx.MockRouter) -> None:
    server.routes.clear()
    server.route(url__startswith=STAND_INS[kind][1]).mock(side_effect=httpx.ConnectError("connection refused"))
    with pytest.raises(Unavailable, match="connection refused") as caught:
        await opened(forge)
    assert not isinstance(caught.value, Unanswered)


async def test_an_answer_that_is_lost_may_have_opened_it(forge: Forge, kept: Kept) -> None:
    kept.silent = True
    with pytest.raises(Unanswered, match="no answer within 20 s"):
        await opened(forge)
    kept.silent = False
    assert (await opened(forge)).state is PullState.OPEN
    assert len(kept.pulls) == 1
