"""What was rehearsed in a stretch of time: each rung of each workload, how long it took, and where that goes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from statistics import median

from watcher.core.sentence import seconds
from watcher.ports import FAILED, RehearsalRow
from watcher.reporting.report import Rehearsal, Report
from watcher.reporting.wording import Row, Section, count, moment, more, table

TREND = 8
"""Durations that are shown of a rung, at the most: the newest ones."""

COLUMNS = ("workload", "rung", "held", "failed", "last", "took", "median", "oldest to newest", "the last failure said")


def rehearsals(rows: Iterable[RehearsalRow]) -> Iterator[Rehearsal]:
    """One for each rung of each workload; `rows` in any order."""
    held: defaultdict[tuple[str, str], list[RehearsalRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row.at, row.id)):
        held[row.workload, row.rung].append(row)
    for (workload, rung), found in sorted(held.items()):
        failed, passed = [row for row in found if row.result == FAILED], [row for row in found if row.result != FAILED]
        yield Rehearsal(
            workload=workload,
            rung=rung,
            held=len(found),
            failed=len(failed),
            last_at=found[-1].at,
            last_result=found[-1].result,
            last_s=found[-1].seconds,
            median_s=median(row.seconds for row in passed) if passed else None,
            trend_s=tuple(row.seconds for row in passed[-TREND:]),
            failure=failed[-1].message if failed else "",
        )


def section(report: Report) -> Section:
    """Every rung that was rehearsed."""
    if not report.rehearsals:
        return Section("Rehearsals", ("No way back was rehearsed in this time; see: watcher rehearse --help",))
    failed = sum(each.last_result == FAILED for each in report.rehearsals)
    rungs = f"{count(len(report.rehearsals), 'rung')} of workloads rehearsed; the last rehearsal failed of {failed}."
    rows = table(COLUMNS, report.rehearsals, _row)
    return Section("Rehearsals", (rungs,), rows, more(report.rehearsals))


def _row(each: Rehearsal) -> Row:
    last = f"{each.last_result} {moment(each.last_at)}"
    usual = seconds(each.median_s) if each.median_s is not None else "-"
    trend = ", ".join(f"{math.ceil(took)}" for took in each.trend_s)
    counts = (str(each.held), str(each.failed))
    return (each.workload, each.rung, *counts, last, seconds(each.last_s), usual, trend or "-", each.failure or "-")
