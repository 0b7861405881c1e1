"""Events, as `kubectl describe` shows them; the same event again raises its count."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.sandbox.clock import Clock, timestamp
from watcher.sandbox.kubernetes.kinds import EVENT
from watcher.sandbox.kubernetes.objects import Json, name_of, namespace_of, uid_of
from watcher.sandbox.kubernetes.ownership import Writer

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.registry import Registry

_KEPT = 1000
"""Events of one recorder that are kept; a real cluster forgets them after an hour."""


class EventRecorder:
    """Writes Events in the name of a component."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._names: dict[tuple[str, ...], str] = {}

    def normal(self, component: str, obj: Json, reason: str, message: str) -> None:
        """An Event of type Normal about the object."""
        self._record(component, obj, "Normal", reason, message)

    def warning(self, component: str, obj: Json, reason: str, message: str) -> None:
        """An Event of type Warning about the object."""
        self._record(component, obj, "Warning", reason, message)

    def _record(self, component: str, obj: Json, event_type: str, reason: str, message: str) -> None:
        namespace = namespace_of(obj)
        key = (namespace, uid_of(obj), event_type, reason, message)
        writer = Writer(component)
        now = timestamp(self._clock.now())
        known = self._names.get(key)
        if known is not None and self._registry.store.get(EVENT, namespace, known) is not None:
            self._registry.modify(
                EVENT,
                namespace,
                known,
                lambda event: {**event, "count": event["count"] + 1, "lastTimestamp": now},
                writer,
            )
            return
        event = _event(component, obj, event_type, reason, message)
        event |= {"firstTimestamp": now, "lastTimestamp": now, "count": 1}
        event["metadata"] = {"name": f"{name_of(obj)}.{self._registry.suffix(16)}", "namespace": namespace}
        self._names[key] = name_of(self._registry.create(EVENT, namespace, event, writer))
        self._forget_oldest()

    def _forget_oldest(self) -> None:
        if len(self._names) <= _KEPT:
            return
        key = next(iter(self._names))
        name = self._names.pop(key)
        if self._registry.store.get(EVENT, key[0], name) is not None:
            self._registry.delete(EVENT, key[0], name)


def _event(component: str, obj: Json, event_type: str, reason: str, message: str) -> Json:
    involved = {
        "kind": obj["kind"],
        "namespace": namespace_of(obj),
        "name": name_of(obj),
        "uid": uid_of(obj),
        "apiVersion": obj["apiVersion"],
        "resourceVersion": obj["metadata"]["resourceVersion"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "involvedObject": involved,
        "type": event_type,
        "reason": reason,
        "message": message,
        "source": {"component": component},
        "reportingComponent": component,
        "reportingInstance": "",
    }
