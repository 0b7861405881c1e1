"""Watch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from tests.contract.kubernetes.api import Api, Json
from tests.contract.kubernetes.manifests import config_map

SECONDS = 20


async def take(events: AsyncIterator[Json], count: int) -> list[tuple[str, str]]:
    """Type and name of the next events."""
    seen = []
    async with asyncio.timeout(SECONDS):
        async for event in events:
            seen.append((event["type"], event["object"]["metadata"]["name"]))
            if len(seen) == count:
                return seen
    raise AssertionError(f"the stream ended after {seen}")


async def test_changes_after_a_resource_version_arrive_in_order(api: Api) -> None:
    await api.create("configmaps", config_map("before", labels={"set": "w"}))
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    async with api.watch("configmaps", resourceVersion=version, labelSelector="set=w") as events:
        await api.create("configmaps", config_map("one", labels={"set": "w"}))
        await api.patch("configmaps", "one", {"data": {"a": "1"}})
        await api.delete("configmaps", "one")
        assert await take(events, 3) == [("ADDED", "one"), ("MODIFIED", "one"), ("DELETED", "one")]


async def test_what_happened_before_the_watch_began_is_told_after_its_resource_version(api: Api) -> None:
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    await api.create("configmaps", config_map("one", labels={"set": "w"}))
    await api.delete("configmaps", "one")
    async with api.watch("configmaps", resourceVersion=version, labelSelector="set=w") as events:
        assert await take(events, 2) == [("ADDED", "one"), ("DELETED", "one")]


async def test_without_a_resource_version_the_present_state_comes_first(api: Api) -> None:
    for name in ("a", "b"):
        await api.create("configmaps", config_map(name, labels={"set": "w"}))
    async with api.watch("configmaps", labelSelector="set=w") as events:
        assert sorted(await take(events, 2)) == [("ADDED", "a"), ("ADDED", "b")]
        await api.delete("configmaps", "a")
        assert await take(events, 1) == [("DELETED", "a")]


async def test_an_object_that_leaves_the_selection_is_deleted_for_the_watcher(api: Api) -> None:
    await api.create("configmaps", config_map("one", labels={"set": "w"}))
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    async with api.watch("configmaps", resourceVersion=version, labelSelector="set=w") as events:
        await api.patch("configmaps", "one", {"metadata": {"labels": {"set": "other"}}})
        await api.patch("configmaps", "one", {"metadata": {"labels": {"set": "w"}}})
        assert await take(events, 2) == [("DELETED", "one"), ("ADDED", "one")]


async def test_a_bookmark_comes_before_the_stream_ends(api: Api) -> None:
    await api.create("configmaps", config_map("one"))  # a real server sends none before it has seen a change
    version = (await api.get("configmaps"))["metadata"]["resourceVersion"]
    bookmarks: list[Json] = []
    async with asyncio.timeout(SECONDS):
        while not bookmarks:  # a server may leave one out when it is busy at that moment
            async with api.watch(
                "configmaps", resourceVersion=version, allowWatchBookmarks="true", timeoutSeconds=4
            ) as events:
                bookmarks = [event async for event in events if event["type"] == "BOOKMARK"]
    bookmark = bookmarks[-1]
    assert bookmark["object"]["kind"] == "ConfigMap"
    assert int(bookmark["object"]["metadata"]["resourceVersion"]) >= int(version)


async def test_the_stream_ends_at_its_timeout(api: Api) -> None:
    version = (await api.get("deployments"))["metadata"]["resourceVersion"]
    async with (
        asyncio.timeout(SECONDS),
        api.watch("deployments", resourceVersion=version, timeoutSeconds=1) as events,
    ):
        assert [event async for event in events if event["type"] != "BOOKMARK"] == []


async def test_a_resource_version_that_is_too_old_is_a_410_inside_the_stream(api: Api) -> None:
    async with asyncio.timeout(SECONDS), api.watch("rollouts", resourceVersion="1") as events:
        [event] = [event async for event in events]
    assert event["type"] == "ERROR"
    assert (event["object"]["kind"], event["object"]["code"], event["object"]["reason"]) == ("Status", 410, "Expired")
    assert "too old resource version: 1" in event["object"]["message"]
