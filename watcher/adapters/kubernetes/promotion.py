"""Promotes a Rollout fully after its template was put back: what is known good needs no steps and pauses.

Argo Rollouts up to 1.9.3 overlook a change that lands within a tenth of a second of a write of their own, be it of
the template or of the status; any later change of the object wakes them.
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes import fresh, resources, rollouts
from watcher.adapters.kubernetes.client import Client, Json
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import annotations_of
from watcher.core.keepers.json_patch import Operation, add, pointer, test
from watcher.core.model import RolloutStatus
from watcher.core.orders import UndoOrder
from watcher.core.template import template_id
from watcher.ports import Clock, WatcherError

PATIENCE_SECONDS = 5.0
OVERLOOKED_SECONDS = 1.0  # ten times what a controller that saw the change needs
POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Promotion:
    """Skips the steps of a Rollout; safe to repeat."""

    client: Client
    clock: Clock

    async def skip_steps(self, order: UndoOrder) -> str:
        """What became of it, for the report; never raises for what the API answers."""
        try:
            return await self._skip_steps(order)
        except WatcherError as error:
            return f"the steps are not skipped yet: {error}"

    async def _skip_steps(self, order: UndoOrder) -> str:
        began = self.clock.now()
        look_up = began + OVERLOOKED_SECONDS
        while (now := self.clock.now()) < began + PATIENCE_SECONDS:
            raw = await fresh.object_of(self.client, order.workload)
            status, taken = rollouts.status(raw), await self._taken_over(order, raw)
            if taken and _done(status):
                return "no steps to wait for"
            if taken and not status.promote_full:
                await self._change_status(order, status, add(pointer("status", "promoteFull"), True))  # noqa: FBT003
            elif now >= look_up:
                look_up = now + OVERLOOKED_SECONDS
                message = f"put back by decision {order.decision}, attempt {order.tried}"
                await self._change_status(order, status, add(pointer("status", "message"), message))
            await self.clock.sleep(POLL_SECONDS)
        return "the steps are not skipped yet: the controller has not taken the template over"

    async def _taken_over(self, order: UndoOrder, raw: Json) -> bool:
        """Whether the status speaks of the template that was put back; a promotion before that would be wiped.

        What somebody released meanwhile is not for us to promote.  With `workloadRef` the generation says only that
        the Deployment's newest template was taken over, so the template and the revision made of it are looked at.
        """
        if not rollouts.observed(raw):
            return False
        name = rollouts.template_source(raw)
        if not name:
            return template_id(raw["spec"]["template"]) == order.target_template
        source = await self.client.get(resources.DEPLOYMENTS.path(order.workload.namespace, name))
        return (
            template_id(source["spec"]["template"]) == order.target_template
            and annotations_of(raw).get(rollouts.WORKLOAD_GENERATION) == str(source["metadata"]["generation"])
            and rollouts.status(raw).current == order.target_revision
        )

    async def _change_status(self, order: UndoOrder, status: RolloutStatus, change: Operation) -> None:
        operations = [test(pointer("status", "currentPodHash"), status.current), change]
        await patch_status(self.client, order.workload.namespace, order.workload.name, operations)


def _done(status: RolloutStatus) -> bool:
    return not status.in_progress or (status.promote_full and not status.in_step)


async def patch_status(client: Client, namespace: str, name: str, operations: list[Operation]) -> Json:
    """Patch a Rollout's status; old CRDs have no status subresource.  Raises what the client raises."""
    try:
        return await client.patch(resources.ROLLOUTS.path(namespace, name, "status"), operations)
    except NotFound:
        return await client.patch(resources.ROLLOUTS.path(namespace, name), operations)
