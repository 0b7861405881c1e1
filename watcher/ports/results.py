"""What an attempt to carry an order out counts as, by the error in which it ended."""

from __future__ import annotations

from watcher.core.model import Result
from watcher.ports import Changed, Forbidden, NotLeading, Rejected, Unanswered, Unavailable, WatcherError

READ_ONLY = "this install only observes: it was started without the right to write"


class Held(WatcherError):
    """A hold appeared between the decision and the write."""


#: How each error counts; the first that fits.
RESULTS: tuple[tuple[type[WatcherError], str], ...] = (
    (Held, Result.HELD),
    (NotLeading, Result.NOT_LEADING),
    (Unanswered, Result.UNKNOWN),
    (Unavailable, Result.UNAVAILABLE),
    (Forbidden, Result.FORBIDDEN),
    (Changed, Result.CONFLICT),
    (Rejected, Result.REFUSED),
)


def result_of(error: WatcherError) -> str:
    """What an attempt that ended in this error counts as."""
    return next((result for kind, result in RESULTS if isinstance(error, kind)), Result.UNAVAILABLE)
