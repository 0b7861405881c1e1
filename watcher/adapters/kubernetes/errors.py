"""What the API server answers, as the errors of the ports."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from watcher.ports import Changed, Forbidden, Rejected, Unanswered, Unavailable, WatcherError


class NoAnswer(Unanswered):
    """The request was sent and no usable answer came: it may have been carried out."""


class Busy(Unavailable):
    """The server asks to come back later; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(Changed):
    """There is no such object or resource (404)."""


class Conflict(Changed):
    """The object changed, or exists already (409)."""


class TestFailed(Changed):
    """A `test` of a JSON patch did not hold (422 without a cause)."""

    __test__ = False  # no test case, whatever its name


class Gone(Rejected):
    """The resource version or the continue token is too old (410)."""


_MISSING_PERMISSION = re.compile(r"cannot (?P<verb>\S+) resource \"(?P<resource>[^\"]+)\"")


def from_answer(status: int, body: bytes, request: str, retry_after: str | None = None) -> WatcherError:
    """The error for an answer that is not 2xx.  `request` says what was asked, for the message."""
    answer = _status_of(body)
    text = str(answer.get("message") or body[:300].decode(errors="replace")).strip()
    where = f"{request}: the API server answered {status}: {text}"
    match status:
        case 401:
            return Unavailable(f"{where}; the credentials are not accepted (any more): check token or kubeconfig")
        case 403:
            return _refused_access(where, text)
        case 404:
            return NotFound(where)
        case 409:
            return Conflict(where)
        case 410:
            return Gone(where)
        case 422:
            return _unprocessable(where, answer)
        case 429 | 503:
            return Busy(where, _seconds(retry_after))
        case _ if status >= 500:
            return NoAnswer(where)  # etcd timeouts answer 500 and 504 for writes that may yet be carried out
    return Rejected(where)


def _refused_access(where: str, text: str) -> Rejected:
    found = _MISSING_PERMISSION.search(text)
    if found is None:
        return Rejected(f"{where} (refused by admission, not for want of a permission)")
    return Forbidden(f"{where}; grant the verb `{found['verb']}` on `{found['resource']}` to this account by RBAC")


def _unprocessable(where: str, answer: Mapping[str, Any]) -> Rejected:
    """Failed tests come without details; an object that fails validation names itself and the causes."""
    details = answer.get("details") or {}
    return Rejected(where) if details.get("causes") else TestFailed(where)


def _status_of(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(retry_after: str | None) -> float:
    """Retry-After in seconds; one second where the server gives none or a date."""
    try:
        return max(0.0, float(retry_after or 1.0))
    except ValueError:
        return 1.0
