"""What the cache must show, whatever API server it follows."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from tests.contract.kubernetes_adapter.world import OWN_NAMESPACE, World, manifest, referring_rollout
from watcher.adapters.kubernetes.resources import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS
from watcher.core.model import Workload, WorkloadView
from watcher.core.words import Kind

EVERY_KIND = pytest.mark.parametrize("kind", list(Kind))


class SeeingContract:
    """Mix into a test class beside a fixture `world`."""

    @EVERY_KIND
    async def test_a_workload_is_seen_with_its_pods(self, world: World, kind: Kind) -> None:
        workload = await world.deploy(manifest(kind, "cart"))
        (revision,) = world.view(workload).revisions

        def with_pods() -> WorkloadView | None:  # pods are followed apart from their workload, and may come later
            view = world.view(workload)
            ready = [pod for pod in view.pods_of(revision.name) if pod.ready and pod.scheduled and pod.started]
            return view if len(ready) == view.desired else None

        view = await world.until(with_pods)
        (revision,) = view.revisions
        assert (view.current, revision.number, revision.images) == (1, 1, ("shop:v1",))
        assert view.desired == view.updated == view.ready == view.available == revision.desired == revision.ready
        assert len(view.pods) == view.desired
        assert world.cluster.age() < 60
        assert world.cluster.problems() == ()

    @EVERY_KIND
    async def test_a_release_is_a_new_revision_and_an_old_template_too(self, world: World, kind: Kind) -> None:
        workload = await world.deploy(manifest(kind, "cart"))
        (old,) = world.view(workload).revisions
        new = await world.release(workload, "shop:v2")
        assert (new.number, new.images) == (2, ("shop:v2",))
        assert new.template_id != old.template_id
        again = await world.release(workload, "shop:v1")
        assert again.number == 3
        assert (again.name, again.template_id) == (old.name, old.template_id)

    @EVERY_KIND
    async def test_a_restart_is_a_revision_of_the_same_version(self, world: World, kind: Kind) -> None:
        workload = await world.deploy(manifest(kind, "cart"))
        (old,) = world.view(workload).revisions
        restarted = {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-23T10:00:00Z"}}
        await world.person.merge(world.path(workload), {"spec": {"template": {"metadata": restarted}}})
        new = await world.revision_after(workload, 1)
        assert new.name != old.name
        assert new.template_id == old.template_id

    async def test_scaling_up_is_no_release_but_is_remembered(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=2))
        assert world.view(workload).scaled_up is None
        await world.person.merge(world.path(workload), {"spec": {"replicas": 3}})
        view = await world.until(lambda: view if (view := world.view(workload)).available == 3 else None)
        assert view.current == 1
        assert view.scaled_up == pytest.approx(world.clock.now(), abs=30)

    async def test_a_deleted_pod_is_remembered_until_it_is_unfollowed(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        (pod,) = world.view(workload).pods
        await world.person.delete(PODS.path(world.namespace, pod.name))
        await world.until(lambda: any(each.deleted for each in world.view(workload).pods))
        gone = next(each for each in world.view(workload).pods if each.uid == pod.uid)
        assert gone.deleted == pytest.approx(world.clock.now(), abs=30)
        assert not gone.ready
        await world.cluster.follow(frozenset())
        assert world.view(workload).pods == ()

    async def test_a_canary_in_progress_shows_where_it_stands(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.ROLLOUT, "cart"))
        (old,) = world.view(workload).revisions
        new = await world.release(workload, "shop:v2")
        paused = await world.until(
            lambda: (
                view if (view := world.view(workload)).rollout is not None and view.rollout.phase == "Paused" else None
            )
        )
        assert paused.rollout is not None
        assert (paused.rollout.stable, paused.rollout.current) == (old.name, new.name)
        assert paused.rollout.in_progress
        assert paused.rollout.in_step
        assert not paused.rolled_out
        counts = {each.name: each.desired for each in paused.revisions}
        assert counts == {old.name: 3, new.name: 1}

    async def test_the_template_of_a_rollout_may_be_in_a_deployment(self, world: World) -> None:
        source = manifest(Kind.DEPLOYMENT, "cart-template", replicas=0)
        await world.person.create(DEPLOYMENTS.path(world.namespace), source)
        workload = await world.deploy(referring_rollout("cart", source))
        assert world.view(workload).revisions[0].images == ("shop:v1",)
        assert world.cluster.view(Workload(Kind.DEPLOYMENT, world.namespace, "cart-template")) is None
        change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop:v2"}]}}}}
        await world.person.merge(DEPLOYMENTS.path(world.namespace, "cart-template"), change)
        assert (await world.revision_after(workload, 1)).images == ("shop:v2",)

    async def test_holds_appear_and_vanish(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        space = NAMESPACES.path(name=world.namespace)
        for path in (world.path(workload), space):
            await world.person.merge(path, {"metadata": {"annotations": {"watcher.dev/hold": "stocktaking"}}})
            await world.until(lambda: world.view(workload).hold.startswith("stocktaking"))
            await world.person.merge(path, {"metadata": {"annotations": {"watcher.dev/hold": None}}})
            await world.until(lambda: not world.view(workload).hold)

    async def test_a_config_map_holds_everything(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        await world.hold_everything("fire drill")
        await world.until(lambda: world.view(workload).hold == f"fire drill (ConfigMap {OWN_NAMESPACE}/watcher-hold)")
        await world.release_everything()
        await world.until(lambda: not world.view(workload).hold)

    async def test_a_hold_says_whose_it_is_and_ends_by_itself(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        ends = datetime.fromtimestamp(int(world.clock.now()) + 600, UTC)
        until = ends.strftime("%Y-%m-%dT%H:%M:%SZ")
        marks = {"watcher.dev/hold": "stocktaking", "watcher.dev/hold-by": "ada", "watcher.dev/hold-until": until}
        for path, where in ((world.path(workload), "Deployment cart"), (NAMESPACES.path(name=world.namespace), "")):
            await world.person.merge(path, {"metadata": {"annotations": marks}})
            said = (
                f"stocktaking (annotation watcher.dev/hold on {where or f'Namespace {world.namespace}'}, by ada, until "
            )
            await world.until(lambda: world.view(workload).hold.startswith(said))  # noqa: B023 - waited for here
            (held,) = (each for each in world.cluster.holds() if each.author == "ada")
            assert held.until == ends.timestamp()
            assert held.scope == (str(workload) if where else f"namespace/{world.namespace}")
            world.clock.ahead = 1000.0
            assert world.view(workload).hold == ""
            assert not [each for each in world.cluster.holds() if each.author == "ada"]
            world.clock.ahead = 0.0
            gone = dict.fromkeys(marks)
            await world.person.merge(path, {"metadata": {"annotations": gone}})
            await world.until(lambda: not world.view(workload).hold)

    async def test_a_hold_whose_end_cannot_be_read_does_not_end(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        marks = {"watcher.dev/hold": "stocktaking", "watcher.dev/hold-until": "tomorrow"}
        await world.person.merge(world.path(workload), {"metadata": {"annotations": marks}})
        await world.until(lambda: "until 'tomorrow', which is no RFC 3339 time" in world.view(workload).hold)
        world.clock.ahead = 1e9
        assert world.view(workload).hold.startswith("stocktaking")
        world.clock.ahead = 0.0

    async def test_an_approval_on_the_object_is_seen_with_what_is_known_of_its_author(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        assert world.view(workload).approval is None
        before = int(world.clock.now())
        await world.person.merge(world.path(workload), {"metadata": {"annotations": {"watcher.dev/approve": "0123"}}})
        given = await world.until(lambda: world.view(workload).approval)
        assert (given.decision, given.by, given.way) == ("0123", "annotation (pipeline)", "annotation")
        assert before - 2 <= given.at <= world.clock.now() + 2

    async def test_a_deleted_workload_is_gone(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        await world.person.delete(world.path(workload))
        await world.until(lambda: world.cluster.view(workload) is None)

    async def test_contents_of_config_maps_are_read_anew(self, world: World) -> None:
        path = CONFIG_MAPS.path(world.namespace)
        await world.person.create(path, {"metadata": {"name": "prices"}, "data": {"tea": "2"}})
        before = await world.cluster.configurations(world.namespace, ["ConfigMap/prices", "ConfigMap/none"])
        assert set(before) == {"ConfigMap/prices"}
        await world.person.merge(f"{path}/prices", {"metadata": {"labels": {"a": "b"}}})
        assert await world.cluster.configurations(world.namespace, ["ConfigMap/prices"]) == before
        await world.person.merge(f"{path}/prices", {"data": {"tea": "3"}})
        assert await world.cluster.configurations(world.namespace, ["ConfigMap/prices"]) != before

    async def test_only_changes_that_matter_are_told(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.STATEFUL_SET, "cart", replicas=1))
        while await told(world, workload):
            pass
        await world.person.merge(world.path(workload), {"metadata": {"annotations": {"note": "of no interest"}}})
        assert not await told(world, workload)
        await world.person.merge(world.path(workload), {"metadata": {"labels": {"team": "shop"}}})
        assert await told(world, workload)
        assert ("team", "shop") in world.view(workload).labels


async def told(world: World, workload: Workload) -> bool:
    """Whether a change of it is told within half a second."""
    try:
        async with asyncio.timeout(0.5):
            while workload not in await world.cluster.changed():
                pass
    except TimeoutError:
        return False
    return True
