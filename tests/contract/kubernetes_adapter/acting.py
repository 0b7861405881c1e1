"""What the actuator must do, whatever API server it writes to."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.contract.kubernetes_adapter.world import (
    OWN_NAMESPACE,
    Json,
    World,
    abort_order,
    manifest,
    referring_rollout,
    undo_order,
)
from watcher.adapters.kubernetes import Client, KubernetesActuator, KubernetesAnnouncer, missing, needed
from watcher.adapters.kubernetes.errors import NoAnswer
from watcher.adapters.kubernetes.holding import Holding
from watcher.adapters.kubernetes.resources import DEPLOYMENTS, EVENTS, NAMESPACES, REPLICA_SETS, ROLLOUTS
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Result, Revision, Workload, WorkloadView
from watcher.core.orders import Announce, ReleaseStuckPodsOrder
from watcher.core.words import Kind, Stage
from watcher.ports import Rejected

EVERY_KIND = pytest.mark.parametrize("kind", list(Kind))


class Interfering(Client):
    """Lets something happen right before one of its patches is sent."""

    def __init__(self, client: Client, event: Callable[[], Awaitable[Any]], before: int) -> None:
        super().__init__(client._access)
        self._event, self._countdown = event, before

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        self._countdown -= 1
        if self._countdown == 0:
            await self._event()
        return await super().patch(path, operations)


class Deaf(Client):
    """Sends patches and never hears the answer."""

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        await super().patch(path, operations)
        raise NoAnswer(f"PATCH {path}: no answer")


@asynccontextmanager
async def deaf(world: World) -> AsyncIterator[KubernetesActuator]:
    client = Deaf(world.client._access)
    yield KubernetesActuator(client, world.clock, OWN_NAMESPACE)
    await client.close()


@asynccontextmanager
async def interrupted(
    world: World, event: Callable[[], Awaitable[Any]], before: int = 1
) -> AsyncIterator[KubernetesActuator]:
    """An actuator before whose first (or second, ...) patch something happens."""
    client = Interfering(world.client, event, before)
    yield KubernetesActuator(client, world.clock, OWN_NAMESPACE)
    await client.close()


async def bad_release(world: World, subject: Json) -> tuple[Workload, Revision, Revision]:
    """Deploy it, then a bad version all the way; the workload, the good and the bad revision."""
    workload = await world.deploy(subject)
    (good,) = world.view(workload).revisions
    bad = await world.release(workload, "shop:v2", env=[{"name": "NEW", "value": "1"}])
    if workload.kind is Kind.ROLLOUT:
        await world.person.merge(f"{world.path(workload)}/status", {"status": {"promoteFull": True}})
    await world.rolled_out(workload, bad.template_id)
    return workload, good, bad


async def paused_canary(world: World) -> WorkloadView:
    """A canary that waits at its first pause."""
    workload = await world.deploy(manifest(Kind.ROLLOUT, "cart"))
    await world.release(workload, "shop:v2")
    return await world.until(
        lambda: view if (view := world.view(workload)).rollout is not None and view.rollout.phase == "Paused" else None
    )


class ActingContract:
    """Mix into a test class beside a fixture `world`."""

    @EVERY_KIND
    async def test_a_bad_release_is_undone(self, world: World, kind: Kind) -> None:
        workload, good, bad = await bad_release(world, manifest(kind, "cart"))
        note = {"metadata": {"annotations": {"team": "shop"}}}
        await world.person.merge(world.path(workload), note)
        order = undo_order(world.view(workload), bad, good, skip_steps=True)
        report = await world.actuator.perform(order)
        assert (report.result, report.decision, report.rung, report.tried) == (Result.APPLIED, "d-1", "undo", 1)
        view = await world.rolled_out(workload, good.template_id)
        assert (view.current, view.decision) == (3, "d-1")
        assert view.revisions[-1].images == ("shop:v1",)
        live = await world.person.get(world.path(workload))
        assert live["metadata"]["annotations"]["team"] == "shop"
        assert "env" not in live["spec"]["template"]["spec"]["containers"][0]
        assert (await world.actuator.perform(order)).result == Result.ALREADY
        assert world.view(workload).current == 3

    async def test_the_template_in_a_deployment_is_put_back_there(self, world: World) -> None:
        source = manifest(Kind.DEPLOYMENT, "cart-template", replicas=0)
        await world.person.create(DEPLOYMENTS.path(world.namespace), source)
        workload = await world.deploy(referring_rollout("cart", source))
        (good,) = world.view(workload).revisions
        change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop:v2"}]}}}}
        await world.person.merge(DEPLOYMENTS.path(world.namespace, "cart-template"), change)
        bad = await world.revision_after(workload, 1)
        await world.person.merge(f"{world.path(workload)}/status", {"status": {"promoteFull": True}})
        await world.rolled_out(workload, bad.template_id)
        order = undo_order(world.view(workload), bad, good, skip_steps=True)
        report = await world.actuator.perform(order)
        assert report.result == Result.APPLIED, report.message
        view = await world.rolled_out(workload, good.template_id)
        assert view.decision == "d-1"
        assert (await world.actuator.perform(order)).result == Result.ALREADY

    @EVERY_KIND
    async def test_the_bad_version_is_left_to_who_applies_it_again(self, world: World, kind: Kind) -> None:
        workload, good, bad = await bad_release(world, manifest(kind, "cart"))
        order = undo_order(world.view(workload), bad, good)
        live = await world.person.get(world.path(workload))
        async with deaf(world) as lost:
            assert (await lost.perform(order)).result == Result.UNKNOWN
        again = {"spec": {"template": {"spec": live["spec"]["template"]["spec"]}}}
        applied = await world.person.merge(world.path(workload), again)
        report = await world.actuator.perform(order)
        assert report.result == Result.CONFLICT, report
        if kind is not Kind.ROLLOUT:  # its template is not defaulted: what is applied again is another text
            assert "applied before" in report.message, report
        after = await world.person.get(world.path(workload))
        assert after["spec"]["template"] == applied["spec"]["template"]
        assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v2"
        await world.taken_over(workload)  # only its controller knows that the other text is the same version
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good, decision="d-2"))
        assert report.result == Result.APPLIED, report

    async def test_an_undo_follows_an_abort_by_the_same_decision(self, world: World) -> None:
        view = await paused_canary(world)
        good, bad = view.revisions
        assert (await world.actuator.perform(abort_order(view))).result == Result.APPLIED
        report = await world.actuator.perform(undo_order(view, bad, good))
        assert report.result == Result.APPLIED, report.message

    async def test_a_template_in_a_deployment_is_put_back_once_also_after_a_crash(self, world: World) -> None:
        source = manifest(Kind.DEPLOYMENT, "cart-template", replicas=0)
        await world.person.create(DEPLOYMENTS.path(world.namespace), source)
        workload = await world.deploy(referring_rollout("cart", source))
        (good,) = world.view(workload).revisions
        change = {"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "shop:v2"}]}}}}
        path = DEPLOYMENTS.path(world.namespace, "cart-template")
        await world.person.merge(path, change)
        bad = await world.revision_after(workload, 1)
        order = undo_order(world.view(workload), bad, good)
        async with deaf(world) as lost:
            assert (await lost.perform(order)).result == Result.UNKNOWN
        announced, deployment = await world.person.get(world.path(workload)), await world.person.get(path)
        assert announced["metadata"]["annotations"]["watcher.dev/decision"] == "d-1"
        assert "watcher.dev/undo" not in deployment["metadata"].get("annotations", {})
        assert (await world.actuator.perform(order)).result == Result.APPLIED
        await world.person.merge(path, change)
        assert (await world.actuator.perform(order)).result == Result.CONFLICT
        after = await world.person.get(path)
        assert after["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v2"

    @EVERY_KIND
    async def test_two_who_hold_the_same_intent_apply_it_once(self, world: World, kind: Kind) -> None:
        workload, good, bad = await bad_release(world, manifest(kind, "cart"))
        order = undo_order(world.view(workload), bad, good, skip_steps=True)
        reports = await asyncio.gather(*(world.actuator.perform(order) for _ in range(3)))
        results = sorted(report.result for report in reports)
        assert results.count(Result.APPLIED) == 1
        assert set(results) <= {Result.APPLIED, Result.ALREADY, Result.CONFLICT}
        view = await world.rolled_out(workload, good.template_id)
        assert view.current == 3

    @EVERY_KIND
    async def test_a_write_whose_answer_is_lost_is_found_done(self, world: World, kind: Kind) -> None:
        workload, good, bad = await bad_release(world, manifest(kind, "cart"))
        order = undo_order(world.view(workload), bad, good, skip_steps=True)
        async with deaf(world) as lost:
            assert (await lost.perform(order)).result == Result.UNKNOWN
        report = await world.actuator.perform(order)
        assert report.result == Result.ALREADY, report.message
        await world.rolled_out(workload, good.template_id)
        live = await world.person.get(world.path(workload))
        owners = {each["manager"]: each["fieldsV1"] for each in live["metadata"]["managedFields"]}
        assert "f:spec" not in owners["watcher"]

    async def test_an_abort_goes_on_where_it_was_cut_off(self, world: World) -> None:
        view = await paused_canary(world)
        async with deaf(world) as lost:
            assert (await lost.perform(abort_order(view))).result == Result.UNKNOWN
        live = await world.person.get(world.path(view.workload))
        assert live["metadata"]["annotations"]["watcher.dev/decision"] == "d-1"
        assert not live["status"].get("abort")
        assert (await world.actuator.perform(abort_order(view))).result == Result.APPLIED
        await world.until(
            lambda: (now := world.view(view.workload)).rollout is not None and bool(now.rollout.aborted_at)
        )

    async def test_a_newer_release_is_not_undone(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        order = undo_order(world.view(workload), bad, good)
        await world.release(workload, "shop:v3")
        report = await world.actuator.perform(order)
        assert report.result == Result.CONFLICT
        assert world.view(workload).revisions[-1].images == ("shop:v3",)

    @EVERY_KIND
    async def test_nor_is_one_that_comes_between_reading_and_writing(self, world: World, kind: Kind) -> None:
        workload, good, bad = await bad_release(world, manifest(kind, "cart"))

        async def fix() -> None:
            await world.release(workload, "shop:v3")

        async with interrupted(world, fix) as racing:
            report = await racing.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.CONFLICT, report.message
        live = await world.person.get(world.path(workload))
        assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "shop:v3"
        assert "watcher.dev/decision" not in live["metadata"].get("annotations", {})

    async def test_autoscaling_meanwhile_does_not_matter(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))

        async def scale() -> None:
            await world.person.merge(world.path(workload), {"spec": {"replicas": 5}})

        async with interrupted(world, scale) as racing:
            report = await racing.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.APPLIED, report.message
        assert (await world.rolled_out(workload, good.template_id)).desired == 5

    async def test_a_namesake_made_anew_is_left_alone(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        order = undo_order(world.view(workload), bad, good)
        await world.person.delete(world.path(workload))
        await world.until(lambda: world.cluster.view(workload) is None)
        assert (await world.actuator.perform(order)).result == Result.CONFLICT
        await world.person.create(DEPLOYMENTS.path(world.namespace), manifest(Kind.DEPLOYMENT, "cart", "shop:v2"))
        assert (await world.actuator.perform(order)).result == Result.CONFLICT

    @pytest.mark.parametrize("holder", ["workload", "namespace", "everything"])
    async def test_a_hold_that_was_just_set_is_respected(self, world: World, holder: str) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        hold = {"metadata": {"annotations": {"watcher.dev/hold": "stocktaking"}}}
        if holder == "workload":
            await world.person.merge(world.path(workload), hold)
        elif holder == "namespace":
            await world.person.merge(NAMESPACES.path(name=world.namespace), hold)
        else:
            await world.hold_everything("stocktaking")
        before = await world.person.get(world.path(workload))
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good))
        if holder == "everything":
            await world.release_everything()
        assert report.result == Result.HELD
        assert report.message.startswith("stocktaking")
        after = await world.person.get(world.path(workload))
        assert after["spec"] == before["spec"]

    @pytest.mark.parametrize("holder", ["workload", "namespace", "everything"])
    async def test_a_hold_that_has_ended_keeps_nobody(self, world: World, holder: str) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        scope = {"workload": Scope(world.namespace, workload), "namespace": Scope(world.namespace)}.get(holder, Scope())
        holding = Holding(world.client, OWN_NAMESPACE)
        await holding.place(Hold(str(scope), "stocktaking", "ada", None, world.clock.now() + 60.0))
        order = undo_order(world.view(workload), bad, good)
        report = await world.actuator.perform(order)
        assert report.result == Result.HELD
        assert ", by ada, until " in report.message
        world.clock.ahead = 120.0
        report = await world.actuator.perform(order)
        await holding.lift(scope)
        assert report.result == Result.APPLIED

    async def test_a_hold_that_is_not_in_the_cluster_is_respected(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        held = {workload: "stocktaking (held over HTTP)"}
        actuator = KubernetesActuator(world.client, world.clock, OWN_NAMESPACE, kept=lambda name: held.get(name, ""))
        order = undo_order(world.view(workload), bad, good)
        report = await actuator.perform(order)
        assert (report.result, report.message) == (Result.HELD, "stocktaking (held over HTTP)")
        held.clear()
        assert (await actuator.perform(order)).result == Result.APPLIED

    async def test_a_hold_that_comes_while_the_cluster_is_read_is_respected(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        answers = iter(("", "stocktaking (held over HTTP)"))
        actuator = KubernetesActuator(world.client, world.clock, OWN_NAMESPACE, kept=lambda _: next(answers))
        before = await world.person.get(world.path(workload))
        report = await actuator.perform(undo_order(world.view(workload), bad, good))
        assert (report.result, report.message) == (Result.HELD, "stocktaking (held over HTTP)")
        assert (await world.person.get(world.path(workload)))["spec"] == before["spec"]

    async def test_holds_are_placed_replaced_and_lifted(self, world: World) -> None:
        """As a person does who has the permissions for it."""
        workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
        holding = Holding(world.client, OWN_NAMESPACE)
        for scope in (Scope(world.namespace, workload), Scope(world.namespace), Scope()):
            await holding.place(Hold(str(scope), "stocktaking", "ada", None, world.clock.now() + 600.0))
            await world.until(lambda: "by ada, until " in world.view(workload).hold)
            await holding.place(Hold(str(scope), "fire drill", "brian"))
            await world.until(lambda: world.view(workload).hold.startswith("fire drill"))
            assert world.view(workload).hold.endswith(", by brian)")
            await holding.lift(scope)
            await world.until(lambda: not world.view(workload).hold)
            with pytest.raises(Rejected, match="watcher hold list"):
                await holding.lift(scope)

    async def test_a_target_whose_template_is_gone_is_refused(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        for item in (await world.person.get(REPLICA_SETS.path(world.namespace)))["items"]:
            if good.name in item["metadata"]["name"]:
                await world.person.delete(REPLICA_SETS.path(world.namespace, item["metadata"]["name"]))
        await world.until(lambda: len(world.view(workload).revisions) == 1)
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.REFUSED
        assert "revisionHistoryLimit" in report.message

    async def test_a_paused_deployment_moves_again(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        await world.person.merge(world.path(workload), {"spec": {"paused": True}})
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.APPLIED
        assert not (await world.rolled_out(workload, good.template_id)).paused

    async def test_an_ordered_stateful_set_comes_back_when_its_stuck_pod_is_deleted(self, world: World) -> None:
        strategy = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
        workload = await world.deploy(manifest(Kind.STATEFUL_SET, "cart", replicas=3, updateStrategy=strategy))
        (good,) = world.view(workload).revisions
        bad = await world.release(workload, "shop:v2-neverready")
        stuck = await world.until(
            lambda: [pod for pod in world.view(workload).pods_of(bad.name) if pod.created and not pod.ready]
        )
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.APPLIED
        order = ReleaseStuckPodsOrder(
            "d-1", 1, workload, world.view(workload).uid, tuple((pod.name, pod.uid) for pod in stuck)
        )
        released = await world.actuator.perform(order)
        assert (released.result, released.message) == (Result.APPLIED, f"deleted {stuck[0].name}")
        await world.rolled_out(workload, good.template_id)
        live = await world.person.get(world.path(workload))
        assert live["spec"]["updateStrategy"]["rollingUpdate"]["partition"] == 0
        assert (await world.actuator.perform(order)).result == Result.ALREADY

    async def test_ready_pods_and_pods_of_others_are_not_deleted(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.STATEFUL_SET, "cart", replicas=1))
        other = await world.deploy(manifest(Kind.DEPLOYMENT, "other", replicas=1))
        names = tuple((pod.name, pod.uid) for each in (workload, other) for pod in world.view(each).pods)
        order = ReleaseStuckPodsOrder("d-1", 1, workload, world.view(workload).uid, names)
        assert (await world.actuator.perform(order)).result == Result.ALREADY
        assert all(pod.terminating is None for each in (workload, other) for pod in world.view(each).pods)

    async def test_a_canary_is_aborted(self, world: World) -> None:
        view = await paused_canary(world)
        report = await world.actuator.perform(abort_order(view))
        assert report.result == Result.APPLIED, report.message
        after = await world.until(
            lambda: now if (now := world.view(view.workload)).rollout is not None and now.rollout.aborted_at else None
        )
        assert after.rollout is not None
        assert (after.rollout.abort, after.rollout.phase, after.decision) == (True, "Degraded", "d-1")
        assert (await world.actuator.perform(abort_order(view))).result == Result.ALREADY

    async def test_a_repeated_abort_changes_more_than_the_first(self, world: World) -> None:
        view = await paused_canary(world)
        before = await world.person.get(world.path(view.workload))
        report = await world.actuator.perform(abort_order(view, tried=2))
        assert report.result == Result.APPLIED, report.message
        after = await world.person.get(world.path(view.workload))
        assert after["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]
        assert after["status"]["abort"] is True or after["status"].get("abortedAt")

    async def test_an_abort_of_another_revision_is_a_conflict(self, world: World) -> None:
        view = await paused_canary(world)
        await world.release(view.workload, "shop:v3")
        assert (await world.actuator.perform(abort_order(view))).result == Result.CONFLICT
        live = await world.person.get(world.path(view.workload))
        assert not live["status"].get("abort")

    async def test_an_abort_meets_a_release_that_comes_between(self, world: World) -> None:
        view = await paused_canary(world)

        async def fix() -> None:
            await world.release(view.workload, "shop:v3")

        async with interrupted(world, fix) as racing:
            report = await racing.perform(abort_order(view))
        assert report.result == Result.CONFLICT, report.message
        live = await world.person.get(world.path(view.workload))
        assert not live["status"].get("abort")

    async def test_a_promoted_rollout_cannot_be_aborted(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.ROLLOUT, "cart"))
        report = await world.actuator.perform(abort_order(world.view(workload)))
        assert report.result == Result.REFUSED
        assert "promoted" in report.message

    async def test_fields_go_back_to_whoever_applies(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        report = await world.actuator.perform(undo_order(world.view(workload), bad, good))
        assert "stay owned" not in report.message
        live = await world.person.get(world.path(workload))
        owners = {each["manager"]: each["fieldsV1"] for each in live["metadata"]["managedFields"]}
        assert "f:spec" not in owners["watcher"]
        container = owners["pipeline"]["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name":"app"}']
        assert "f:image" in container

    async def test_even_when_the_object_changes_meanwhile(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))

        async def label() -> None:
            await world.person.merge(world.path(workload), {"metadata": {"labels": {"team": "shop"}}})

        async with interrupted(world, label, before=2) as racing:
            report = await racing.perform(undo_order(world.view(workload), bad, good))
        assert (report.result, "stay owned" in report.message) == (Result.APPLIED, False)
        live = await world.person.get(world.path(workload))
        assert live["metadata"]["labels"] == {"team": "shop"}
        owners = {each["manager"]: each["fieldsV1"] for each in live["metadata"]["managedFields"]}
        assert "f:spec" not in owners["watcher"]

    async def test_an_observing_install_writes_nothing(self, world: World) -> None:
        workload, good, bad = await bad_release(world, manifest(Kind.DEPLOYMENT, "cart"))
        before = await world.person.get(world.path(workload))
        observing = KubernetesActuator(world.client, world.clock, OWN_NAMESPACE, read_only=True)
        report = await observing.perform(undo_order(world.view(workload), bad, good))
        assert report.result == Result.FORBIDDEN
        assert "only observes" in report.message
        after = await world.person.get(world.path(workload))
        assert (after["spec"], after["metadata"].get("annotations")) == (
            before["spec"],
            before["metadata"].get("annotations"),
        )

    async def test_an_event_is_told_once_for_a_decision_stage_and_rung(self, world: World) -> None:
        workload = await world.deploy(manifest(Kind.ROLLOUT, "cart", replicas=1))
        announcer = KubernetesAnnouncer(world.client, world.clock)
        uid = world.view(workload).uid
        said = Announce(workload, uid, Stage.ROLLING_BACK, "20 % errors " + "\u00e9" * 2000, "d-1")
        for _ in range(2):
            await announcer.announce(said)
        await announcer.announce(Announce(workload, uid, Stage.RESTORED, "restored", "d-1"))
        for rung in ("abort", "undo", "undo"):
            await announcer.announce(Announce(workload, uid, Stage.RUNG_FAILED, rung, "d-1", rung))
        events = (await world.person.get(EVENTS.path(world.namespace)))["items"]
        ours = {each["reason"]: each for each in events if each["source"].get("component") == "watcher"}
        assert set(ours) == {"RollingBack", "RolledBack", "RungFailed"}
        assert {each["message"] for each in events if each["reason"] == "RungFailed"} == {"abort", "undo"}
        assert ours["RollingBack"]["involvedObject"]["uid"] == uid
        assert ours["RollingBack"]["type"] == "Warning"
        assert len(ours["RollingBack"]["message"].encode()) <= 1024

    async def test_who_may_do_everything_misses_no_permission(self, world: World) -> None:
        wanted = needed(act=True, namespaces=(world.namespace,), own_namespace=OWN_NAMESPACE)
        assert await missing(world.client, wanted) == ()
        assert {str(each.verb) for each in wanted} == {"get", "list", "watch", "patch", "create", "update", "delete"}

    async def test_an_undo_patch_is_answered_422_when_a_test_fails(self, world: World) -> None:
        """The fact that CONFLICT rests upon, and that a change by validation is told apart from it."""
        subject = copy.deepcopy(manifest(Kind.ROLLOUT, "cart", replicas=1))
        created = await world.person.create(ROLLOUTS.path(world.namespace), subject)
        path = ROLLOUTS.path(world.namespace, "cart")
        wrong = [{"op": "test", "path": "/metadata/uid", "value": "another"}]
        response = await world.person.http.patch(
            path, json=wrong, headers={"Content-Type": "application/json-patch+json"}
        )
        assert response.status_code == 422
        assert not (response.json().get("details") or {}).get("causes")
        assert created["metadata"]["uid"] != "another"
