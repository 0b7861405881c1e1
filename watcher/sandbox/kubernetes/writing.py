"""The write verbs: create, update, patch, delete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.listing import list_body, list_objects
from watcher.sandbox.kubernetes.objects import Json, name_of, namespace_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import json_patch, merge_patch
from watcher.sandbox.kubernetes.scaling import as_scale, scaled
from watcher.sandbox.kubernetes.strategic import strategic_merge

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.kinds import Kind
    from watcher.sandbox.kubernetes.paths import ResourcePath
    from watcher.sandbox.kubernetes.registry import Registry

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCHES = ("application/apply-patch+yaml", "application/apply-patch+cbor")

Change = Callable[[Json], Json]


def patch_change(kind: Kind, content_type: str, body: object) -> Change:
    """What the patch does to an object. Raises 400 or 415."""
    if content_type in APPLY_PATCHES:
        raise errors.unsupported_media_type(
            "server-side apply is not supported by the sandbox; use kubectl apply without --server-side"
        )
    if content_type == JSON_PATCH:
        return lambda obj: json_patch(obj, body)
    if content_type not in (MERGE_PATCH, STRATEGIC_PATCH) or (kind.custom and content_type == STRATEGIC_PATCH):
        accepted = ", ".join(part for part in (JSON_PATCH, MERGE_PATCH, "" if kind.custom else STRATEGIC_PATCH) if part)
        raise errors.unsupported_media_type(
            f"the body of the request was in an unknown format - accepted media types include: {accepted}"
        )
    if not isinstance(body, dict):
        raise errors.bad_request("a merge patch is an object")
    merge = merge_patch if content_type == MERGE_PATCH else strategic_merge
    return lambda obj: dict(merge(obj, body))


def change_object(registry: Registry, path: ResourcePath, change: Change, manager: str) -> Json:
    """Changes the object or its subresource and answers the new state of what the path names."""
    if path.subresource != "scale":
        writer = Writer(manager, path.subresource)
        return registry.modify(path.kind, path.namespace, path.name, change, writer)
    stored = registry.modify(
        path.kind,
        path.namespace,
        path.name,
        lambda workload: scaled(workload, change(as_scale(workload))),
        Writer(manager),
    )
    return as_scale(stored)


def update_change(kind: Kind, body: Json, subresource: str) -> Change:
    """A PUT: the object becomes the body. Raises 422 where the kind demands a resource version."""
    version = (body.get("metadata") or {}).get("resourceVersion")
    if not version and not kind.unconditional_update and subresource != "scale":
        name = str((body.get("metadata") or {}).get("name", ""))
        problem = "Invalid value: 0x0: must be specified for an update"
        raise errors.invalid(kind, name, "metadata.resourceVersion", problem)
    return lambda _live: body


def delete_one(registry: Registry, path: ResourcePath, options: Mapping[str, Any]) -> Json:
    """Deletes an object: its last state while it is still there, else a Status of success."""
    last = registry.delete(path.kind, path.namespace, path.name, options)
    if registry.store.get(path.kind, path.namespace, path.name) is not None:
        return last
    details = {"name": path.name, "group": path.kind.group, "kind": path.kind.plural, "uid": last["metadata"]["uid"]}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {key: value for key, value in details.items() if value},
    }


def delete_collection(
    registry: Registry, path: ResourcePath, query: Mapping[str, str], options: Mapping[str, Any]
) -> Json:
    """Deletes what a list with the same parameters would show, and answers that list."""
    listing = list_objects(registry.store, path, query)
    for obj in listing.objects:
        registry.delete(path.kind, namespace_of(obj), name_of(obj), options)
    return list_body(path.kind, listing)
