"""What Argo CD's API server answers, as the errors of the ports."""

from __future__ import annotations

import json

from watcher.core.keepers.raw import shortened, text
from watcher.ports import Changed, Forbidden, Rejected, Unavailable

_TEST_FAILED = ("test failed", "testing value")
_RACED = ("another operation is already in progress", "the object has been modified")


def judge(status: int, content: bytes, where: str, lost: type[Unavailable]) -> None:
    """Raise for an answer that is none.  `lost` is what counts where nobody knows what came of the request.

    The server tells a failed test of a patch, and a lost race, by its words alone.
    """
    if status < 300:
        return
    said = _said(content)
    told = f"{where}: Argo CD answers {status}{f': {said}' if said else ''}"
    if any(words in said for words in (*_TEST_FAILED, *_RACED)):
        raise Changed(told)
    match status:
        case 401:
            raise Forbidden(f"{told}; the token is not accepted (any more)")
        case 403:
            raise Forbidden(f"{told}; it is not there, or the role of the token lacks {_action(where)} on it")
        case 404:
            raise Changed(told)
        case 429:
            raise Unavailable(told)
        case _ if status >= 500:
            raise lost(told)
        case _ if status < 400:
            raise Rejected(f"{told}; it has moved, and redirects are not followed: write the new address")
    raise Rejected(told)


def _said(content: bytes) -> str:
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    return shortened(text(answer, "message") or text(answer, "error"))


def _action(where: str) -> str:
    """The action of Argo CD's RBAC that a request needs."""
    method = where.partition(" ")[0]
    if method == "GET":
        return "`applications, get`"
    return "`applications, update`" if method == "PATCH" else "`applications, sync`"
