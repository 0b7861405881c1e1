"""The port `Announcer`: Events on the workload, as `kubectl describe` shows them."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

from watcher.adapters.kubernetes.client import FIELD_MANAGER, Client
from watcher.adapters.kubernetes.errors import Conflict
from watcher.adapters.kubernetes.marks import DECISION
from watcher.adapters.kubernetes.resources import EVENTS, WORKLOADS
from watcher.core.orders import Announce
from watcher.core.stages import ENDS, note_command
from watcher.ports import Clock

MOST_BYTES = 1024


class KubernetesAnnouncer:
    """Creates Events.  `own_namespace` is where those about this process go; `instance` names it (its pod)."""

    def __init__(
        self, client: Client, clock: Clock, own_namespace: str = "default", instance: str = FIELD_MANAGER
    ) -> None:
        self._client = client
        self._clock = clock
        self._own_namespace = own_namespace
        self._instance = instance

    async def announce(self, announcement: Announce) -> None:
        """Create the Event; one for the same decision and reason that is there already stays as it is.

        Raises Unavailable, Forbidden, Rejected.
        """
        await self._create(event_of(announcement, self._clock.now(), self._instance))

    async def warn(self, reason: str, text: str) -> None:
        """Create an Event on the daemon's own namespace.  Raises Unavailable, Forbidden, Rejected."""
        now, namespace = self._clock.now(), self._own_namespace
        involved = {"apiVersion": "v1", "kind": "Namespace", "namespace": namespace, "name": namespace}
        name = event_name(FIELD_MANAGER, f"{reason} {text} {now}")
        await self._create(event_body(name, involved, (reason, "Warning", text), now, self._instance))

    async def _create(self, event: dict[str, Any]) -> None:
        try:
            await self._client.post(EVENTS.path(event["metadata"]["namespace"]), event)
        except Conflict:
            return


def event_of(announcement: Announce, now: float, instance: str) -> dict[str, Any]:
    """The Event; its name is the same for the same decision, reason and rung."""
    workload = announcement.workload
    about = announcement.decision or f"{announcement.uid} {announcement.text}"
    about = f"{about} {announcement.rung}" if announcement.rung else about
    involved = {
        "apiVersion": WORKLOADS[workload.kind].api_version,
        "kind": str(workload.kind),
        "namespace": workload.namespace,
        "name": workload.name,
        "uid": announcement.uid,
    }
    name = event_name(workload.name, f"{about} {announcement.reason}")
    said = (announcement.reason, "Warning" if announcement.warning else "Normal", _text(announcement))
    event = event_body(name, involved, said, now, instance)
    if announcement.decision:
        event["metadata"]["annotations"] = {DECISION: announcement.decision}
    return event


def _text(announcement: Announce) -> str:
    """What is told; at the end of a rollback also how to get its note."""
    if announcement.stage not in ENDS or not announcement.decision:
        return announcement.text
    note = f" Note: {note_command(announcement.decision)}"
    return bounded(announcement.text, MOST_BYTES - len(note.encode())) + note


def event_name(about: str, identity: str) -> str:
    """A name that is the same for the same identity."""
    return f"{about[:200]}.{hashlib.sha256(identity.encode()).hexdigest()[:16]}"


def event_body(
    name: str, involved: dict[str, str], said: tuple[str, str, str], now: float, instance: str
) -> dict[str, Any]:
    """The Event on an object; `said` is its reason, type and message."""
    reason, kind, text = said
    time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": involved["namespace"]},
        "involvedObject": involved,
        "reason": reason,
        "message": bounded(text),
        "type": kind,
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": f"watcher.dev/{FIELD_MANAGER}",
        "reportingInstance": instance,
        "firstTimestamp": time,
        "lastTimestamp": time,
        "count": 1,
    }


def bounded(text: str, most: int = MOST_BYTES) -> str:
    """At most so many bytes of UTF-8, of which the API allows 1024 for an Event's text; a cut text ends in dots."""
    if len(text.encode()) <= most:
        return text
    return text.encode()[: most - 3].decode(errors="ignore") + "..."
