"""The report from a decision log."""

from __future__ import annotations

from watcher.ports import StoreReader
from watcher.reporting.compiling import Rows, Span, compile_report
from watcher.reporting.report import Report

HOUR = 3600.0


def report_from(log: StoreReader, span: Span) -> Report:
    """Go through the log once.  Raises as StoreReader does."""
    rows = Rows(
        decisions=log.decided(span.since),
        releases=log.history(span.since),
        coverage=log.coverage(),
        blindness=log.blindness(span.since // HOUR * HOUR),
        labels=log.labels(),
        recorded_from=log.begun(span.until)[1],
    )
    return compile_report(span, rows)
