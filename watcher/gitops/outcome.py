"""What came of one attempt, before it is a report."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.core.model import Result
from watcher.gitops.means import Held
from watcher.ports import Changed, Forbidden, Rejected, Unanswered, Unavailable, WatcherError

READ_ONLY = "this install only observes: it was started without the right to write"

#: How each error counts; the first that fits.
RESULTS: tuple[tuple[type[WatcherError], str], ...] = (
    (Held, Result.HELD),
    (Unanswered, Result.UNKNOWN),
    (Unavailable, Result.UNAVAILABLE),
    (Forbidden, Result.FORBIDDEN),
    (Changed, Result.CONFLICT),
    (Rejected, Result.REFUSED),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A `Result` and what is to be said of it; `revision` and `link` as in the report."""

    result: str
    message: str
    revision: str = ""
    link: str = ""


def result_of(error: WatcherError) -> str:
    """What an attempt that ended in this error counts as."""
    return next((result for kind, result in RESULTS if isinstance(error, kind)), Result.UNAVAILABLE)
