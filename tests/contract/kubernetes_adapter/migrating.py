"""What the adapter must do about database migrations, whatever API server it speaks to."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.kubernetes_adapter.world import OWN_NAMESPACE, PATIENCE, Json, World, manifest
from watcher.adapters.kubernetes import Client, KubernetesActuator
from watcher.adapters.kubernetes.down import job_name
from watcher.adapters.kubernetes.errors import NoAnswer
from watcher.adapters.kubernetes.migrations import KubernetesMigrations
from watcher.adapters.kubernetes.resources import CONFIG_MAPS, CRON_JOBS, JOBS
from watcher.core.migrations import Down, DownSeen
from watcher.core.model import Result, Workload
from watcher.core.orders import DownOrder
from watcher.core.words import Kind

DOWN = Down("shop-down", args=("downgrade", "base"), automatic=True, deadline=60.0)


def cron_job(image: str = "shop:1", **container: Any) -> Json:
    """A suspended one; its pods would be started anew, and its Jobs with them."""
    containers = [{"name": "migrate", "image": image, "command": ["alembic"], "args": ["upgrade"], **container}]
    pod = {"restartPolicy": "OnFailure", "containers": containers}
    spec = {"template": {"metadata": {"labels": {"app": "down"}}, "spec": pod}, "ttlSecondsAfterFinished": 1}
    template = {"metadata": {"labels": {"team": "shop"}}, "spec": spec}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "shop-down"},
        "spec": {"schedule": "0 0 31 2 *", "suspend": True, "jobTemplate": template},
    }


async def ready(world: World, **cron: Any) -> Workload:
    workload = await world.deploy(manifest(Kind.DEPLOYMENT, "cart", replicas=1))
    await world.person.create(CRON_JOBS.path(world.namespace), cron_job(**cron))
    return workload


def down_order(world: World, workload: Workload, down: Down = DOWN, **more: Any) -> DownOrder:
    given: dict[str, Any] = {"decision": "d-1", "tried": 1, "note": "drop price", "reason": "errors", **more}
    return DownOrder(workload=workload, uid=world.view(workload).uid, down=down, **given)


async def ended(world: World, workload: Workload, decision: str = "d-1") -> DownSeen:
    """The Job once it is over."""
    migrations = KubernetesMigrations(world.client, world.clock)
    deadline = time.monotonic() + PATIENCE
    while (seen := await migrations.follow(workload, decision, "drop price")).state == "running":
        assert time.monotonic() < deadline, seen
        await asyncio.sleep(0.1)
    return seen


class Deaf(Client):
    """Makes objects and never hears the answer."""

    async def post(self, path: str, body: Any) -> Any:
        await super().post(path, body)
        raise NoAnswer(f"POST {path}: no answer")


class MigratingContract:
    """Mix into a test class beside a fixture `world`."""

    async def test_a_down_migration_runs_once_as_a_job_of_the_cron_job(self, world: World) -> None:
        workload = await ready(world)
        order = down_order(world, workload)
        report = await world.actuator.perform(order)
        assert (report.result, report.rung) == (Result.APPLIED, "down"), report.message
        job = await world.person.get(JOBS.path(world.namespace, job_name("d-1", "drop price")))
        metadata, spec = job["metadata"], job["spec"]
        assert metadata["labels"].items() >= {"team": "shop", "watcher.dev/decision": "d-1"}.items()
        assert metadata["annotations"]["watcher.dev/migration"] == "drop price"
        assert metadata["annotations"]["watcher.dev/workload"] == str(workload)
        (owner,) = metadata["ownerReferences"]
        assert (owner["kind"], owner["name"], owner.get("controller")) == ("Deployment", "cart", None)
        assert (spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["suspend"]) == (0, 60, False)
        assert (spec["parallelism"], spec["completions"]) == (1, 1)
        assert spec["ttlSecondsAfterFinished"] > 3600
        (container,) = spec["template"]["spec"]["containers"]
        assert (container["image"], container["command"], container["args"]) == (
            "shop:1",
            ["alembic"],
            ["downgrade", "base"],
        )
        seen = await ended(world, workload)
        assert (seen.state, seen.note, seen.job) == ("succeeded", "drop price", metadata["name"]), seen
        again = await world.actuator.perform(order)
        assert (again.result, again.message) == (Result.ALREADY, f"Job {metadata['name']} was made before")
        jobs = (await world.person.get(JOBS.path(world.namespace)))["items"]
        assert len(jobs) == 1

    async def test_the_image_of_the_note_takes_the_place_of_the_first_containers(self, world: World) -> None:
        workload = await ready(world)
        down = Down("shop-down", image="shop:2", deadline=60.0)
        await world.actuator.perform(down_order(world, workload, down))
        job = await world.person.get(JOBS.path(world.namespace, job_name("d-1", "drop price")))
        (container,) = job["spec"]["template"]["spec"]["containers"]
        assert (container["image"], container["args"]) == ("shop:2", ["upgrade"])

    async def test_a_job_that_fails_is_seen_to_have_failed_and_is_not_tried_again(self, world: World) -> None:
        workload = await ready(world, image="shop:1-fails")
        await world.actuator.perform(down_order(world, workload))
        seen = await ended(world, workload)
        assert seen.state == "failed"
        assert seen.message.startswith("BackoffLimitExceeded: ")
        assert seen.logs

    async def test_a_job_that_hangs_has_failed_at_its_deadline(self, world: World) -> None:
        workload = await ready(world, image="shop:1-hangs")
        await world.actuator.perform(down_order(world, workload, Down("shop-down", deadline=2.0)))
        seen = await ended(world, workload)
        assert (seen.state, seen.message.partition(":")[0]) == ("failed", "DeadlineExceeded")

    async def test_each_note_of_a_decision_has_a_job_of_its_own(self, world: World) -> None:
        workload = await ready(world)
        for note in ("drop price", "drop tax"):
            assert (await world.actuator.perform(down_order(world, workload, note=note))).result == Result.APPLIED
        migrations = KubernetesMigrations(world.client, world.clock)
        found = [await migrations.follow(workload, "d-1", note) for note in ("drop price", "drop tax", "other")]
        assert len({each.job for each in found}) == 3
        assert found[2].state == "gone"

    async def test_whoever_heard_no_answer_finds_the_job_made(self, world: World) -> None:
        workload = await ready(world)
        client = Deaf(world.client._access)
        order = down_order(world, workload)
        report = await KubernetesActuator(client, world.clock, OWN_NAMESPACE).perform(order)
        await client.close()
        assert report.result == Result.UNKNOWN
        assert (await world.actuator.perform(order)).result == Result.ALREADY

    async def test_a_hold_keeps_the_job_from_being_made_and_not_from_being_found(self, world: World) -> None:
        workload = await ready(world)
        held = {"metadata": {"annotations": {"watcher.dev/hold": "a table is being moved"}}}
        await world.person.merge(world.path(workload), held)
        order = down_order(world, workload)
        report = await world.actuator.perform(order)
        assert report.result == Result.HELD
        assert "a table is being moved" in report.message
        assert (await world.person.get(JOBS.path(world.namespace)))["items"] == []
        await world.person.merge(world.path(workload), {"metadata": {"annotations": {"watcher.dev/hold": None}}})
        assert (await world.actuator.perform(order)).result == Result.APPLIED
        await world.person.merge(world.path(workload), held)
        assert (await world.actuator.perform(order)).result == Result.ALREADY

    async def test_a_note_that_names_no_cron_job_is_refused_with_the_way_to_mend_it(self, world: World) -> None:
        workload = await ready(world)
        report = await world.actuator.perform(down_order(world, workload, Down("other")))
        assert report.result == Result.REFUSED
        assert f"the CronJob other, and there is none in namespace {world.namespace}" in report.message

    async def test_a_job_of_somebody_else_is_not_taken_for_ours(self, world: World) -> None:
        workload = await ready(world)
        pod = {"restartPolicy": "Never", "containers": [{"name": "app", "image": "shop:1"}]}
        name = job_name("d-1", "drop price")
        body = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}}
        await world.person.create(JOBS.path(world.namespace), {**body, "spec": {"template": {"spec": pod}}})
        report = await world.actuator.perform(down_order(world, workload))
        assert (report.result, report.message) == (
            Result.REFUSED,
            f"a Job {name} is there that is not of this decision; delete it",
        )

    async def test_a_job_is_made_only_for_the_version_that_was_judged(self, world: World) -> None:
        workload = await ready(world)
        judged = world.view(workload).revisions[-1].template_id
        order = down_order(world, workload, live_template=judged)
        await world.release(workload, "shop:v2")
        report = await world.actuator.perform(order)
        assert (report.result, report.message) == (Result.CONFLICT, f"{workload} has another pod template by now")
        assert (await world.person.get(JOBS.path(world.namespace)))["items"] == []
        newest = world.view(workload).revisions[-1].template_id
        assert (await world.actuator.perform(replace(order, live_template=newest))).result == Result.APPLIED
        await world.release(workload, "shop:v3")
        assert (await world.actuator.perform(order)).result == Result.ALREADY

    async def test_a_workload_that_was_made_anew_is_left_alone(self, world: World) -> None:
        workload = await ready(world)
        order = DownOrder("d-1", 1, workload, "another uid", "drop price", DOWN, "errors")
        assert (await world.actuator.perform(order)).result == Result.CONFLICT
        gone = Workload(Kind.DEPLOYMENT, world.namespace, "gone")
        assert (await world.actuator.perform(DownOrder("d-1", 1, gone, "u", "n", DOWN, "r"))).result == Result.CONFLICT

    async def test_notes_are_read_with_the_time_they_were_last_written(self, world: World) -> None:
        migrations = KubernetesMigrations(world.client, world.clock)
        assert await migrations.notes(world.namespace, "notes") is None
        body = {"metadata": {"name": "notes"}, "data": {"a.yaml": "name: a\n"}}
        before = time.time()
        await world.person.create(CONFIG_MAPS.path(world.namespace), body)
        kept = await migrations.notes(world.namespace, "notes")
        assert kept is not None
        assert (dict(kept.data), kept.immutable) == ({"a.yaml": "name: a\n"}, False)
        assert kept.written == pytest.approx(before, abs=3.0)
        await world.person.merge(CONFIG_MAPS.path(world.namespace, "notes"), {"immutable": True})
        kept = await migrations.notes(world.namespace, "notes")
        assert kept is not None
        assert kept.immutable
