"""The report from a decision log."""

from __future__ import annotations

from watcher.ports import StoreReader
from watcher.reporting.compiling import Rows, Span, compile_report
from watcher.reporting.report import Report

HOUR = 3600.0
MOST_REHEARSALS = 10_000
"""The newest ones that a report looks at, at the most."""


def report_from(log: StoreReader, span: Span) -> Report:
    """Go through the log once.  Raises as StoreReader does."""
    rows = Rows(
        decisions=log.decided(span.since),
        releases=log.history(span.since),
        coverage=log.coverage(),
        blindness=log.blindness(span.since // HOUR * HOUR),
        labels=log.labels(),
        recorded_from=_oldest(log),
        rehearsals=log.rehearsals(since=span.since, limit=MOST_REHEARSALS),
    )
    return compile_report(span, rows)


def _oldest(log: StoreReader) -> float | None:
    """When the oldest record was made: releases are kept for longer than transitions, which come first."""
    first, recorded = next(iter(log.history(0.0)), None), log.begun(0.0)[1]
    return min((each for each in (first.began if first else None, recorded) if each is not None), default=None)
