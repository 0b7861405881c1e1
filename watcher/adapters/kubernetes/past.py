"""What the API server still knows of one workload and its past, read once: for recordings.

Everything is read by lists, so that an account that may only observe can read it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from watcher.adapters.kubernetes import resources, rollouts
from watcher.adapters.kubernetes.client import LIST_SECONDS, Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, at, controller
from watcher.adapters.kubernetes.fresh import requirements
from watcher.adapters.kubernetes.reflector import PAGE
from watcher.core.model import Workload
from watcher.core.words import Kind


@dataclass(frozen=True, slots=True)
class Past:
    """A workload as it is now, the ReplicaSets or ControllerRevisions that its controller keeps, and its pods."""

    workload: Workload
    raw: Json
    revisions: tuple[Json, ...]
    pods: tuple[Json, ...]

    @property
    def uid(self) -> str:
        """Uid of the workload."""
        return str(self.raw["metadata"]["uid"])


async def read(client: Client, workload: Workload) -> Past:
    """Read it.  Raises NotFound where there is no such workload, Unavailable, Forbidden, Rejected."""
    raw = await _one(client, workload)
    source = raw
    if workload.kind is Kind.ROLLOUT and rollouts.template_source(raw):
        named = Workload(Kind.DEPLOYMENT, workload.namespace, rollouts.template_source(raw))
        source = await _one(client, named)
    selector = at(source, "spec", "selector") or at(raw, "spec", "selector") or {}
    wanted = {"labelSelector": ",".join(requirements(selector))}
    uid = raw["metadata"]["uid"]
    history = resources.HISTORY[workload.kind].path(workload.namespace)
    revisions = [each async for each in _items(client, history, wanted) if _controlled_by(each, {uid})]
    owners = {uid, *(each["metadata"]["uid"] for each in revisions)}
    everything = _items(client, resources.PODS.path(workload.namespace), wanted)
    pods = [each async for each in everything if _controlled_by(each, owners)]
    return Past(workload, raw, tuple(revisions), tuple(pods))


async def _one(client: Client, workload: Workload) -> Json:
    path = resources.WORKLOADS[workload.kind].path(workload.namespace)
    try:
        found = [each async for each in _items(client, path, {"fieldSelector": f"metadata.name={workload.name}"})]
    except NotFound as error:
        raise NotFound(f"the cluster serves no {workload.kind}s: {error}") from error
    if not found:
        raise NotFound(f"there is no {workload} in the cluster; check its name, --kubeconfig and --context")
    return found[0]


async def _items(client: Client, path: str, wanted: dict[str, str]) -> AsyncIterator[Json]:
    page = {"limit": str(PAGE), **wanted}
    while True:
        answer = await client.get(path, page, LIST_SECONDS)
        for item in answer.get("items") or ():
            yield item
        following = at(answer, "metadata", "continue")
        if not following:
            return
        page["continue"] = following


def _controlled_by(raw: Json, owners: set[str]) -> bool:
    owner = controller(raw)
    return owner is not None and owner.uid in owners
