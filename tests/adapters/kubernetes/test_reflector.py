from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from structlog.testing import capture_logs

from tests.adapters.kubernetes.scripted import LoopClock, Script, Stream, bookmark, event, gone, page, thing
from watcher.adapters.kubernetes.errors import Busy, Gone, NotFound
from watcher.adapters.kubernetes.fields import Json
from watcher.adapters.kubernetes.reflector import Reflector
from watcher.adapters.kubernetes.resources import DEPLOYMENTS
from watcher.ports import Forbidden, Unavailable

pytestmark = pytest.mark.looptime

Item = tuple[str, int]


class Seen:
    """What a sink was told."""

    def __init__(self) -> None:
        self.items: dict[str, int] = {}
        self.told: list[str] = []

    def put(self, item: Item) -> None:
        self.items[item[0]] = item[1]
        self.told.append(f"+{item[0]}")

    def drop(self, item: Item) -> None:
        del self.items[item[0]]
        self.told.append(f"-{item[0]}")


def project(raw: Json) -> Item | None:
    return None if raw["value"] < 0 else (raw["metadata"]["name"], raw["value"])


@asynccontextmanager
async def following(script: Script) -> AsyncIterator[tuple[Reflector[Item], Seen]]:
    seen = Seen()
    reflector = Reflector(script, DEPLOYMENTS, project, seen, LoopClock())
    task = asyncio.create_task(reflector.run())
    try:
        await asyncio.sleep(0.001)
        yield reflector, seen
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_lists_in_chunks_and_watches_from_there() -> None:
    script = Script([page(thing("a"), following="next"), page(thing("b"))], [Stream()])
    async with following(script) as (reflector, seen):
        assert seen.items == {"a": 0, "b": 0}
        assert reflector.listed
    assert script.requests("list") == [{"limit": "500"}, {"limit": "500", "continue": "next"}]
    (watch,) = script.requests("watch")
    assert watch["resourceVersion"] == "10"
    assert watch["allowWatchBookmarks"] == "true"
    assert 25 <= int(watch["timeoutSeconds"]) <= 35


async def test_a_continue_token_that_expires_restarts_the_list() -> None:
    old = page(thing("a"), thing("old"), following="next")
    script = Script([old, Gone("expired"), page(thing("a"), thing("b"))], [Stream()])
    async with following(script) as (_, seen):
        assert seen.items == {"a": 0, "b": 0}
        assert "+old" not in seen.told
    assert "continue" not in script.requests("list")[-1]


async def test_events_change_what_is_there() -> None:
    events = [
        event("ADDED", thing("b", 1, "11")),
        event("MODIFIED", thing("a", 2, "12")),
        event("DELETED", thing("b", 1, "13")),
    ]
    async with following(Script([page(thing("a"))], [Stream(events)])) as (_, seen):
        assert seen.items == {"a": 2}
        assert seen.told == ["+a", "+b", "+a", "-b"]


async def test_a_change_that_the_projection_does_not_show_is_none() -> None:
    script = Script([page(thing("a"))], [Stream([event("MODIFIED", thing("a", 0, "12"))])])
    async with following(script) as (_, seen):
        assert seen.told == ["+a"]


async def test_an_object_that_loses_interest_is_dropped() -> None:
    script = Script([page(thing("a"))], [Stream([event("MODIFIED", thing("a", -1, "12"))])])
    async with following(script) as (_, seen):
        assert seen.items == {}


async def test_a_watch_that_ends_goes_on_from_the_last_bookmark() -> None:
    script = Script([page()], [Stream([bookmark("77")], seconds=30), Stream()])
    async with following(script):
        await asyncio.sleep(31)
    assert [each["resourceVersion"] for each in script.requests("watch")] == ["10", "77"]
    assert len(script.requests("list")) == 1
    first, second = script.times("watch")
    assert second - first == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize("first", [Stream([gone()]), Gone("HTTP 410")])
async def test_a_version_that_is_too_old_is_listed_anew(first: Stream | Exception) -> None:
    lists = [page(thing("a"), thing("b")), page(thing("b", 5), thing("c"), version="20")]
    script = Script(lists, [first, Stream()])
    async with following(script) as (_, seen):
        await asyncio.sleep(2)
        assert seen.items == {"b": 5, "c": 0}
        assert seen.told == ["+a", "+b", "-a", "+b", "+c"]
    assert script.requests("watch")[-1]["resourceVersion"] == "20"


async def test_backs_off_with_jitter_up_to_ten_seconds() -> None:
    script = Script([Unavailable("refused") for _ in range(12)])
    async with following(script) as (reflector, _):
        await asyncio.sleep(120)
        assert not reflector.settled
        assert "refused" in reflector.problem
    gaps = [later - earlier for earlier, later in pairwise(script.times("list"))]
    for number, gap in enumerate(gaps):
        most = min(10.0, 2.0**number)
        assert most / 2 - 0.01 <= gap <= most + 0.01


async def test_the_server_says_how_long_to_stay_away() -> None:
    script = Script([Busy("429", retry_after=17.0), page()], [Stream()])
    async with following(script):
        await asyncio.sleep(20)
    first, second = script.times("list")
    assert 17 <= second - first < 18


