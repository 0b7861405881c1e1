"""What the stand-in for Flux makes of manifests: objects with the labels of their Kustomization, applied.

Fields that Git names are set, whoever changed them; those that it names no more are removed, others left alone, as a
server-side apply with force does.

https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.gitops_applying import merged
from watcher.sandbox.controllers.gitops_sources import manifests
from watcher.sandbox.kubernetes.kinds import Kind, by_type
from watcher.sandbox.kubernetes.objects import Json, annotations_of, duplicate, labels_of, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World

GROUP = "kustomize.toolkit.fluxcd.io"
RECONCILE, PRUNE = f"{GROUP}/reconcile", f"{GROUP}/prune"

Place = tuple[Kind, str, str]
"""Kind, namespace and name."""


@dataclass(frozen=True)
class Desired:
    """What a Kustomization wants, in the order of the files."""

    objects: tuple[tuple[Kind, Json], ...]

    @property
    def digest(self) -> str:
        """Of all manifests."""
        text = json.dumps([manifest for _, manifest in self.objects], sort_keys=True)
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    @property
    def inventory(self) -> list[Json]:
        """As `.status.inventory.entries` names them."""
        return [
            {"id": f"{namespace_of(each)}_{name_of(each)}_{kind.group}_{kind.kind}", "v": kind.version}
            for kind, each in self.objects
        ]


def desired(files: dict[str, bytes], kustomization: Json) -> Desired:
    """The objects in the files, labelled.  Raises SourceProblem."""
    return Desired(tuple((kind, _labelled(kind, each, kustomization)) for kind, each in manifests(files, recurse=True)))


def _labelled(kind: Kind, manifest: Json, kustomization: Json) -> Json:
    made = duplicate(manifest)
    metadata, spec = made["metadata"], kustomization["spec"]
    if kind.namespaced and (spec.get("targetNamespace") or "namespace" not in metadata):
        metadata["namespace"] = spec.get("targetNamespace") or "default"
    owner = {f"{GROUP}/name": name_of(kustomization), f"{GROUP}/namespace": namespace_of(kustomization)}
    metadata["labels"] = {**(metadata.get("labels") or {}), **owner}
    return made


@dataclass
class Applying:
    """Applies in the name of the controller `manager`; `last` is what was applied before."""

    world: World
    manager: str
    last: dict[Place, Json] = field(default_factory=dict)

    def apply(self, wanted: Desired) -> None:
        """Create what is not there, and change what differs.  Raises ApiError."""
        for kind, manifest in wanted.objects:
            place = (kind, namespace_of(manifest), name_of(manifest))
            live = self.world.find(*place)
            if live is None:
                self.world.create(kind, place[1], manifest, self.manager)
            elif _is_off(live, RECONCILE) or _is_off(manifest, RECONCILE):
                continue
            else:
                change = partial(merged, last=self.last.get(place, {}), wanted=manifest)
                self.world.modify(kind, live, change, self.manager)
            self.last[place] = manifest

    def prune(self, inventory: Iterable[Json], wanted: Desired) -> None:
        """Delete what the inventory names and Git does not any more.  Raises ApiError."""
        named = {each["id"] for each in wanted.inventory}
        for kind, namespace, name in _places(each for each in inventory if each["id"] not in named):
            live = self.world.find(kind, namespace, name)
            if live is not None and not _is_off(live, RECONCILE) and not _is_off(live, PRUNE):
                self.world.delete(kind, live)
            self.last.pop((kind, namespace, name), None)


def _is_off(obj: Json, mark: str) -> bool:
    """Whether an annotation, or a label, says `disabled`."""
    return "disabled" in (annotations_of(obj).get(mark, "").lower(), labels_of(obj).get(mark, "").lower())


def _places(entries: Iterable[Json]) -> Iterator[Place]:
    for each in entries:
        namespace, name, group, kind = each["id"].split("_")
        found = by_type(f"{group}/{each['v']}" if group else each["v"], kind)
        if found is not None:
            yield found, namespace, name
