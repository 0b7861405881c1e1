"""The log of a pod: what its one container was asked to do, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import POD
from watcher.sandbox.kubernetes.objects import Json, name_of


def log_of(pod: Json, query: Mapping[str, str]) -> str:
    """The text of a container's log, its last `tailLines`.  Raises 400 for a container that is not there."""
    containers = {each["name"]: each for each in pod["spec"]["containers"]}
    name = query.get("container", next(iter(containers)))
    if name not in containers:
        raise errors.bad_request(f"container {name} is not valid for {POD.kind.lower()} {name_of(pod)}")
    container = containers[name]
    asked = " ".join([*(container.get("command") or ()), *(container.get("args") or ())])
    lines = [f"running {container['image']} {asked}".rstrip()]
    lines += {"Succeeded": ["done"], "Failed": ["error: it failed"]}.get(pod["status"].get("phase", ""), [])
    tail = query.get("tailLines", "")
    return "".join(f"{line}\n" for line in (lines[-int(tail) :] if tail.isdigit() else lines))
