"""Keeps out of the log what libraries write while they handle an address that holds a token.

They name it in their own words: apprise and urllib3 log paths, oauthlib whole requests.  Which of these lines are
harmless cannot be known, so none is written; the daemon's own line tells what became of the attempt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_HANDLING = ContextVar("handling_a_secret_address", default=False)


@contextmanager
def silenced() -> Iterator[None]:
    """Nothing that is logged in this context, or in threads that copy it, is written by a handler with `Silence`."""
    token = _HANDLING.set(True)
    try:
        yield
    finally:
        _HANDLING.reset(token)


class Silence(logging.Filter):
    """To be added to every handler."""

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the signature of the parent
        """Whether the record is written."""
        return not _HANDLING.get()
