"""The sandbox's nodes: enough of a Node for `kubectl get` and `describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watcher.sandbox.clock import timestamp
from watcher.sandbox.kubernetes.discovery import VERSION
from watcher.sandbox.kubernetes.kinds import NODE
from watcher.sandbox.kubernetes.ownership import Writer

if TYPE_CHECKING:
    from datetime import datetime

    from watcher.sandbox.kubernetes.objects import Json
    from watcher.sandbox.kubernetes.registry import Registry

_CAPACITY = {"cpu": "4", "memory": "8Gi", "pods": "110"}


def add_node(registry: Registry, name: str, now: datetime) -> None:
    """Adds a node that is Ready."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
    registry.create(NODE, "", {"metadata": {"name": name, "labels": labels}, "spec": {}}, Writer("kubelet"))
    status = _status(name, timestamp(now))
    registry.modify(NODE, "", name, lambda node: {**node, "status": status}, Writer("kubelet", "status"))


def _status(name: str, stamp: str) -> Json:
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "the sandbox's kubelet is ready",
        "lastHeartbeatTime": stamp,
        "lastTransitionTime": stamp,
    }
    information = {
        **dict.fromkeys(("machineID", "systemUUID", "bootID", "kernelVersion", "osImage"), "sandbox"),
        "containerRuntimeVersion": "sandbox://1",
        "kubeletVersion": VERSION["gitVersion"],
        "kubeProxyVersion": "",
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
    return {
        "capacity": _CAPACITY,
        "allocatable": _CAPACITY,
        "conditions": [ready],
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}],
        "nodeInfo": information,
    }
