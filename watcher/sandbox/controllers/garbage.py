"""The garbage collector: dependents go with their owner, content goes with its namespace."""

from __future__ import annotations

from collections.abc import Iterable

from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import World
from watcher.sandbox.kubernetes.kinds import NAMESPACE
from watcher.sandbox.kubernetes.objects import is_terminating, name_of, namespace_of
from watcher.sandbox.kubernetes.store import Change


class GarbageCollector:
    """Deletes objects all of whose owners are gone; keys are `(namespace, UID of a deleted owner)`."""

    name = "garbage-collector"

    def __init__(self, world: World) -> None:
        self._world = world

    def concerns(self, change: Change) -> Iterable[Key]:
        """Deletions only."""
        if change.type == "DELETED":
            yield namespace_of(change.object), change.object["metadata"]["uid"]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Deletes the dependents of the owner with UID `name`, but for those that another living owner holds."""
        store = self._world.registry.store
        content = store.everything(namespace)
        living = {obj["metadata"]["uid"] for _, obj in content}
        for kind, obj in content:
            owners = [reference["uid"] for reference in obj["metadata"].get("ownerReferences") or ()]
            if name in owners and not living.intersection(owners):
                self._world.delete(kind, obj)
        return None


class NamespaceController:
    """Empties a namespace that is being deleted, then lets it go."""

    name = "namespace-controller"

    def __init__(self, world: World) -> None:
        self._world = world

    def concerns(self, change: Change) -> Iterable[Key]:
        """Namespaces, and deletions in them."""
        if change.kind is NAMESPACE:
            yield "", name_of(change.object)
        elif change.type == "DELETED":
            yield "", namespace_of(change.object)

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One look at the namespace called `name`."""
        found = self._world.find(NAMESPACE, namespace, name)
        if found is None or not is_terminating(found):
            return None
        for kind, obj in self._world.registry.store.everything(name):
            if not is_terminating(obj):
                self._world.delete(kind, obj)
        if not self._world.registry.store.everything(name):
            self._world.registry.finish(NAMESPACE, found)
        return None
