"""Values that a label of status codes may take, though a healthy service has never returned most of them."""

from __future__ import annotations

from collections.abc import Collection

from watcher.core.measuring.patterns import predicate

_HTTP_STATUS = tuple(str(status) for status in range(100, 600))
_GRPC_STATUS = (
    *("OK", "Canceled", "Unknown", "InvalidArgument", "DeadlineExceeded", "NotFound", "AlreadyExists"),
    *("PermissionDenied", "ResourceExhausted", "FailedPrecondition", "Aborted", "OutOfRange", "Unimplemented"),
    *("Internal", "Unavailable", "DataLoss", "Unauthenticated", *(str(code) for code in range(17))),
)
_HTTP_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
_CLASSIFICATION = ("success", "failure")
_FAMILIES = (_HTTP_STATUS, _GRPC_STATUS, _HTTP_CLASSES, _CLASSIFICATION)


def could_match(pattern: str, seen: Collection[str]) -> bool:
    """Whether the pattern matches a value that would be of the same family as those seen, though it never occurred."""
    family = next((known for known in _FAMILIES if seen and set(seen) <= set(known)), ())
    return any(map(predicate(pattern), family))
