"""The contract on a stand-in of each provider that answers in its documented shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import respx

from tests.contract.flags.suite import FlagsContract, PreconditionContract
from tests.flags import growthbook, launchdarkly, unleash, webhook
from tests.flags.kept import ENVIRONMENT, KEY, PROJECT, SECRET, Asked, Kept, StandIn
from watcher.adapters.flags.configured import ConfiguredFlags
from watcher.config.flags import FlagKind, FlagProvider, FlagProviders
from watcher.core.flags import Flag, FlagSight
from watcher.ports import Changed, Forbidden, NotLeading, Rejected, Unanswered, Unavailable

pytestmark = pytest.mark.looptime

STAND_INS: dict[str, Callable[[Kept], StandIn]] = {
    "launchdarkly": launchdarkly.LaunchDarkly,
    "unleash": unleash.Unleash,
    "growthbook": growthbook.GrowthBook,
    "webhook": webhook.Webhook,
}
PROVIDERS = sorted(STAND_INS)
NOW = 1_790_000_600.0


class NotInTheCluster:
    """No provider of these is in the cluster."""

    async def look(self, flag: Flag) -> FlagSight:
        raise AssertionError(flag)

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        raise AssertionError(flag)


class ProviderWorld:
    """One provider behind HTTP."""

    def __init__(self, kind: str, directory: Path) -> None:
        self.kind, self.kept = kind, Kept()
        self.stand_in = STAND_INS[kind](self.kept)
        self.url = f"https://{kind}.test"
        (directory / "token").write_text(f"{self.kept.token}\n")
        (directory / "secret").write_text(f"{SECRET}\n")
        self.provider = FlagProvider(
            kind,
            FlagKind(kind),
            self.url,
            PROJECT,
            token_file=str(directory / "token"),
            secret_file=str(directory / "secret"),
            propagates=30.0,
        )
        self.left = 100.0
        self.flag = Flag(kind, KEY, ENVIRONMENT)
        self.flags = ConfiguredFlags(
            lambda: FlagProviders((self.provider,)), NotInTheCluster(), lambda: NOW, lambda: self.left
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content) if request.content else None
        path = request.url.raw_path.decode().partition("?")[0]
        query = dict(request.url.params)
        asked = Asked(request.method, path, query, body, dict(request.headers), request.content)
        before = len(self.kept.writes)
        answered = self.stand_in.answer(asked)
        if self.kept.silent and len(self.kept.writes) > before:
            raise httpx.ReadTimeout("")
        if answered.body is None:
            return httpx.Response(answered.status)
        return httpx.Response(answered.status, json=answered.body)

    async def on(self) -> bool:
        return self.kept.on

    async def writes(self) -> int:
        return len(self.kept.writes)

    async def somebody_changes(self, *, on: bool) -> None:
        self.kept.set(on)

    def before_next_write(self, change: Callable[[], object]) -> None:
        self.kept.in_between = self.kept.touch

    async def change_now(self) -> None:
        self.kept.touch()


@pytest.fixture(params=PROVIDERS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(kind: str, tmp_path: Path) -> ProviderWorld:
    return ProviderWorld(kind, tmp_path)


@pytest.fixture(autouse=True)
def server(world: ProviderWorld) -> Iterator[respx.MockRouter]:
    with respx.mock(assert_all_called=False) as router:
        router.route(url__startswith=world.url).mock(side_effect=world.answer)
        yield router


class TestProviders(FlagsContract):
    pass


@pytest.mark.parametrize("kind", ["launchdarkly", "growthbook", "webhook"])
class TestPrecondition(PreconditionContract):
    """Unleash takes none: what changes within the moment between look and write is not noticed."""


async def test_the_sight_tells_when_it_was_changed_and_how_long_a_change_takes(world: ProviderWorld) -> None:
    sight = await world.flags.look(world.flag)
    assert (sight.at, sight.changed, sight.propagates) == (NOW, world.kept.changed, 30.0)
    off = await world.flags.switch(world.flag, on=False, expected=sight.version)
    assert off.propagates == 30.0


@pytest.mark.parametrize("kind", ["launchdarkly", "growthbook", "webhook"])
async def test_the_reason_goes_into_the_log_of_the_provider(world: ProviderWorld) -> None:
    await world.flags.switch(world.flag, on=False, expected="", reason="watcher d1: errors")
    assert world.kept.reasons == ["watcher d1: errors"]


@pytest.mark.parametrize("kind", ["launchdarkly", "growthbook"])
async def test_an_archived_flag_is_no_way_back(world: ProviderWorld) -> None:
    world.kept.archived = True
    assert (await world.flags.look(world.flag)).problem == "it is archived, so switching it changes nothing"


async def test_a_token_that_is_not_accepted_is_not_shown(world: ProviderWorld) -> None:
    token, world.kept.token = world.kept.token, "another"
    with pytest.raises(Forbidden, match="the token is not accepted") as caught:
        await world.flags.look(world.flag)
    assert token not in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_where_changes_need_an_approval_nothing_is_switched(world: ProviderWorld) -> None:
    world.kept.locked = True
    with pytest.raises(Rejected) as caught:
        await world.flags.switch(world.flag, on=False, expected="")
    assert not isinstance(caught.value, Changed)
    assert world.kept.on


async def test_an_answer_that_is_lost_may_have_switched_it(world: ProviderWorld) -> None:
    seen = await world.flags.look(world.flag)
    world.kept.silent = True
    with pytest.raises(Unanswered, match="no answer within 20 s"):
        await world.flags.switch(world.flag, on=False, expected=seen.version)
    world.kept.silent = False
    assert (await world.flags.switch(world.flag, on=False, expected=seen.version)).on is False
    assert world.kept.writes == [False]


async def test_nothing_is_sent_that_would_outlive_the_lease(world: ProviderWorld) -> None:
    world.left = 0.0
    with pytest.raises(NotLeading, match="not sent, for this process does not lead any more"):
        await world.flags.switch(world.flag, on=False, expected="")
    assert world.kept.writes == []
    assert (await world.flags.look(world.flag)).on


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (httpx.Response(403, json={"message": "no"}), Forbidden, "answers 403: no; the token needs "),
        (httpx.Response(404), Rejected, "answers 404; if it is there, the token does not see it"),
        (httpx.Response(409, json={"message": "busy"}), Rejected, "answers 409: busy"),
        (httpx.Response(412), Rejected, "answers 412"),
        (httpx.Response(429, headers={"Retry-After": "7"}), Unavailable, "to be asked again in 7 s"),
        (httpx.Response(503, text="<html>"), Unavailable, "answers 503"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test"}), Rejected, "redirects are not followed"),
        (httpx.Response(200, text="<html>welcome</html>"), Rejected, "the answer is no JSON"),
        (httpx.Response(200, json=[1, 2]), Rejected, "is it the address of the API"),
        (httpx.Response(200, json={"feature": 3, "environments": "x"}), Rejected, "is it the address of the API"),
        (httpx.Response(200, content=b" " * (5 * 2**20)), Rejected, "the answer is larger than 4 MiB"),
        (httpx.ConnectError("connection refused"), Unavailable, "connection refused"),
        (httpx.ReadTimeout(""), Unavailable, "no answer within 20 s"),
    ],
)
async def test_what_a_provider_answers_that_is_none(
    world: ProviderWorld,
    server: respx.MockRouter,
    answer: httpx.Response | Exception,
    error: type[Exception],
    says: str,
) -> None:
    server.routes.clear()
    server.route(url__startswith=world.url).mock(side_effect=lambda _: _given(answer))
    with pytest.raises(error, match=says) as caught:
        await world.flags.look(world.flag)
    assert not isinstance(caught.value, Unanswered)


async def test_a_token_file_that_is_not_there_is_named(world: ProviderWorld, tmp_path: Path) -> None:
    (tmp_path / "token").unlink()
    (tmp_path / "secret").unlink()
    with pytest.raises(Unavailable, match="cannot be read"):
        await world.flags.look(world.flag)


async def test_a_provider_that_is_not_configured_is_named(world: ProviderWorld) -> None:
    with pytest.raises(Rejected, match="no provider other is configured; define it under flags"):
        await world.flags.look(Flag("other", KEY, ENVIRONMENT))


async def test_one_that_is_configured_anew_is_asked_anew(world: ProviderWorld, tmp_path: Path) -> None:
    assert (await world.flags.look(world.flag)).on
    world.provider = FlagProvider(world.kind, FlagKind(world.kind), "https://moved.test", PROJECT)
    with pytest.raises(Unavailable, match="cannot be read"):
        await world.flags.look(world.flag)


@pytest.mark.parametrize("kind", ["unleash"])
async def test_an_unleash_without_the_search_of_events_tells_no_time(world: ProviderWorld) -> None:
    assert isinstance(world.stand_in, unleash.Unleash)
    world.stand_in.old = True
    sight = await world.flags.look(world.flag)
    assert (sight.on, sight.version, sight.changed) == (True, "enabled:", None)
    assert (await world.flags.switch(world.flag, on=False, expected=sight.version)).on is False


def _given(answer: httpx.Response | Exception) -> httpx.Response:
    if isinstance(answer, Exception):
        raise answer
    return answer
