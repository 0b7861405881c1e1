"""JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7386), in the API server's dialect."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import jsonpatch
from jsonpointer import JsonPointerException

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.objects import Json, canonical

MAX_OPERATIONS = 10_000
"""The real server's limit of one JSON patch."""


class _Test(jsonpatch.TestOperation):
    """`test` as the API server understands it: a null value also means "absent"."""

    def apply(self, obj: Any) -> Any:
        if "value" not in self.operation:
            raise jsonpatch.InvalidJsonPatch("a test operation needs a value")
        try:
            found = self.pointer.resolve(obj)
        except JsonPointerException:
            found = None
        if canonical(found) != canonical(self.operation["value"]):
            raise jsonpatch.JsonPatchTestFailed(f"testing value {self.location} failed")
        return obj


class _KubernetesPatch(jsonpatch.JsonPatch):
    operations = MappingProxyType({**jsonpatch.JsonPatch.operations, "test": _Test})


def json_patch(obj: Json, operations: object) -> Json:
    """`obj` after the operations, all or none. Raises 400 (not a patch), 413 or 422 (an operation failed)."""
    if not isinstance(operations, list) or not all(isinstance(part, dict) for part in operations):
        raise errors.bad_request("a JSON patch is a list of operations")
    if len(operations) > MAX_OPERATIONS:
        raise errors.too_large(MAX_OPERATIONS)
    try:
        patched = _KubernetesPatch(operations).apply(obj)
    except jsonpatch.InvalidJsonPatch as error:
        raise errors.bad_request(f"error decoding patch: {error}") from error
    except (jsonpatch.JsonPatchException, JsonPointerException) as error:
        raise errors.patch_rejected() from error
    if not isinstance(patched, dict):
        raise errors.bad_request("a JSON patch must leave an object")
    return patched


def merge_patch(target: object, patch: object) -> Any:
    """`target` after the merge patch: null removes, objects merge, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged
