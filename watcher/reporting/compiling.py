"""From the rows of the log to the report, in one pass over the releases, oldest first."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from statistics import median

from watcher.core.words import Sight
from watcher.ports import BlindnessRow, CoverageRow, DecisionRow, Label, RehearsalRow, ReleaseRow
from watcher.reporting import bound, readiness
from watcher.reporting.facts import DecisionFact, decision_fact, namespace_of, release_fact
from watcher.reporting.people import BACK, Chain, Settled
from watcher.reporting.readiness import Record
from watcher.reporting.rehearsing import rehearsals
from watcher.reporting.report import (
    Answer,
    Blindness,
    Bound,
    Coverage,
    Gap,
    Quiet,
    Releases,
    Report,
    Rollback,
    Spread,
)
from watcher.reporting.tally import Tally

NAMED = 10
"""Workloads named for one gap of the coverage, at the most."""

ANSWERED = (*BACK, Answer.WENT_FORWARD)


@dataclass(frozen=True, slots=True)
class Span:
    """What the report is on: releases that began in [since, until), of namespaces that fit the glob; all if empty."""

    since: float
    until: float
    made_at: float
    namespace: str = ""

    def means(self, workload: str) -> bool:
        """Whether this workload is one of those."""
        return not self.namespace or fnmatchcase(namespace_of(workload), self.namespace)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of the log that a report needs; decisions and releases oldest first, from the start of the span on."""

    decisions: Iterable[DecisionRow]
    releases: Iterable[ReleaseRow]
    coverage: Sequence[CoverageRow]
    blindness: Sequence[BlindnessRow]
    labels: Sequence[Label]
    recorded_from: float | None
    rehearsals: Sequence[RehearsalRow] = ()


def compile_report(span: Span, rows: Rows) -> Report:
    """The report.  Memory grows with the number of workloads and decisions, not with that of releases."""
    tally = Tally({each.decision: each for each in rows.labels})
    for settled in _settled(span, rows):
        if span.since <= settled.release.began < span.until:
            tally.add(settled)
    covered = [row for row in rows.coverage if span.means(row.workload)]
    ready, acting, not_ready = readiness.sort_out(covered, tally.records)
    rollbacks = tuple(tally.rollbacks)
    would_be = [each for each in rollbacks if not each.done]
    return Report(
        since=span.since,
        until=span.until,
        made_at=span.made_at,
        namespace=span.namespace,
        recorded_from=rows.recorded_from,
        coverage=_coverage(covered),
        releases=Releases(tally.seen, tally.restarts, tally.under_watch, tally.judged, dict(tally.verdicts)),
        rollbacks=rollbacks,
        misses=tuple(tally.misses),
        lead=_spread(each.answer_after_s for each in would_be if each.answer in ANSWERED),
        to_decision=_spread(each.to_decision_s for each in rollbacks),
        to_restore=_spread(each.to_restore_s for each in rollbacks),
        blindness=tuple(_blindness(each for each in rows.blindness if each.hour < span.until)),
        bound=_bound(rollbacks),
        guards=tuple(sorted(tally.guards.values(), key=lambda each: (-each.held, each.guard))),
        quiet=tuple(_quiet(tally.records)),
        ready=ready,
        acting=acting,
        not_ready=not_ready,
        yaml=readiness.snippet(ready),
        rehearsals=tuple(rehearsals(_rehearsed(span, rows.rehearsals))),
    )


def _rehearsed(span: Span, rows: Sequence[RehearsalRow]) -> Iterator[RehearsalRow]:
    return (row for row in rows if span.since <= row.at < span.until and span.means(row.workload))


def _settled(span: Span, rows: Rows) -> Iterator[Settled]:
    """Every release with what was decided of it and what people did about it; what was bad on purpose is none."""
    apart = {namespace_of(row.workload) for row in rows.rehearsals}
    decided: defaultdict[str, list[DecisionFact]] = defaultdict(list)
    for row in rows.decisions:
        if span.means(row.workload):
            decided[row.release].append(decision_fact(row))
    chains: dict[str, Chain] = {}
    for each in rows.releases:
        if span.means(each.workload) and namespace_of(each.workload) not in apart:
            release = release_fact(each)
            chain = chains.setdefault(release.workload, Chain(span.made_at))
            yield from chain.follow(release, tuple(decided.pop(release.id, ())))
    for chain in chains.values():
        yield from chain.end()


def _spread(durations: Iterable[float | None]) -> Spread:
    known = [each for each in durations if each is not None]
    return Spread(len(known), min(known), median(known), max(known)) if known else Spread()


def _bound(rollbacks: Sequence[Rollback]) -> Bound:
    labels = Counter(each.label for each in rollbacks)
    right, wrong = labels["right"], labels["wrong"]
    worst = bound.at_most(wrong, right + wrong) if right + wrong else None
    return Bound(right, wrong, len(rollbacks) - right - wrong, bound.CONFIDENCE, worst)


def _coverage(rows: Sequence[CoverageRow]) -> Coverage:
    count = Counter(row.sight for row in rows)
    gaps: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        if row.sight != Sight.WATCHABLE:
            gaps[row.sight, row.why].append(row.workload)
    ordered = sorted(gaps.items(), key=lambda each: (-len(each[1]), each[0]))
    return Coverage(
        matched=len(rows) - count[Sight.UNMATCHED],
        watchable=count[Sight.WATCHABLE],
        quiet=count[Sight.QUIET],
        blind=count[Sight.BLIND],
        unknown=count[Sight.UNKNOWN],
        excluded=count[Sight.EXCLUDED],
        unmatched=count[Sight.UNMATCHED],
        gaps=tuple(Gap(sight, why, len(names), tuple(names[:NAMED])) for (sight, why), names in ordered),
    )


def _blindness(rows: Iterable[BlindnessRow]) -> Iterator[Blindness]:
    asked: defaultdict[str, float] = defaultdict(float)
    blind: defaultdict[str, defaultdict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        asked[row.source] += row.asked
        blind[row.source][datetime.fromtimestamp(row.hour, UTC).strftime("%Y-%m-%d")] += row.blind
    for source in sorted(asked):
        days = tuple((day, seconds) for day, seconds in sorted(blind[source].items()) if seconds)
        yield Blindness(source, asked[source], sum((seconds for _, seconds in days), 0.0), days)


def _quiet(records: Mapping[str, Record]) -> Iterator[Quiet]:
    found = [(name, each) for name, each in records.items() if each.undecided]
    for name, record in sorted(found, key=lambda each: (-each[1].undecided, each[0])):
        yield Quiet(name, record.undecided, record.watched, record.undecided_why)
