"""What a rehearsal does to a workload, with the permissions of whoever holds it: break it, and put it back.

What there is to put back stands on the object itself, written in the same patch that breaks it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from watcher.adapters.kubernetes import fresh, marks, resources, rollouts, workloads
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, controller, count, labels_of
from watcher.core.drill import BROKEN_TAG, DRILL, differences
from watcher.core.keepers.argocd import REFRESH
from watcher.core.keepers.json_patch import Operation, annotate, pointer, remove, replace, same_object, test
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.ports import Rejected, WatcherError

LARGEST = 200_000
"""Bytes of what is written on the object, at the most: all annotations together may have 256 KiB."""

OURS = (marks.DECISION, marks.UNDO)
CONTROLLERS = frozenset({workloads.REVISION, rollouts.REVISION, marks.REHEARSAL})
"""Annotations that are another thing after each release."""


@dataclass(frozen=True, slots=True)
class Note:
    """What there is to put back after the rehearsal `drill`.

    `spec`, `labels` and `annotations` are the workload's as they were.  `url`, `branch`, `file` and `content` name the
    file of a repository that was changed for it, and what stood in it; empty where none was.
    """

    drill: str
    spec: dict[str, Any]
    labels: dict[str, str]
    annotations: dict[str, str]
    url: str = ""
    branch: str = ""
    file: str = ""
    content: str = ""

    def text(self) -> str:
        """As it is written on the object.  Raises Rejected where it is too large for that."""
        text = json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)
        if len(text.encode()) > LARGEST:
            raise Rejected("the workload is too large to be rehearsed on: what is to be put back must fit on it")
        return text

    @property
    def before(self) -> Mapping[str, Any]:
        """What must be the same afterwards."""
        return {"spec": self.spec, "labels": self.labels, "annotations": self.annotations}


class Rehearsing:
    """One workload that is rehearsed on.  Every method raises Unavailable, Forbidden, Rejected."""

    def __init__(self, client: Client, workload: Workload) -> None:
        self._client, self._workload = client, workload
        self._resource = resources.WORKLOADS[workload.kind]
        self._path = self._resource.path(workload.namespace, workload.name)

    async def check_namespace(self) -> None:
        """Raises Rejected where the namespace is not there for rehearsals only."""
        namespace = self._workload.namespace
        if not marks.rehearses(await self._client.get(resources.NAMESPACES.path(name=namespace))):
            raise Rejected(
                f"namespace {namespace} is not labelled for rehearsals, so nothing is released in it; if it is there "
                f"for nothing else: kubectl label namespace {namespace} {marks.REHEARSAL}=true"
            )

    async def read(self) -> Json:
        """The workload as it is.  Raises Rejected where its template is in another object."""
        raw = await fresh.object_of(self._client, self._workload)
        if not at(raw, "spec", "template"):
            raise Rejected(f"{self._workload} has its template in another object; rehearse on one that has its own")
        return raw

    async def mark(self, raw: Json, note: Note) -> None:
        """Write down what there is to put back, before anything is changed elsewhere."""
        await self._client.patch(self._path, [same_object(raw), *annotate(raw, {marks.REHEARSAL: note.text()})])

    async def break_(self, raw: Json, template: Mapping[str, Any], note: Note) -> None:
        """Release this template, and write down what there is to put back, in one patch."""
        marked = annotate(raw, {marks.REHEARSAL: note.text()})
        await self._client.patch(self._path, [*_same(raw), replace(pointer("spec", "template"), template), *marked])

    async def put_template_back(self, raw: Json, note: Note) -> None:
        """Put the template back; nothing where it is there already."""
        if left(raw, note):
            back = replace(pointer("spec", "template"), note.spec["template"])
            await self._client.patch(self._path, [*_same(raw), back])

    async def clear(self, raw: Json, note: Note) -> None:
        """Take away what the rehearsal and its rollback have written beside the template."""
        operations = [same_object(raw), *_cleared(annotations_of(raw), note)]
        if len(operations) > 1:
            await self._client.patch(self._path, operations)

    async def sweep(self, raw: Json, drill: str) -> bool:
        """Remove what the controllers keep of the broken version; whether nothing is left of it."""
        resource = resources.HISTORY[self._workload.kind]
        selector = ",".join(fresh.requirements(at(raw, "spec", "selector") or {}))
        answer = await self._client.get(resource.path(self._workload.namespace), {"labelSelector": selector})
        left = False
        for item in answer.get("items") or ():
            owner = controller(item)
            if owner is None or owner.uid != raw["metadata"]["uid"] or not _broken(item, drill):
                continue
            if count(item, "spec", "replicas") or count(item, "status", "replicas"):
                left = True
                continue
            path = resource.path(self._workload.namespace, item["metadata"]["name"])
            try:
                await self._client.delete(path, item["metadata"]["uid"])
            except NotFound:
                continue
        return not left

    async def refresh(self, application: str) -> None:
        """Have Argo CD look at its repositories now; where that cannot be asked for it does so in its own time."""
        namespace, _, name = application.partition("/")
        path = resources.APPLICATIONS.path(namespace, name)
        try:
            raw = await self._client.get(path)
            await self._client.patch(path, [same_object(raw), *annotate(raw, {REFRESH: "normal"})])
        except WatcherError:
            return


def read_note(raw: Json) -> Note | None:
    """What there is to put back, as it stands on the object.  Raises Rejected for what cannot be read."""
    text = annotations_of(raw).get(marks.REHEARSAL)
    if text is None:
        return None
    try:
        found = Note(**json.loads(text))
        known = re.fullmatch("[0-9a-f]{8}", found.drill)
    except (ValueError, TypeError):
        known = None
    if known is None:
        raise Rejected(f"the annotation {marks.REHEARSAL} cannot be read: put the template back by hand")
    return found


def left(raw: Json, note: Note) -> tuple[str, ...]:
    """What of the template is not as before."""
    return differences(note.spec["template"], at(raw, "spec", "template"), "template")


def state(raw: Json) -> dict[str, Any]:
    """What must be the same after a rehearsal."""
    annotations = {key: value for key, value in annotations_of(raw).items() if key not in CONTROLLERS}
    return {"spec": dict(raw["spec"]), "labels": dict(labels_of(raw)), "annotations": annotations}


def rolled_out(raw: Json, kind: Kind) -> bool:
    """Whether all of its replicas are of the template that its spec asks for, and serve."""
    project = {
        Kind.DEPLOYMENT: workloads.deployment,
        Kind.STATEFUL_SET: workloads.stateful_set,
        Kind.DAEMON_SET: workloads.daemon_set,
        Kind.ROLLOUT: rollouts.rollout,
    }[kind]
    found = project(raw)
    if found is None or not found.observed:
        return False
    stands = found.rollout is None or not (found.rollout.in_progress or found.rollout.abort)
    return stands and found.updated == found.ready == found.available == found.desired


def _same(raw: Json) -> Iterator[Operation]:
    yield same_object(raw)
    yield test(pointer("spec", "template"), raw["spec"]["template"])


def _cleared(now: Mapping[str, str], note: Note) -> Iterator[Operation]:
    for key in (marks.REHEARSAL, *OURS):
        path = pointer("metadata", "annotations", key)
        if key in note.annotations:
            if now.get(key) != note.annotations[key]:
                yield {"op": "add", "path": path, "value": note.annotations[key]}
        elif key in now:
            yield remove(path)


def _broken(item: Json, drill: str) -> bool:
    """Whether this ReplicaSet or ControllerRevision is of the version that was broken for this rehearsal."""
    template = at(item, "spec", "template") or at(item, "data", "spec", "template") or {}
    images = [str(each.get("image")) for each in at(template, "spec", "containers") or ()]
    return annotations_of(template).get(DRILL) == drill or any(f"{BROKEN_TAG}{drill}" in each for each in images)
