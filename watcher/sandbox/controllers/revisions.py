"""ControllerRevisions: the templates that a StatefulSet or DaemonSet has had, numbered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from watcher.sandbox.controllers.templates import template_hash
from watcher.sandbox.controllers.world import World, owner_reference
from watcher.sandbox.kubernetes.kinds import CONTROLLER_REVISION, Kind
from watcher.sandbox.kubernetes.objects import Json, canonical, duplicate, name_of, namespace_of


@dataclass(frozen=True)
class History:
    """The revisions of one owner kind. `hash_label` is the label on the revision that holds its hash."""

    world: World
    owner_kind: Kind
    hash_label: str
    component: str

    def of(self, owner: Json) -> list[Json]:
        """The owner's revisions, oldest number first."""
        return sorted(self.world.owned(CONTROLLER_REVISION, owner), key=lambda revision: int(revision["revision"]))

    def current(self, owner: Json) -> Json:
        """The revision of the present template: created, or an old one given the next number."""
        known = self.of(owner)
        data = _data(owner)
        number = int(known[-1]["revision"]) + 1 if known else 1
        same = next((revision for revision in known if canonical(revision["data"]) == canonical(data)), None)
        if same is None:
            return self._create(owner, data, number)
        if same is known[-1]:
            return same
        return self.world.modify(CONTROLLER_REVISION, same, lambda live: {**live, "revision": number}, self.component)

    def _create(self, owner: Json, data: Json, number: int) -> Json:
        template_labels = owner["spec"]["template"]["metadata"].get("labels") or {}
        letters = template_hash(owner["spec"]["template"])
        return self.world.create(
            CONTROLLER_REVISION,
            namespace_of(owner),
            {
                "metadata": {
                    "name": f"{name_of(owner)}-{letters}",
                    "labels": {**template_labels, self.hash_label: letters},
                    "ownerReferences": [owner_reference(self.owner_kind, owner)],
                },
                "data": data,
                "revision": number,
            },
            self.component,
        )

    def prune(self, owner: Json, live: Collection[str], pods: Sequence[Json]) -> None:
        """Deletes the oldest revisions beyond the limit that neither `live` (names) nor a pod needs."""
        used = {*live, *(pod["metadata"]["labels"].get("controller-revision-hash", "") for pod in pods)}
        unused = [
            revision
            for revision in self.of(owner)
            if name_of(revision) not in used and revision["metadata"]["labels"][self.hash_label] not in used
        ]
        for revision in unused[: max(0, len(unused) - int(owner["spec"]["revisionHistoryLimit"]))]:
            self.world.delete(CONTROLLER_REVISION, revision)


def template_of(revision: Json) -> Json:
    """The pod template that the revision holds, without the `$patch` directive."""
    template = duplicate(revision["data"]["spec"]["template"])
    template.pop("$patch", None)
    return template


def _data(owner: Json) -> Json:
    """A strategic merge patch that puts the template back."""
    return {"spec": {"template": {**duplicate(owner["spec"]["template"]), "$patch": "replace"}}}