async def test_says_once_that_it_fails_and_once_that_it_is_back() -> None:
    script = Script([page()], [Unavailable("down"), Unavailable("down"), Stream([bookmark("11")])])
    with capture_logs() as logs:
        async with following(script) as (reflector, _):
            await asyncio.sleep(10)
            assert reflector.problem == ""
    assert [entry["event"] for entry in logs] == ["watch_failed", "watch_restored"]


async def test_a_list_that_works_again_takes_the_note_away() -> None:
    script = Script([Unavailable("refused"), page(thing("a"))], [Stream()])
    async with following(script) as (reflector, _):
        assert reflector.problem == "refused"
        await asyncio.sleep(1.1)
        assert reflector.problem == ""


async def test_a_silent_watch_takes_the_note_away_within_seconds() -> None:
    watches = [Stream([bookmark("11")], ends_with=Unavailable("silent"), seconds=30), Stream(seconds=6), Stream()]
    async with following(Script([page()], watches)) as (reflector, _):
        await asyncio.sleep(30.1)
        assert reflector.problem == "silent"
        await asyncio.sleep(7)
        assert reflector.problem == ""


async def test_only_the_first_watch_after_a_failure_is_short() -> None:
    watches: list[Stream | Exception] = [Unavailable("down"), Stream(seconds=6), Stream()]
    script = Script([page()], watches)
    async with following(script):
        await asyncio.sleep(10)
    assert [int(each["timeoutSeconds"]) > 6 for each in script.requests("watch")] == [True, False, True]


async def test_a_watch_that_fails_though_lists_work_keeps_its_note_and_its_pauses() -> None:
    """Each time the server has forgotten where the watch was, and a new list says nothing of watching."""
    lists = [page(version=str(number)) for number in range(20)]
    watches: list[Stream | Exception] = [
        each for _ in range(20) for each in (Unavailable("no watching"), Gone("too old"))
    ]
    script = Script(lists, watches)
    async with following(script) as (reflector, _):
        await asyncio.sleep(60)
        assert reflector.problem == "no watching"
    assert len(script.requests("watch")) < 20


async def test_a_watch_that_is_ended_at_once_again_and_again_is_a_failure() -> None:
    script = Script([page()], [Stream(seconds=0.0) for _ in range(50)])
    async with following(script) as (reflector, _):
        await asyncio.sleep(60)
        assert "at once" in reflector.problem
    assert len(script.requests("watch")) < 20


async def test_a_silent_but_healthy_server_keeps_the_cache_young() -> None:
    script = Script([page()], [Stream(seconds=30) for _ in range(40)])
    async with following(script) as (reflector, _):
        for _ in range(200):
            await asyncio.sleep(5)
            assert reflector.age() <= 40


@pytest.mark.parametrize("dead", [Stream(), Stream(seconds=40, ends_with=Unavailable("silent"))])
async def test_a_dead_server_is_noticed_within_a_minute(dead: Stream) -> None:
    script = Script([page()], [Stream([bookmark("11")], seconds=30), dead, *[Unavailable("refused")] * 50])
    async with following(script) as (reflector, _):
        await asyncio.sleep(30 + 61)
        assert reflector.age() > 60


async def test_a_resource_that_is_not_installed_is_looked_for_every_few_minutes() -> None:
    script = Script([NotFound("no such resource"), page(thing("a"))], [Stream()])
    async with following(script) as (reflector, seen):
        assert reflector.settled
        await asyncio.sleep(140)
        assert (reflector.age(), seen.items) == (0.0, {})
        await asyncio.sleep(170)
        assert seen.items == {"a": 0}
        assert reflector.problem == ""


async def test_a_resource_that_vanishes_for_a_moment_keeps_what_is_known() -> None:
    watches: list[Stream | Exception] = [Stream([bookmark("11")], seconds=30), NotFound("not served yet"), Stream()]
    script = Script([page(thing("a")), page(thing("a"))], watches)
    async with following(script) as (reflector, seen):
        await asyncio.sleep(40)
        assert seen.told == ["+a"]
        assert reflector.age() < 40


async def test_a_resource_that_stays_away_is_forgotten() -> None:
    script = Script([page(thing("a")), *[NotFound("gone")] * 20], [NotFound("gone")])
    async with following(script) as (reflector, seen):
        await asyncio.sleep(60)
        assert seen.items == {}
        assert reflector.age() == 0.0


async def test_a_missing_permission_is_a_problem_that_holds_up_nobody_else() -> None:
    script = Script([*[Forbidden("cannot list deployments")] * 3, page(thing("a"))], [Stream()])
    async with following(script) as (reflector, seen):
        assert (reflector.settled, reflector.age()) == (True, 0.0)
        assert reflector.problem == "cannot list deployments"
        await asyncio.sleep(60)
        assert (seen.items, reflector.problem) == ({"a": 0}, "")


async def test_a_permission_that_is_taken_away_makes_the_cache_stale() -> None:
    script = Script([page(thing("a"))], [Stream([bookmark("11")], seconds=30), *[Forbidden("no more")] * 50])
    async with following(script) as (reflector, seen):
        await asyncio.sleep(100)
        assert seen.items == {"a": 0}
        assert reflector.age() > 60
