"""The writes that the daemon sends, by what they are for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from tests.e2e.controlplane import AuditEntry
from tests.e2e.proxy import Write

ELSEWHERE = ("/selfsubjectaccessreviews", "/events")  # no writes in the sense of the product

_BY_FIELD = {
    "/spec/template": "template",
    "/metadata/managedFields": "ownership",
    "/status/abort": "abort",
    "/status/promoteFull": "promotion",
    "/status/message": "wake",
}


def purpose(write: Write) -> str:
    """What a write is for: one of the names above, ``decision`` for its id alone, ``pod`` for a pod's deletion.

    Empty for what changes no workload: Events, the Lease, questions about permissions, flags, Jobs, Applications.
    """
    if write.path.endswith(ELSEWHERE) or "/leases" in write.path:
        return ""
    if write.method == "DELETE":
        return "pod"
    if not isinstance(write.body, list):  # no JSON patch
        return ""
    changed = {operation["path"] for operation in write.body if operation["op"] != "test"}
    return next(
        (name for field, name in _BY_FIELD.items() if any(each.startswith(field) for each in changed)), "decision"
    )


def writes(namespace: str, wanted: str) -> Callable[[Write], bool]:
    """Whether a write is for this purpose, in this namespace."""
    return lambda write: f"/namespaces/{namespace}/" in write.path and purpose(write) == wanted


def carried_out(entries: Iterable[AuditEntry]) -> dict[str, list[str]]:
    """What the writes that the API server carried out were for, by namespace."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        wanted = purpose(Write(entry.verb.upper(), urlsplit(entry.uri).path, entry.body))
        if wanted and entry.status < 300:
            found.setdefault(entry.namespace, []).append(wanted)
    return found
