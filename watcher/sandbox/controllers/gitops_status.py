"""What the GitOps controller writes of a comparison and of an operation, in the form of Argo CD's Application."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.gitops_applying import Target, belongs_to
from watcher.sandbox.controllers.gitops_health import health, worst
from watcher.sandbox.controllers.gitops_sources import Desired
from watcher.sandbox.kubernetes.kinds import Kind, by_type
from watcher.sandbox.kubernetes.objects import Json, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World

SYNCED, OUT_OF_SYNC, UNKNOWN = "Synced", "OutOfSync", "Unknown"
HISTORY_LIMIT = 10


def compared(world: World, application: Json, desired: Desired) -> Json:
    """The status after a comparison of what is there with what Git wants."""
    resources = [*_wanted(world, desired.targets), *_surplus(world, application, desired.targets)]
    outdated = any(each["status"] == OUT_OF_SYNC for each in resources)
    status = {**(application.get("status") or {}), "resources": resources}
    status.pop("conditions", None)
    return {
        **status,
        "sync": _sync(application, OUT_OF_SYNC if outdated else SYNCED, desired.revision),
        "health": _health(world, status, worst(each["health"]["status"] for each in resources)),
        "sourceType": "Directory",
    }


def not_compared(world: World, application: Json, problem: str) -> Json:
    """The status while Git cannot be read: what was found before, and the complaint."""
    status = dict(application.get("status") or {})
    known = next((each for each in status.get("conditions", ()) if each["message"] == problem), None)
    complaint = known or {"type": "ComparisonError", "message": problem, "lastTransitionTime": world.stamp()}
    return {
        **status,
        "sync": _sync(application, UNKNOWN, ""),
        "health": status.get("health") or {"status": UNKNOWN},
        "conditions": [complaint],
    }


def surplus(world: World, application: Json, targets: Sequence[Target]) -> list[tuple[Kind, Json]]:
    """Objects of the application that Git wants no more."""
    wanted = {target.place for target in targets}
    found = []
    for each in (application.get("status") or {}).get("resources", ()):
        group, version = each.get("group", ""), each["version"]
        kind = by_type(f"{group}/{version}" if group else version, each["kind"])
        place = (kind, each.get("namespace", ""), each["name"])
        live = world.find(kind, *place[1:]) if kind is not None and place not in wanted else None
        if kind is not None and live is not None and belongs_to(live, application):
            found.append((kind, live))
    return found


def with_history(world: World, application: Json, operation: Json, revision: str) -> list[Json]:
    """The history with a full sync that has just ended."""
    status = application["status"]
    history: list[Json] = list(status.get("history", ()))
    entry = {
        "id": history[-1]["id"] + 1 if history else 0,
        "revision": revision,
        "deployStartedAt": status["operationState"]["startedAt"],
        "deployedAt": world.stamp(),
        "source": application["spec"]["source"],
        "initiatedBy": operation.get("initiatedBy", {}),
    }
    return [*history, entry][-HISTORY_LIMIT:]


def entry_of(kind: Kind, obj: Json) -> Json:
    """How an object is named in lists of the status."""
    named = {
        "group": kind.group,
        "version": kind.version,
        "kind": kind.kind,
        "namespace": namespace_of(obj),
        "name": name_of(obj),
    }
    return {key: value for key, value in named.items() if value}


def _wanted(world: World, targets: Sequence[Target]) -> Iterator[Json]:
    for target in targets:
        live = target.live(world)
        outdated = live is None or target.differs(live)
        yield {
            **entry_of(target.kind, target.manifest),
            "status": OUT_OF_SYNC if outdated else SYNCED,
            "health": {"status": health(target.kind, live)},
        }


def _surplus(world: World, application: Json, targets: Sequence[Target]) -> Iterator[Json]:
    for kind, live in surplus(world, application, targets):
        told = {"status": OUT_OF_SYNC, "health": {"status": health(kind, live)}, "requiresPruning": True}
        yield {**entry_of(kind, live), **told}


def _sync(application: Json, status: str, revision: str) -> Json:
    spec = application["spec"]
    against = {key: spec[key] for key in ("source", "destination") if key in spec}
    return {"status": status, "revision": revision, "comparedTo": against}


def _health(world: World, status: Json, found: str) -> Json:
    before: Json = status.get("health") or {}
    return before if before.get("status") == found else {"status": found, "lastTransitionTime": world.stamp()}
