"""Aborts an Argo Rollout in progress, so that all traffic goes back to the stable version."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes import fresh, resources, rollouts
from watcher.adapters.kubernetes.client import Client, Json
from watcher.adapters.kubernetes.fields import annotations_of, at
from watcher.adapters.kubernetes.fresh import Holds
from watcher.adapters.kubernetes.marks import DECISION
from watcher.adapters.kubernetes.operations import decided
from watcher.adapters.kubernetes.promotion import patch_status
from watcher.core.keepers.json_patch import Operation, add, pointer, same_object, test
from watcher.core.model import Result, RolloutStatus
from watcher.core.orders import AbortOrder


@dataclass(frozen=True, slots=True)
class Abort:
    """Performs abort orders."""

    client: Client
    holds: Holds

    async def perform(self, order: AbortOrder) -> tuple[str, str]:
        """Result and message.  Raises what the client raises."""
        raw = await fresh.object_of(self.client, order.workload)
        status = rollouts.status(raw)
        if raw["metadata"]["uid"] != order.uid or status.current != order.pod_hash:
            return Result.CONFLICT, f"{order.workload} is at another revision by now"
        if not rollouts.observed(raw):
            return Result.CONFLICT, f"{order.workload} was changed and its controller has not seen that yet"
        if status.aborted_at:
            return Result.ALREADY, f"aborted at {status.aborted_at}"
        impossible = _impossible(status)
        if impossible:
            return Result.REFUSED, f"an abort has no effect: {impossible}"
        held = "" if order.past_hold else await self.holds.on(order.workload, raw)
        if held:
            return Result.HELD, held
        await self._write(order, raw, status)
        return Result.APPLIED, f"abort of revision {order.pod_hash} sent, stable is {status.stable}"

    async def _write(self, order: AbortOrder, raw: Json, status: RolloutStatus) -> None:
        """The decision's id goes first and by itself: a patch of the status drops metadata."""
        name, namespace = order.workload.name, order.workload.namespace
        if annotations_of(raw).get(DECISION) != order.decision:
            path = resources.ROLLOUTS.path(namespace, name)
            await self.client.patch(path, [same_object(raw), decided(raw, order.decision)])
        await patch_status(self.client, namespace, name, changes(order, raw, status))


def changes(order: AbortOrder, raw: Json, status: RolloutStatus) -> list[Operation]:
    """The patch of the status; it holds only for the template that was read, for the controller takes its time to say
    in the status that there is a newer one.

    Argo Rollouts 1.8.4 to 1.9.3 lose an abort that lands beside a write of their own, and the same patch again
    changes nothing, so a repeated one brings a new message along.
    """
    operations = [
        test(pointer("status", "currentPodHash"), order.pod_hash),
        add(pointer("status", "abort"), True),  # noqa: FBT003
    ]
    template = at(raw, "spec", "template")
    if template is not None:  # else it is in the object of `workloadRef`
        operations.insert(0, test(pointer("spec", "template"), template))
    if order.clear_promotion or status.promote_full:
        operations.append(add(pointer("status", "promoteFull"), False))  # noqa: FBT003
    if order.tried > 1 or status.abort:
        operations.append(
            add(pointer("status", "message"), f"abort by decision {order.decision}, attempt {order.tried}")
        )
    return operations


def _impossible(status: RolloutStatus) -> str:
    if status.invalid_spec:
        return f"the Rollout's spec is invalid, its controller does nothing: {status.message}"
    if not status.stable:
        return "it is the first deployment, there is no stable version yet"
    return "" if status.in_progress else "it is fully promoted"
