"""Reading Kubernetes objects held as plain JSON.

Objects in the store are never changed in place: whoever wants another value works on a copy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


def name_of(obj: Mapping[str, Any]) -> str:
    """`metadata.name`."""
    return str(obj["metadata"]["name"])


def namespace_of(obj: Mapping[str, Any]) -> str:
    """`metadata.namespace`, empty for cluster-scoped objects."""
    return str(obj["metadata"].get("namespace", ""))


def uid_of(obj: Mapping[str, Any]) -> str:
    """`metadata.uid`."""
    return str(obj["metadata"]["uid"])


def labels_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.labels`, empty when absent."""
    return dict(obj["metadata"].get("labels") or {})


def annotations_of(obj: Mapping[str, Any]) -> dict[str, str]:
    """`metadata.annotations`, empty when absent."""
    return dict(obj["metadata"].get("annotations") or {})


def controller_of(obj: Mapping[str, Any]) -> Json | None:
    """The owner reference that says `controller: true`, if any."""
    for reference in obj["metadata"].get("ownerReferences") or ():
        if reference.get("controller"):
            return dict(reference)
    return None


def is_controlled_by(obj: Mapping[str, Any], owner: Mapping[str, Any]) -> bool:
    """Whether `owner` is the controller of `obj`, by UID."""
    reference = controller_of(obj)
    return reference is not None and reference["uid"] == uid_of(owner)


def is_terminating(obj: Mapping[str, Any]) -> bool:
    """Whether deletion has begun."""
    return "deletionTimestamp" in obj["metadata"]


def condition_of(obj: Mapping[str, Any], kind: str) -> Json | None:
    """The entry of `status.conditions` with that type, if any."""
    for condition in (obj.get("status") or {}).get("conditions") or ():
        if condition.get("type") == kind:
            return dict(condition)
    return None


def canonical(value: object) -> str:
    """One text for equal JSON values: sorted keys, no spaces; `true` and `1` differ."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def duplicate(obj: Mapping[str, Any]) -> Json:
    """A deep copy that may be changed."""
    return {key: _copied(value) for key, value in obj.items()}


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copied(part) for key, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value
