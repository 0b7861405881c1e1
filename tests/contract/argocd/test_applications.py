"""What the way back through Git builds on."""

from __future__ import annotations

from tests.contract.argocd.conftest import Service
from tests.contract.argocd.kept import BAD, GOOD, REFRESH, TRACKING, Json, Kept, sizes_of


async def test_a_first_commit_is_deployed_and_marked(service: Service) -> None:
    async with service() as cart:
        sha = await cart.deploy(GOOD)
        live, namespace = await cart.live(), cart.workloads.namespace
        tracking = (await cart.workload())["metadata"]["annotations"][TRACKING]
        pods = (await cart.workload())["spec"]["template"]["metadata"]

    assert tracking == f"{cart.name}:apps/Deployment:{namespace}/cart"
    assert TRACKING not in pods.get("annotations", {})
    status = live["status"]
    (resource,) = status["resources"]
    assert {key: resource.get(key) for key in ("group", "version", "kind", "namespace", "name", "status")} == {
        "group": "apps",
        "version": "v1",
        "kind": "Deployment",
        "namespace": namespace,
        "name": "cart",
        "status": "Synced",
    }
    (synced,) = status["history"]
    assert (synced["id"], synced["revision"], synced["source"]) == (0, sha, live["spec"]["source"])
    assert synced["deployStartedAt"] <= synced["deployedAt"] <= status["reconciledAt"]
    assert status["sync"]["comparedTo"]["source"] == live["spec"]["source"]


async def test_a_new_commit_is_deployed_after_a_refresh(service: Service) -> None:
    async with service() as cart:
        first = await cart.deploy(GOOD)
        second = cart.commit(BAD)
        await cart.refresh()
        live = await cart.settles(second, BAD)
        history = await cart.history()

    assert history == [first, second]
    assert REFRESH not in live["metadata"].get("annotations", {})
    state = live["status"]["operationState"]
    assert (state["phase"], state["syncResult"]["revision"]) == ("Succeeded", second)
    assert state["operation"]["initiatedBy"] == {"automated": True}
    assert state["startedAt"] <= state["finishedAt"]


async def test_self_heal_puts_an_undo_back_and_leaves_no_history(service: Service) -> None:
    async with service() as cart:
        first = await cart.deploy(GOOD)
        second = cart.commit(BAD)
        await cart.refresh()
        await cart.settles(second, BAD)
        async with cart.recording() as recorded:
            await cart.set_image(GOOD)
            await came_back(cart, recorded)
            live = await cart.settles(second, BAD)

        assert sizes_of(recorded, GOOD)[-1] == 0
        assert await cart.history() == [first, second]
        assert [each["name"] for each in live["status"]["operationState"]["operation"]["sync"]["resources"]] == ["cart"]


async def came_back(cart: Kept, recorded: list[tuple[str, int]]) -> None:
    """Waits until the undo was put back."""

    async def put_back() -> bool:
        return bool(sizes_of(recorded, GOOD)) and await cart.image() == BAD

    await cart.until(put_back, "self-heal has put the bad image back")


async def test_revert_refresh_and_undo_in_this_order_never_bring_the_bad_version_back(service: Service) -> None:
    async with service() as cart:
        await cart.deploy(GOOD)
        bad = cart.commit(BAD)
        await cart.refresh()
        await cart.settles(bad, BAD)
        async with cart.recording() as recorded:
            reverted = cart.commit(GOOD)
            await cart.refresh()
            await cart.set_image(GOOD)
            await cart.settles(reverted, GOOD)

    sizes = sizes_of(recorded, BAD)
    assert sizes[-1] == 0
    assert sizes == sorted(sizes, reverse=True), sizes


async def test_without_automation_an_operation_syncs_to_an_earlier_commit(service: Service) -> None:
    async with service() as cart:
        first = cart.commit(GOOD)
        await cart.create(automated=False)
        await cart.until(lambda: compared(cart), "it was compared for the first time")
        await cart.sync_to(first)
        await cart.settles(first, GOOD)
        second = cart.commit(BAD)
        await cart.refresh()
        await cart.until(lambda: outdated(cart, second), "it is out of sync with the new commit")
        assert await cart.image() == GOOD
        await cart.sync_to(second)
        await cart.settles(second, BAD)
        await cart.sync_to(first)
        await cart.sync_to(second, code=422)
        await cart.until(lambda: outdated(cart, second), "the earlier commit is deployed")
        await cart.until(lambda: serves(cart, GOOD), "the earlier version is there")
        assert await cart.history() == [first, second, first]


async def compared(cart: Kept) -> Json | None:
    return dict((await cart.live()).get("status", {}).get("sync", {}))


async def outdated(cart: Kept, sha: str) -> bool:
    live = await cart.live()
    sync = live["status"]["sync"]
    return (sync["status"], sync["revision"], "operation" in live) == ("OutOfSync", sha, False)


async def serves(cart: Kept, image: str) -> bool:
    return await cart.image() == image


async def test_a_commit_that_it_is_pinned_to_stays_also_against_an_undo_of_it(service: Service) -> None:
    async with service() as cart:
        first = await cart.deploy(GOOD)
        second = cart.commit(BAD)
        await cart.refresh()
        await cart.settles(second, BAD)
        await cart.patch({"spec": {"source": {"targetRevision": first}}})
        await cart.settles(first, GOOD)
        await cart.set_image(BAD)
        await cart.settles(first, GOOD)
        await cart.patch({"spec": {"source": {"targetRevision": "main"}}})
        await cart.settles(second, BAD)


async def test_a_source_that_cannot_be_read_is_seen_in_the_conditions(service: Service) -> None:
    async with service() as cart:
        first = await cart.deploy(GOOD)
        await cart.patch({"spec": {"source": {"path": "nowhere"}}})
        assert "path does not exist" in await cart.until(lambda: complaint(cart), "it cannot compare")
        assert (await cart.live())["status"]["sync"]["status"] == "Unknown"
        await cart.patch({"spec": {"source": {"path": "cart"}}})
        live = await cart.settles(first, GOOD)

    assert [each for each in live["status"].get("conditions", []) if each["type"] == "ComparisonError"] == []


async def complaint(cart: Kept) -> str:
    """Why it cannot compare; empty while it can."""
    conditions = (await cart.live()).get("status", {}).get("conditions", [])
    return " ".join(each["message"] for each in conditions if each["type"] == "ComparisonError")
