"""Strategic merge patch: lists of known fields merge by a key instead of being replaced.

The merge keys are those of the API's Go types; directives are described in the Kubernetes documentation
("Update API Objects in Place Using kubectl patch") and in the API conventions.
"""

from __future__ import annotations

from typing import Any

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.objects import Json

MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "ephemeralContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "volumeDevices": "devicePath",
    "ports": "containerPort",
    "imagePullSecrets": "name",
    "hostAliases": "ip",
    "topologySpreadConstraints": "topologyKey",
    "resourceClaims": "name",
    "conditions": "type",
    "ownerReferences": "uid",
    "addresses": "type",
    "taints": "key",
}
"""Field name -> the member that identifies an item of its list."""

SETS = frozenset({"finalizers"})
"""Lists of plain values that merge as a set."""

_ORDER = "$setElementOrder/"
_DELETE_PLAIN = "$deleteFromPrimitiveList/"


def strategic_merge(target: object, patch: object, field: str = "") -> Any:
    """`target` after the patch; `field` is the name of the member both stand under. Raises 400."""
    if isinstance(patch, dict):
        return _merge_object(target if isinstance(target, dict) else {}, patch)
    if isinstance(patch, list) and (field in MERGE_KEYS or field in SETS):
        return _merge_list(target if isinstance(target, list) else [], patch, field)
    return patch


def _merge_object(target: Json, patch: Json) -> Json:
    directive = patch.get("$patch")
    if directive == "replace":
        return {key: value for key, value in patch.items() if key != "$patch"}
    if directive == "delete":
        return {}
    if directive not in (None, "merge"):
        raise errors.bad_request(f"unknown $patch directive {directive!r}: replace, delete and merge are known")
    merged = _retain(target, patch)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = strategic_merge(merged.get(key), value, key)
    return _apply_list_directives(merged, patch)


def _retain(target: Json, patch: Json) -> Json:
    keep = patch.get("$retainKeys")
    return dict(target) if keep is None else {key: value for key, value in target.items() if key in keep}


def _apply_list_directives(merged: Json, patch: Json) -> Json:
    for directive, value in patch.items():
        if directive.startswith(_DELETE_PLAIN):
            field = directive.removeprefix(_DELETE_PLAIN)
            merged[field] = [item for item in merged.get(field) or [] if item not in value]
        elif directive.startswith(_ORDER):
            field = directive.removeprefix(_ORDER)
            merged[field] = _ordered(merged.get(field) or [], value, MERGE_KEYS.get(field))
    return merged


def _ordered(items: list[Any], order: list[Any], key: str | None) -> list[Any]:
    """Items named by `order` come in its order; the others keep their place behind them."""
    wanted = [entry.get(key) if isinstance(entry, dict) else entry for entry in order]

    def rank(item: Any) -> int:
        identity = item.get(key) if isinstance(item, dict) else item
        return wanted.index(identity) if identity in wanted else len(wanted)

    return sorted(items, key=rank)


def _merge_list(target: list[Any], patch: list[Any], field: str) -> list[Any]:
    if field in SETS:
        return [*target, *(item for item in patch if item not in target)]
    if any(isinstance(item, dict) and item.get("$patch") == "replace" for item in patch):
        return [item for item in patch if not (isinstance(item, dict) and "$patch" in item)]
    key = MERGE_KEYS[field]
    merged = list(target)
    for item in patch:
        merged = _merge_item(merged, item, key, field)
    return merged


def _merge_item(items: list[Any], item: Any, key: str, field: str) -> list[Any]:
    if not isinstance(item, dict) or key not in item:
        raise errors.bad_request(f"map: {item!r} does not contain declared merge key: {key} (in {field})")
    if item.get("$patch") == "delete":
        return [existing for existing in items if existing.get(key) != item[key]]
    if not any(existing.get(key) == item[key] for existing in items):
        return [*items, _merge_object({}, item)]
    return [_merge_object(found, item) if found.get(key) == item[key] else found for found in items]
