"""What the port `Applications` must do with Argo CD's Applications, whatever way it takes to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

import pytest

from tests.core.applications import CART as LISTED
from tests.core.applications import NEW, OLD, REPO, SOURCE, an_application, merged, of_sources
from watcher.core.gitops import Application
from watcher.core.keepers import argocd
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.ports import Changed, Rejected
from watcher.ports.git import Applications

Json = dict[str, Any]
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
BY_HAND: Json = {"spec": {"syncPolicy": {"automated": None}}}
BY_A_SET = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "shops", "uid": "u"}
RUNNING = {"status": {"operationState": {"phase": "Running", "operation": {"sync": {"revision": OLD}}}}}


class World(Protocol):
    """The Application argocd/cart, and the port."""

    applications: Applications
    through: str

    async def make(self, raw: Json) -> None:
        """Make it."""

    async def raw(self) -> Json:
        """It as it is."""

    async def merge(self, change: Json) -> None:
        """Change it as somebody else would."""

    def before_next_write(self, change: Json) -> None:
        """Let somebody else change it right before the next write comes."""


async def read(world: World) -> Application:
    found = await world.applications.read(Application("argocd", "argocd/cart", through=world.through))
    assert found is not None
    return found


async def made(world: World, change: Json | None = None, base: Json | None = None) -> Application:
    await world.make(merged(base or an_application(), change or {}))
    return await read(world)


async def bridged(world: World) -> Application:
    """It is pinned to the old commit by decision d-1."""
    found = await made(world)
    await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
    return await read(world)


def marks(raw: Json) -> Json:
    found = raw["metadata"].get("annotations") or {}
    return {key: value for key, value in found.items() if key.startswith("watcher.dev/")}


class ApplicationsContract:
    """Mix into a test class beside a fixture `world`."""

    async def test_it_is_read_as_it_is_now(self, world: World) -> None:
        found = await made(world)
        assert found == argocd.application(an_application(), world.through)
        await world.merge({"status": {"health": {"status": "Degraded"}}})
        assert not (await read(world)).healthy

    async def test_one_that_is_not_there_is_none(self, world: World) -> None:
        assert await world.applications.read(Application("argocd", "argocd/other", through=world.through)) is None

    async def test_a_look_at_its_sources_is_asked_for(self, world: World) -> None:
        found = await made(world, {"metadata": {"annotations": {"team": "shop"}}})
        await world.applications.refresh(found)
        annotations = (await world.raw())["metadata"]["annotations"]
        assert annotations == {"team": "shop", "argocd.argoproj.io/refresh": "normal"}

    async def test_a_sync_goes_to_one_commit_with_its_own_options(self, world: World) -> None:
        found = await made(world, BY_HAND)
        await world.applications.sync(found, (OLD,), "d-1")
        operation = (await world.raw())["operation"]
        assert operation["sync"]["revision"] == OLD
        assert operation["sync"]["syncOptions"] == ["CreateNamespace=true"]
        assert operation["info"] == [{"name": "watcher.dev/decision", "value": "d-1"}]
        assert not operation["sync"].get("prune")
        assert (await read(world)).syncing

    async def test_the_same_sync_again_is_done_already(self, world: World) -> None:
        found = await made(world, BY_HAND)
        await world.applications.sync(found, (OLD,), "d-1")
        before = await world.raw()
        await world.applications.sync(found, (OLD,), "d-1")
        assert await world.raw() == before
        ended = {"phase": "Succeeded", "operation": before["operation"]}
        await world.merge({"operation": None, "status": {"operationState": ended}})
        await world.applications.sync(found, (OLD,), "d-1")
        assert "operation" not in await world.raw()

    async def test_of_several_sources_each_goes_to_its_commit_and_a_chart_stays(self, world: World) -> None:
        chart = {
            "repoURL": "https://charts.example.com",
            "chart": "cart",
            "targetRevision": "1.x",
            "helm": {"valueFiles": ["$values/prod.yaml"]},
        }
        raw = of_sources(chart, {"repoURL": REPO, "targetRevision": "main", "ref": "values"})
        found = await made(world, BY_HAND, raw)
        await world.applications.sync(found, (OLD,), "d-1")
        assert (await world.raw())["operation"]["sync"]["revisions"] == [f"0{NEW[1:]}", OLD]

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({}, "syncs by itself"),
            (merged(BY_HAND, RUNNING), "another operation runs"),
            (merged(BY_HAND, {"operation": {"sync": {"revision": NEW}}}), "another operation runs"),
            (merged(BY_HAND, {"spec": {"source": {"targetRevision": "v1.0.0"}}}), "fixed to the version"),
        ],
    )
    async def test_a_sync_is_refused(self, world: World, change: Json, reason: str) -> None:
        found = replace(await made(world, change), automated=False)
        before = await world.raw()
        with pytest.raises(Rejected, match=reason):
            await world.applications.sync(found, (OLD,), "d-1")
        assert await world.raw() == before

    @pytest.mark.parametrize("revisions", [(), (OLD, OLD), ("main",), (OLD[:7],)])
    async def test_a_sync_needs_a_commit_for_each_source(self, world: World, revisions: tuple[str, ...]) -> None:
        found = await made(world, BY_HAND)
        with pytest.raises(Rejected, match=r"sources by now|whole commit"):
            await world.applications.sync(found, revisions, "d-1")
        assert "operation" not in await world.raw()

    async def test_an_operation_that_comes_between_is_never_replaced(self, world: World) -> None:
        found = await made(world, BY_HAND)
        world.before_next_write({"operation": {"sync": {"revision": NEW}}})
        with pytest.raises(Rejected):
            await world.applications.sync(found, (OLD,), "d-1")
        assert (await world.raw())["operation"] == {"sync": {"revision": NEW}}

    async def test_an_operation_of_ours_is_terminated(self, world: World) -> None:
        await made(world, BY_HAND)
        ours = {"info": [{"name": "watcher.dev/decision", "value": "d-1"}], "sync": {"revision": OLD}}
        waits = {"phase": "Running", "startedAt": "2026-11-03T10:00:00Z", "operation": ours}
        await world.merge({"operation": ours, "status": {"operationState": waits}})
        await world.applications.stop_sync(await read(world))
        assert (await world.raw())["status"]["operationState"]["phase"] == "Terminating"
        await world.applications.stop_sync(await read(world))

    async def test_an_operation_of_somebody_else_goes_on(self, world: World) -> None:
        found = await made(world, merged(RUNNING, {"operation": {"sync": {"revision": OLD}}}))
        before = await world.raw()
        await world.applications.stop_sync(found)
        assert await world.raw() == before

    async def test_it_is_pinned_to_a_commit_and_follows_its_branch_again(self, world: World) -> None:
        found = await bridged(world)
        raw = await world.raw()
        assert raw["spec"]["source"]["targetRevision"] == OLD
        assert (found.pinned, found.pinned_from, found.refused) == ("d-1", "main", "")
        assert found.sources[0].branch == "main"
        await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
        await world.applications.unpin(found, CART, "d-1")
        raw = await world.raw()
        assert raw["spec"] == an_application()["spec"]
        assert marks(raw) == {}
        await world.applications.unpin(found, CART, "d-1")

    @pytest.mark.parametrize("target", [None, "HEAD", "refs/heads/main"])
    async def test_the_branch_comes_back_as_it_was_written(self, world: World, target: str | None) -> None:
        found = await made(world, {"spec": {"source": {"targetRevision": target}}})
        await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
        pinned = await read(world)
        assert pinned.sources[0].branch == found.sources[0].branch
        assert pinned.pinned_from == found.sources[0].branch
        await world.applications.unpin(pinned, CART, "d-1")
        assert (await world.raw())["spec"]["source"].get("targetRevision") == target

    async def test_sources_of_one_repository_are_pinned_together(self, world: World) -> None:
        other = {"repoURL": "https://git.example.com/other.git", "path": "x", "targetRevision": "main"}
        raw = of_sources(SOURCE, {**SOURCE, "path": "apps/web"}, other)
        found = await made(world, base=raw)
        await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
        targets = [each["targetRevision"] for each in (await world.raw())["spec"]["sources"]]
        assert targets == [OLD, OLD, "main"]
        await world.applications.unpin(found, CART, "d-1")
        assert (await world.raw())["spec"] == raw["spec"]

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"metadata": {"ownerReferences": [BY_A_SET]}}, "made by ApplicationSet/shops"),
            ({"metadata": {"labels": {"app.kubernetes.io/instance": "root"}}}, "made by Application/root"),
            ({"metadata": {"annotations": {"kargo.akuity.io/authorized-stage": "shop:prod"}}}, "Kargo"),
            (BY_HAND, "does not sync by itself"),
            ({"spec": {"source": {"targetRevision": "other"}}}, "does not follow main"),
        ],
    )
    async def test_a_pin_is_refused(self, world: World, change: Json, reason: str) -> None:
        found = argocd.application(an_application(), world.through)
        await world.make(an_application(change))
        before = await world.raw()
        with pytest.raises(Rejected, match=reason):
            await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
        assert await world.raw() == before

    async def test_only_whole_commits_are_followed(self, world: World) -> None:
        found = await made(world)
        with pytest.raises(Rejected, match="whole commit"):
            await world.applications.pin(found, CART, found.sources[0], "main", "d-1")

    async def test_two_decisions_do_not_pin_the_same(self, world: World) -> None:
        found = await bridged(world)
        with pytest.raises(Rejected, match="pinned by decision d-1"):
            await world.applications.pin(found, CART, found.sources[0], NEW, "d-2")
        with pytest.raises(Rejected, match="by decision d-1, not by d-2"):
            await world.applications.unpin(found, CART, "d-2")
        assert (await world.raw())["spec"]["source"]["targetRevision"] == OLD

    async def test_a_source_that_somebody_changes_meanwhile_is_not_overwritten(self, world: World) -> None:
        found = await made(world)
        world.before_next_write({"spec": {"source": {"targetRevision": "hotfix"}}})
        with pytest.raises(Changed):
            await world.applications.pin(found, CART, found.sources[0], OLD, "d-1")
        raw = await world.raw()
        assert raw["spec"]["source"]["targetRevision"] == "hotfix"
        assert marks(raw) == {}

    async def test_what_somebody_has_set_since_outlives_the_bridge(self, world: World) -> None:
        found = await bridged(world)
        await world.merge({"spec": {"source": {"targetRevision": "hotfix"}}})
        await world.applications.unpin(found, CART, "d-1")
        raw = await world.raw()
        assert raw["spec"]["source"]["targetRevision"] == "hotfix"
        assert marks(raw) == {}

    async def test_one_that_is_gone_is_an_error_for_whoever_writes_it(self, world: World) -> None:
        found = argocd.application(an_application({"status": {"resources": [LISTED]}}), world.through)
        with pytest.raises(Changed):
            await world.applications.refresh(found)
