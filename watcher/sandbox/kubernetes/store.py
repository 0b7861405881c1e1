"""The object store: one global resource version, and a bounded history for watches and chunked lists."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import KINDS, Kind
from watcher.sandbox.kubernetes.objects import Json, duplicate, name_of, namespace_of

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_REVISION = 1000
"""Counting starts above 0, so that a client's invented low resource version is "too old", as on a real server."""

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the history. `previous` is None for ADDED; for DELETED `object` is the last state."""

    revision: int
    type: ChangeType
    kind: Kind
    object: Json
    previous: Json | None


class Store:
    """Objects by kind, namespace and name. Stored objects are never changed in place.

    `history_limit` is how many changes can be watched back; older ones are compacted.
    """

    def __init__(self, history_limit: int) -> None:
        self._state: dict[str, dict[tuple[str, str], Json]] = {}
        self._history: deque[Change] = deque(maxlen=history_limit)
        self._listeners: list[Callable[[Change], None]] = []
        self.revision = FIRST_REVISION

    @property
    def compacted(self) -> int:
        """The newest revision from which a watch can no longer start: all changes after it are still held."""
        return self.revision - len(self._history)

    def listen(self, listener: Callable[[Change], None]) -> None:
        """Calls `listener` synchronously after each change, from now on."""
        self._listeners.append(listener)

    def forget(self, listener: Callable[[Change], None]) -> None:
        """Ends `listen`."""
        self._listeners.remove(listener)

    def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The stored object itself: do not change it."""
        return self._state.get(kind.plural, {}).get((namespace, name))

    def objects(self, kind: Kind, namespace: str = "") -> list[Json]:
        """All objects of the kind (in the namespace, if one is given), by namespace and name."""
        found = self._state.get(kind.plural, {})
        return [found[key] for key in sorted(found) if not namespace or key[0] == namespace]

    def everything(self, namespace: str) -> list[tuple[Kind, Json]]:
        """All objects with their kinds; only those of the namespace, if one is given."""
        return [
            (kind, obj)
            for kind in KINDS
            for (where, _), obj in self._state.get(kind.plural, {}).items()
            if not namespace or where == namespace
        ]

    def list_at(self, kind: Kind, namespace: str, revision: int) -> list[Json]:
        """As `objects`, as it was at `revision`. Raises 410 when that has been compacted."""
        state = {(namespace_of(obj), name_of(obj)): obj for obj in self.objects(kind, namespace)}
        for change in reversed(self.since(revision)):
            if change.kind is not kind or (namespace and namespace_of(change.object) != namespace):
                continue
            key = (namespace_of(change.object), name_of(change.object))
            if change.previous is None:
                del state[key]
            else:
                state[key] = change.previous
        return [state[key] for key in sorted(state)]

    def since(self, revision: int) -> list[Change]:
        """The changes after `revision`, oldest first. Raises 410 when some of them have been compacted."""
        if revision < self.compacted:
            raise errors.watch_expired(revision, self.compacted)
        missing = max(0, self.revision - revision)
        return [self._history[index] for index in range(len(self._history) - missing, len(self._history))]

    def insert(self, kind: Kind, obj: Json) -> Json:
        """Adds an object and gives it its resource version."""
        return self._record("ADDED", kind, obj, None)

    def replace(self, kind: Kind, obj: Json, previous: Json) -> Json:
        """Puts a new state in place of `previous`."""
        return self._record("MODIFIED", kind, obj, previous)

    def remove(self, kind: Kind, previous: Json) -> Json:
        """Takes an object out; its last state carries the resource version of the deletion."""
        return self._record("DELETED", kind, duplicate(previous), previous)

    def _record(self, change_type: ChangeType, kind: Kind, obj: Json, previous: Json | None) -> Json:
        self.revision += 1
        obj["metadata"]["resourceVersion"] = str(self.revision)
        key = (namespace_of(obj), name_of(obj))
        objects = self._state.setdefault(kind.plural, {})
        if change_type == "DELETED":
            del objects[key]
        else:
            objects[key] = obj
        change = Change(self.revision, change_type, kind, obj, previous)
        self._history.append(change)
        for listener in tuple(self._listeners):
            listener(change)
        return obj
