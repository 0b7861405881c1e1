"""Runs a down migration: a Job made of the template of a CronJob, once for each decision and note."""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from typing import Any

from watcher.adapters.kubernetes import fresh, marks, resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import Conflict, NotFound
from watcher.adapters.kubernetes.fields import Json, at, labels_of
from watcher.adapters.kubernetes.fresh import Holds
from watcher.adapters.kubernetes.resources import CRON_JOBS, JOBS
from watcher.core.model import Result
from watcher.core.orders import DownOrder

KEPT = 7 * 86400
"""Seconds for which a finished Job is kept, so that people find its pod."""

_LONGEST_NAME = 63
_MANAGED_BY = {"app.kubernetes.io/managed-by": "watcher"}


@dataclass(frozen=True, slots=True)
class RunDown:
    """Performs orders to run a down migration.  The Job's name makes it run once, however often it is ordered."""

    client: Client
    holds: Holds

    async def perform(self, order: DownOrder) -> tuple[str, str]:
        """Result and message.  Raises what the client raises."""
        raw = await fresh.object_of(self.client, order.workload)
        if raw["metadata"]["uid"] != order.uid:
            return Result.CONFLICT, f"{order.workload} was deleted and made anew"
        name, namespace = job_name(order.decision, order.note), order.workload.namespace
        made = await self._made(namespace, name)
        if made is not None:
            return _known(made, order)
        held = "" if order.past_hold else await self.holds.on(order.workload, raw)
        if held:
            return Result.HELD, held
        if order.live_template and not await self._is_live(order):
            return Result.CONFLICT, f"{order.workload} has another pod template by now"
        try:
            cron = await self.client.get(CRON_JOBS.path(namespace, order.down.job))
        except NotFound:
            return Result.REFUSED, _no_template(order)
        if not at(cron, "spec", "jobTemplate", "spec", "template", "spec", "containers"):
            return Result.REFUSED, f"CronJob {order.down.job} has no container to run"
        try:
            await self.client.post(JOBS.path(namespace), job_of(order, raw, cron))
        except Conflict:
            made = await self._made(namespace, name)
            return _known(made, order) if made is not None else (Result.CONFLICT, f"Job {name} was made and deleted")
        return Result.APPLIED, f"Job {name} runs the down migration of {order.note}"

    async def _is_live(self, order: DownOrder) -> bool:
        """Whether the version that was judged is still the one that the spec asks for."""
        return order.live_template in (await fresh.live(self.client, order.workload)).template_ids()

    async def _made(self, namespace: str, name: str) -> Json | None:
        try:
            return await self.client.get(JOBS.path(namespace, name))
        except NotFound:
            return None


def job_name(decision: str, note: str) -> str:
    """The name of the Job: the same for the same decision and note."""
    digest = hashlib.sha256(f"{decision} {note}".encode()).hexdigest()[:8]
    return f"watcher-down-{decision[: _LONGEST_NAME - 22]}-{digest}"


def job_of(order: DownOrder, workload: Json, cron: Json) -> dict[str, Any]:
    """The Job: as the CronJob's template says, but once, within the deadline, and with its pod left for its log."""
    template = copy.deepcopy(cron["spec"]["jobTemplate"])
    metadata, spec = template.get("metadata") or {}, template["spec"]
    pod = spec["template"]["spec"]
    _replace(pod["containers"][0], order)
    pod["restartPolicy"] = "Never"
    spec |= {
        "parallelism": 1,
        "completions": 1,
        "backoffLimit": 0,
        "activeDeadlineSeconds": max(1, round(order.down.deadline)),
        "ttlSecondsAfterFinished": KEPT,
        "suspend": False,
    }
    return {
        "apiVersion": JOBS.api_version,
        "kind": JOBS.kind,
        "metadata": {
            "name": job_name(order.decision, order.note),
            "namespace": order.workload.namespace,
            "labels": {**(metadata.get("labels") or {}), **_MANAGED_BY, marks.DECISION: order.decision},
            "annotations": {
                **(metadata.get("annotations") or {}),
                marks.DECISION: order.decision,
                marks.MIGRATION: order.note,
                marks.WORKLOAD: str(order.workload),
            },
            "ownerReferences": [_owner(workload, order)],
        },
        "spec": spec,
    }


def _replace(container: dict[str, Any], order: DownOrder) -> None:
    if order.down.image:
        container["image"] = order.down.image
    if order.down.args:
        container["args"] = list(order.down.args)


def _owner(workload: Json, order: DownOrder) -> dict[str, Any]:
    """The workload, so that it goes with it; not the CronJob, whose controller would tidy it up before it is read."""
    kind = resources.WORKLOADS[order.workload.kind]
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": order.workload.name,
        "uid": workload["metadata"]["uid"],
    }


def _known(made: Json, order: DownOrder) -> tuple[str, str]:
    name = at(made, "metadata", "name")
    if labels_of(made).get(marks.DECISION) != order.decision:
        return Result.REFUSED, f"a Job {name} is there that is not of this decision; delete it"
    return Result.ALREADY, f"Job {name} was made before"


def _no_template(order: DownOrder) -> str:
    return (
        f"the note {order.note} names the CronJob {order.down.job}, and there is none in namespace"
        f" {order.workload.namespace}; add it (suspended), or run the down migration by hand"
    )
