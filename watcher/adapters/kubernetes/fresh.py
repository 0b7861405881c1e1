"""Reads a workload, what its controller keeps of its history, and its holds, past the cache: before each write."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from watcher.adapters.kubernetes import marks, resources, rollouts
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, controller
from watcher.adapters.kubernetes.reflector import PAGE
from watcher.adapters.kubernetes.resources import Resource
from watcher.adapters.kubernetes.revisions import controller_revision, kept_template, replica_set
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Revision, Workload
from watcher.core.template import template_id
from watcher.core.words import Kind
from watcher.ports import Clock, Forbidden, Rejected


@dataclass(frozen=True, slots=True)
class Kept:
    """One revision with the template that its controller keeps; `undo` is the workload's mark, copied to it."""

    revision: Revision
    template: dict[str, Any]
    undo: str = ""


@dataclass(frozen=True, slots=True)
class Live:
    """A workload as it is now.

    `raw` is the workload; `source` the object whose spec holds the pod template: the same, but for a Rollout with
    `workloadRef` the Deployment it names.
    """

    workload: Workload
    raw: Json
    source: Json
    source_resource: Resource
    history: tuple[Kept, ...]  # oldest first

    @property
    def uid(self) -> str:
        """Uid of the workload."""
        return str(self.raw["metadata"]["uid"])

    @property
    def decision(self) -> str:
        """Id of the decision that was last carried out on the object that holds the template."""
        return annotations_of(self.source).get(marks.DECISION, "")

    def undone_by(self, decision: str) -> bool:
        """Whether this decision has put a template back, whatever became of it since.

        `kubectl rollout undo` replaces the annotations of a Deployment, so the copy on its ReplicaSets counts too.
        The decision's id alone proves nothing: an abort writes it, and with `workloadRef` it is written beforehand.
        """
        return decision in {annotations_of(self.source).get(marks.UNDO), *(kept.undo for kept in self.history)}

    @property
    def refers(self) -> bool:
        """Whether the template is in another object."""
        return self.source is not self.raw

    def template_ids(self) -> set[str]:
        """Ids of the template that the spec asks for.

        A Rollout's own template is not defaulted as its ReplicaSets' are, so that the same version may have two ids:
        that of the text, and that of the ReplicaSet the controller made of this very spec.
        """
        found = {template_id(self.source["spec"]["template"])}
        if self.workload.kind is Kind.ROLLOUT and not self.refers and rollouts.observed(self.raw):
            current = at(self.raw, "status", "currentPodHash")
            found |= {kept.revision.template_id for kept in self.history if kept.revision.name == current}
        return found

    def kept(self, wanted: str) -> Kept | None:
        """The newest revision whose template has this id, or None."""
        return next((each for each in reversed(self.history) if each.revision.template_id == wanted), None)


async def object_of(client: Client, workload: Workload) -> Json:
    """The workload alone.  Raises NotFound, Unavailable, Forbidden."""
    return await client.get(resources.WORKLOADS[workload.kind].path(workload.namespace, workload.name))


async def live(client: Client, workload: Workload) -> Live:
    """The workload with its history.  Raises NotFound, Unavailable, Forbidden."""
    raw = await object_of(client, workload)
    source, resource = raw, resources.WORKLOADS[workload.kind]
    if workload.kind is Kind.ROLLOUT and rollouts.template_source(raw):
        if at(raw, "spec", "workloadRef", "kind") != "Deployment":
            kind = at(raw, "spec", "workloadRef", "kind")
            raise Rejected(f"{workload}: its template is in a {kind}; only one in a Deployment can be put back")
        resource = resources.DEPLOYMENTS
        source = await client.get(resource.path(workload.namespace, rollouts.template_source(raw)))
    history = sorted(
        [each async for each in _history(client, workload, raw, source)], key=lambda each: each.revision.number
    )
    return Live(workload, raw, source, resource, tuple(history))


@dataclass(frozen=True, slots=True)
class Holds:
    """What is held at this moment, past the cache.

    `own_namespace` is where the ConfigMap `watcher-hold` is looked for; empty: nowhere.  `namespaces_readable` is
    False where the account cannot read Namespaces by design (permissions per namespace), so that holds on those are
    not asked for in vain.  `kept` tells of holds that are not in the cluster.
    """

    client: Client
    clock: Clock
    own_namespace: str
    namespaces_readable: bool
    kept: Callable[[Workload], str]

    async def on(self, workload: Workload, raw: Json) -> str:
        """Why nothing may be written to this workload now, or an empty string.  Raises Unavailable, Forbidden.

        What is not in the cluster is asked for last as well: it may have come while the cluster was read.
        """
        return self.kept(workload) or await self._in_cluster(workload, raw) or self.kept(workload)

    async def _in_cluster(self, workload: Workload, raw: Json) -> str:
        reason = self._text(marks.hold(raw, Scope(workload.namespace, workload)))
        if reason:
            return reason
        try:
            space = await self.client.get(resources.NAMESPACES.path(name=workload.namespace))
            reason = self._text(marks.hold({"kind": "Namespace", **space}, Scope(workload.namespace)))
        except Forbidden:
            if self.namespaces_readable:
                raise
        if reason or not self.own_namespace:
            return reason
        path = resources.CONFIG_MAPS.path(self.own_namespace, marks.HOLD_CONFIG_MAP)
        try:
            return self._text(marks.config_map_hold(await self.client.get(path)))
        except NotFound:
            return ""

    def _text(self, hold: Hold | None) -> str:
        return hold.text if hold is not None and hold.in_force(self.clock.now()) else ""


async def _history(client: Client, workload: Workload, raw: Json, source: Json) -> AsyncIterator[Kept]:
    resource = resources.HISTORY[workload.kind]
    project = replica_set if resource is resources.REPLICA_SETS else controller_revision
    selector = ",".join(requirements(at(source, "spec", "selector") or at(raw, "spec", "selector") or {}))
    page = {"limit": str(PAGE), "labelSelector": selector}
    while True:
        answer = await client.get(resource.path(workload.namespace), page)
        for item in answer.get("items") or ():
            owner, found = controller(item), project(item)
            if owner is not None and owner.uid == raw["metadata"]["uid"] and found is not None:
                yield Kept(found.revision, kept_template(item), annotations_of(item).get(marks.UNDO, ""))
        following = at(answer, "metadata", "continue")
        if not following:
            return
        page["continue"] = following


def requirements(selector: Json) -> Iterator[str]:
    """A label selector as the API takes it in a query."""
    for key, value in (selector.get("matchLabels") or {}).items():
        yield f"{key}={value}"
    for each in selector.get("matchExpressions") or ():
        key, values = each["key"], ",".join(each.get("values") or ())
        match each["operator"]:
            case "Exists":
                yield key
            case "DoesNotExist":
                yield f"!{key}"
            case operator:
                yield f"{key} {operator.lower()} ({values})"
