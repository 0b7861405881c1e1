"""The columns of `kubectl get`, kind by kind; those marked wide come with `-o wide`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from watcher.sandbox.kubernetes import ages
from watcher.sandbox.kubernetes.kinds import (
    CONFIG_MAP,
    CONTROLLER_REVISION,
    DAEMON_SET,
    DEPLOYMENT,
    EVENT,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    REPLICA_SET,
    ROLLOUT,
    STATEFUL_SET,
    Kind,
)
from watcher.sandbox.kubernetes.objects import Json, condition_of, controller_of, is_terminating, name_of
from watcher.sandbox.kubernetes.selectors import label_text

Cell = Callable[[Json, datetime], Any]


@dataclass(frozen=True)
class Column:
    """A heading and how its cell is read from the object at that moment."""

    name: str
    cell: Cell
    type: str = "string"
    wide: bool = False

    def definition(self) -> Json:
        """The entry of a Table's `columnDefinitions`."""
        return {
            "name": self.name,
            "type": self.type,
            "format": "name" if self.name == "Name" else "",
            "description": "",
            "priority": 1 if self.wide else 0,
        }


def _at(*path: str, default: Any = "") -> Cell:
    def cell(obj: Json, _now: datetime) -> Any:
        value: Any = obj
        for part in path:
            value = value.get(part) if isinstance(value, dict) else None
        return default if value is None else value

    return cell


def _count(name: str, *path: str) -> Column:
    return Column(name, _at(*path, default=0), "integer")


def _template_cell(part: str) -> Cell:
    def cell(obj: Json, _now: datetime) -> str:
        containers = ((obj["spec"].get("template") or {}).get("spec") or {}).get("containers") or ()
        return ",".join(str(container[part]) for container in containers)

    return cell


def _selector(obj: Json, _now: datetime) -> str:
    return label_text(obj["spec"].get("selector"))


def _ready_of(status_field: str, wanted: Cell) -> Cell:
    return lambda obj, now: f"{(obj.get('status') or {}).get(status_field, 0)}/{wanted(obj, now)}"


def _pod_ready(obj: Json, _now: datetime) -> str:
    statuses = obj["status"].get("containerStatuses") or ()
    return f"{sum(bool(status['ready']) for status in statuses)}/{len(obj['spec']['containers'])}"


def _pod_phase(obj: Json, _now: datetime) -> str:
    if is_terminating(obj):
        return "Terminating"
    for status in obj["status"].get("containerStatuses") or ():
        state = status["state"].get("waiting") or status["state"].get("terminated")
        if state:
            return str(state.get("reason", ""))
    return str(obj["status"].get("phase", ""))


def _pod_restarts(obj: Json, _now: datetime) -> str:
    return str(sum(status["restartCount"] for status in obj["status"].get("containerStatuses") or ()))


def _node_status(obj: Json, _now: datetime) -> str:
    ready = condition_of(obj, "Ready")
    return "Ready" if ready and ready["status"] == "True" else "NotReady"


def _event_object(obj: Json, _now: datetime) -> str:
    involved = obj["involvedObject"]
    return f"{str(involved.get('kind', '')).lower()}/{involved.get('name', '')}"


def _revision_controller(obj: Json, _now: datetime) -> str:
    owner = controller_of(obj)
    return f"{owner['kind'].lower()}.{owner['apiVersion'].split('/')[0]}/{owner['name']}" if owner else "<none>"


_NAME = Column("Name", lambda obj, _now: name_of(obj))
_AGE = Column("Age", lambda obj, now: ages.since(obj["metadata"].get("creationTimestamp"), now))
_CONTAINERS = Column("Containers", _template_cell("name"), wide=True)
_IMAGES = Column("Images", _template_cell("image"), wide=True)
_SELECTOR = Column("Selector", _selector, wide=True)
_POD_IP = Column("IP", _at("status", "podIP", default="<none>"), wide=True)
_POD_NODE = Column("Node", _at("spec", "nodeName", default="<none>"), wide=True)

_COLUMNS: dict[str, tuple[Column, ...]] = {
    DEPLOYMENT.plural: (
        Column("Ready", _ready_of("readyReplicas", _at("spec", "replicas", default=0))),
        Column("Up-to-date", _at("status", "updatedReplicas", default=0), "string"),
        Column("Available", _at("status", "availableReplicas", default=0), "string"),
        *(_AGE, _CONTAINERS, _IMAGES, _SELECTOR),
    ),
    REPLICA_SET.plural: (
        _count("Desired", "spec", "replicas"),
        _count("Current", "status", "replicas"),
        _count("Ready", "status", "readyReplicas"),
        *(_AGE, _CONTAINERS, _IMAGES, _SELECTOR),
    ),
    STATEFUL_SET.plural: (
        Column("Ready", _ready_of("readyReplicas", _at("spec", "replicas", default=0))),
        *(_AGE, _CONTAINERS, _IMAGES),
    ),
    DAEMON_SET.plural: (
        _count("Desired", "status", "desiredNumberScheduled"),
        _count("Current", "status", "currentNumberScheduled"),
        _count("Ready", "status", "numberReady"),
        _count("Up-to-date", "status", "updatedNumberScheduled"),
        _count("Available", "status", "numberAvailable"),
        Column("Node Selector", lambda _obj, _now: "<none>"),
        *(_AGE, _CONTAINERS, _IMAGES, _SELECTOR),
    ),
    ROLLOUT.plural: (
        Column("Desired", _at("spec", "replicas", default=1), "integer"),
        _count("Current", "status", "replicas"),
        _count("Up-to-date", "status", "updatedReplicas"),
        _count("Available", "status", "availableReplicas"),
        _AGE,
        Column("Phase", _at("status", "phase"), wide=True),
        Column("Step", _at("status", "currentStepIndex"), wide=True),
        Column("Message", _at("status", "message"), wide=True),
    ),
    POD.plural: (
        Column("Ready", _pod_ready),
        Column("Status", _pod_phase),
        Column("Restarts", _pod_restarts),
        *(_AGE, _POD_IP, _POD_NODE),
    ),
    EVENT.plural: (
        Column("Last Seen", lambda obj, now: ages.since(obj.get("lastTimestamp") or obj.get("eventTime"), now)),
        Column("Type", _at("type")),
        Column("Reason", _at("reason")),
        Column("Object", _event_object),
        Column("Source", _at("source", "component"), wide=True),
        Column("Message", _at("message")),
        Column("Count", _at("count", default=1), "integer", wide=True),
    ),
    NAMESPACE.plural: (Column("Status", _at("status", "phase")), _AGE),
    CONFIG_MAP.plural: (
        Column("Data", lambda obj, _now: len(obj.get("data") or {}) + len(obj.get("binaryData") or {}), "integer"),
        _AGE,
    ),
    NODE.plural: (
        Column("Status", _node_status),
        Column("Roles", lambda _obj, _now: "<none>"),
        _AGE,
        Column("Version", _at("status", "nodeInfo", "kubeletVersion")),
    ),
    CONTROLLER_REVISION.plural: (
        Column("Controller", _revision_controller),
        Column("Revision", _at("revision", default=0), "integer"),
        _AGE,
    ),
    LEASE.plural: (Column("Holder", _at("spec", "holderIdentity")), _AGE),
}


def columns_of(kind: Kind) -> Sequence[Column]:
    """The kind's columns, name first (events have none in front of theirs, as in kubectl)."""
    return _COLUMNS[kind.plural] if kind is EVENT else (_NAME, *_COLUMNS[kind.plural])
