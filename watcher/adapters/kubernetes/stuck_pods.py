"""Deletes pods of the bad revision that their controller would leave for ever."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes import fresh, pods, resources
from watcher.adapters.kubernetes.client import Client, Json
from watcher.adapters.kubernetes.errors import Conflict, NotFound
from watcher.adapters.kubernetes.fields import at
from watcher.adapters.kubernetes.fresh import Holds
from watcher.core.model import Result
from watcher.core.orders import ReleaseStuckPodsOrder


@dataclass(frozen=True, slots=True)
class ReleaseStuckPods:
    """Performs orders to delete stuck pods.  Each delete names the pod's uid."""

    client: Client
    holds: Holds

    async def perform(self, order: ReleaseStuckPodsOrder) -> tuple[str, str]:
        """Result and message.  Raises what the client raises."""
        raw = await fresh.object_of(self.client, order.workload)
        if raw["metadata"]["uid"] != order.uid:
            return Result.CONFLICT, f"{order.workload} was deleted and made anew"
        held = "" if order.past_hold else await self.holds.on(order.workload, raw)
        if held:
            return Result.HELD, held
        deleted = [name for name, uid in order.pods if await self._delete(order, raw, name, uid)]
        if not deleted:
            return Result.ALREADY, "none of the pods is stuck any more"
        return Result.APPLIED, f"deleted {', '.join(deleted)}"

    async def _delete(self, order: ReleaseStuckPodsOrder, raw: Json, name: str, uid: str) -> bool:
        """Whether it was there, still the same, still ours and still stuck, and is deleted now."""
        path = resources.PODS.path(order.workload.namespace, name)
        try:
            found = pods.pod(await self.client.get(path))
            if found is None or found.pod.uid != uid or found.owner != order.uid or found.pod.terminating is not None:
                return False
            if found.pod.ready and at(raw, "spec", "updateStrategy", "type") != "OnDelete":
                return False
            await self.client.delete(path, uid)
        except (NotFound, Conflict):
            return False
        return True
