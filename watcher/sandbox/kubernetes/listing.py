"""Lists: selectors, chunks with a continue token, resource versions."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import Kind
from watcher.sandbox.kubernetes.objects import Json, labels_of, name_of, namespace_of
from watcher.sandbox.kubernetes.selectors import parse_fields, parse_labels

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.paths import ResourcePath
    from watcher.sandbox.kubernetes.store import Store

_CONTINUE_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list "
    "without the continue parameter."
)


@dataclass(frozen=True)
class Listing:
    """One answer: the objects and the list's own metadata (resourceVersion, continue, remainingItemCount)."""

    objects: list[Json]
    metadata: Json


def selection(kind: Kind, query: Mapping[str, str]) -> Callable[[Json], bool]:
    """The test that `labelSelector` and `fieldSelector` mean together. Raises 400."""
    by_label = parse_labels(query.get("labelSelector", ""))
    by_field = parse_fields(kind, query.get("fieldSelector", ""))
    return lambda obj: by_label(labels_of(obj)) and by_field(obj)


def revision_of(query: Mapping[str, str]) -> int:
    """The `resourceVersion` parameter, 0 when absent. Raises 400 for anything but a number."""
    text = query.get("resourceVersion") or "0"
    if not text.isdigit():
        raise errors.bad_request(f'resourceVersion: Invalid value: "{text}": must be a whole number')
    return int(text)


def list_objects(store: Store, path: ResourcePath, query: Mapping[str, str]) -> Listing:
    """The list a GET on a collection asks for. Raises 400, 410 or 504."""
    limit_text = query.get("limit") or "0"
    if not limit_text.isdigit():
        raise errors.bad_request(f'limit: Invalid value: "{limit_text}": must be a whole number')
    revision, start, objects = _snapshot(store, path, query)
    selected = selection(path.kind, query)
    found = [obj for obj in objects if _key(obj) > start and selected(obj)]
    limit = int(limit_text)
    metadata: Json = {"resourceVersion": str(revision)}
    if limit and len(found) > limit:
        metadata["continue"] = _token(revision, _key(found[limit - 1]))
        if not query.get("labelSelector") and not query.get("fieldSelector"):
            metadata["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return Listing(found, metadata)


def _snapshot(store: Store, path: ResourcePath, query: Mapping[str, str]) -> tuple[int, tuple[str, str], list[Json]]:
    """Revision of the list, the key after which it goes on, and all objects as they were at that revision."""
    if query.get("continue"):
        revision, start = _parse_token(query["continue"])
        if revision < store.compacted:
            raise errors.expired(_CONTINUE_EXPIRED)
        return revision, start, store.list_at(path.kind, path.namespace, revision)
    asked = revision_of(query)
    if asked > store.revision:
        raise errors.version_from_the_future(asked, store.revision)
    if asked and query.get("resourceVersionMatch") == "Exact":
        return asked, ("", ""), store.list_at(path.kind, path.namespace, asked)
    return store.revision, ("", ""), store.objects(path.kind, path.namespace)


def list_body(kind: Kind, listing: Listing) -> Json:
    """The List object. Items of built-in kinds carry neither `kind` nor `apiVersion`, as on a real server."""
    items = listing.objects
    if not kind.custom:
        left_out = ("kind", "apiVersion")
        items = [{key: value for key, value in obj.items() if key not in left_out} for obj in items]
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.api_version,
        "metadata": listing.metadata,
        "items": items,
    }


def _key(obj: Json) -> tuple[str, str]:
    return namespace_of(obj), name_of(obj)


def _token(revision: int, last: tuple[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps({"rv": revision, "start": last}).encode()).decode()


def _parse_token(token: str) -> tuple[int, tuple[str, str]]:
    try:
        content = json.loads(base64.urlsafe_b64decode(token))
        namespace, name = content["start"]
        return int(content["rv"]), (str(namespace), str(name))
    except (binascii.Error, ValueError, KeyError, TypeError) as error:
        raise errors.bad_request("continue key is not valid: it is not a token of this server") from error
