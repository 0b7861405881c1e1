"""What the GitOps controller makes of manifests: objects with the mark of their application, applied and compared.

Three-way, as `kubectl apply` does and Argo CD by default: what the manifest says is set, what it said the last time and
says no more is removed, and whatever others have added is left alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watcher.sandbox.kubernetes.kinds import Kind
from watcher.sandbox.kubernetes.objects import Json, annotations_of, canonical, duplicate, name_of, namespace_of
from watcher.sandbox.kubernetes.strategic import MERGE_KEYS

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World

CONTROL_PLANE = "argocd"
"""The namespace that Argo CD would run in."""

TRACKING = "argocd.argoproj.io/tracking-id"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True)
class Target:
    """One object as Git wants it."""

    kind: Kind
    manifest: Json

    @property
    def place(self) -> tuple[Kind, str, str]:
        """Kind, namespace and name."""
        return self.kind, namespace_of(self.manifest), name_of(self.manifest)

    def live(self, world: World) -> Json | None:
        """The object as it is, if it is there."""
        return world.find(*self.place)

    def as_applied(self, live: Json) -> Json:
        """What applying the manifest would make of the object that is there."""
        last = json.loads(annotations_of(live).get(LAST_APPLIED, "{}"))
        wanted = _with_last_applied(self.manifest)
        return merged(live, _with_last_applied(last) if last else {}, wanted)

    def differs(self, live: Json) -> bool:
        """Whether applying it would change the object."""
        return canonical(self.as_applied(live)) != canonical(live)

    def apply(self, world: World, manager: str) -> str:
        """Create it, or change what is there; what was done.  Raises ApiError."""
        live = self.live(world)
        if live is None:
            world.create(self.kind, namespace_of(self.manifest), _with_last_applied(self.manifest), manager)
            return "created"
        if not self.differs(live):
            return "unchanged"
        world.modify(self.kind, live, self.as_applied, manager)
        return "configured"


def target(kind: Kind, manifest: Json, application: Json, namespace: str) -> Target:
    """A manifest as an object of the application; `namespace` is for those that name none."""
    made = duplicate(manifest)
    metadata = made["metadata"]
    if kind.namespaced:
        metadata.setdefault("namespace", namespace)
    mark = f"{_mark(application)}:{kind.group}/{kind.kind}:{metadata.get('namespace', '')}/{metadata['name']}"
    metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING: mark}
    return Target(kind, made)


def belongs_to(obj: Json, application: Json) -> bool:
    """Whether the object's mark names the application, and the object itself."""
    mark = annotations_of(obj).get(TRACKING, "")
    return mark.startswith(f"{_mark(application)}:") and mark.endswith(
        f"/{obj['kind']}:{namespace_of(obj)}/{name_of(obj)}"
    )


def _mark(application: Json) -> str:
    """How the marks name an application: those beside Argo CD by their names alone."""
    namespace, name = namespace_of(application), name_of(application)
    return name if namespace == CONTROL_PLANE else f"{namespace}_{name}"


def _with_last_applied(manifest: Json) -> Json:
    noted = json.dumps(manifest, separators=(",", ":"), sort_keys=True)
    annotations = {**annotations_of(manifest), LAST_APPLIED: noted}
    return {**manifest, "metadata": {**manifest["metadata"], "annotations": annotations}}


def merged(live: Json, last: Json, wanted: Json) -> Json:
    """The object that is there after an apply of `wanted`, where `last` was applied before it."""
    made: Json = _applied(live, last, wanted, "")
    return made


def _applied(live: Any, last: Any, wanted: Any, field: str) -> Any:
    """A part of the object after an apply; `field` is the name under which it stands."""
    if isinstance(wanted, dict) and isinstance(live, dict):
        before = last if isinstance(last, dict) else {}
        kept = {key: part for key, part in live.items() if key in wanted or key not in before}
        return kept | {key: _applied(live.get(key), before.get(key), part, key) for key, part in wanted.items()}
    key = MERGE_KEYS.get(field, "")
    if key and _keyed(wanted, key) and _keyed(live, key):
        return _applied_list(live, last if _keyed(last, key) else [], wanted, key)
    return wanted


def _applied_list(live: list[Json], last: list[Json], wanted: list[Json], key: str) -> list[Json]:
    """Items by their key: those of the manifest in its order, then those of others."""
    there, before = {item[key]: item for item in live}, {item[key]: item for item in last}
    named = {item[key] for item in wanted}
    others = [item for item in live if item[key] not in named and item[key] not in before]
    return [*(_applied(there.get(item[key]), before.get(item[key]), item, "") for item in wanted), *others]


def _keyed(value: Any, key: str) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) and key in item for item in value)
