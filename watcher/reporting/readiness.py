"""Which services may be switched to acting, and what is missing for the others.

Conservative on purpose, and each rule can be read from the report: enough releases judged, verdicts in most watches,
every would-be rollback looked at by a person and none of them wrong, no release that passed and was taken back by
people, watchable now, and a way back that watcher may take by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from watcher.core.words import Mode, Sight
from watcher.ports import CoverageRow
from watcher.reporting.report import NotReady, Ready

JUDGED = 5
"""Releases with a verdict of pass or breach, at the least."""

DECIDED = 0.8
"""Share of the watches that were not cut short which came to such a verdict, at the least."""

COVERED = (Sight.WATCHABLE, Sight.QUIET, Sight.BLIND, Sight.UNKNOWN)
"""Workloads that are meant to be watched."""


@dataclass(slots=True)
class Record:
    """What one workload has to show for itself."""

    passed: int = 0
    breached: int = 0
    undecided: int = 0
    undecided_why: str = ""
    missed: list[str] = field(default_factory=list)  # images that passed and were taken back
    right: int = 0
    wrong: list[str] = field(default_factory=list)  # decisions
    unlabelled: list[str] = field(default_factory=list)  # decisions

    @property
    def judged(self) -> int:
        """Releases that were called good or bad."""
        return self.passed + self.breached

    @property
    def watched(self) -> int:
        """Watches that were not cut short."""
        return self.judged + self.undecided


def sort_out(
    coverage: Iterable[CoverageRow], records: dict[str, Record]
) -> tuple[tuple[Ready, ...], tuple[str, ...], tuple[NotReady, ...]]:
    """Workloads that are ready, those that act already, and those that are not ready; by name."""
    known = {row.workload: row for row in coverage}
    ready, acting, lacking = list[Ready](), list[str](), list[NotReady]()
    for workload in sorted(known.keys() | records.keys()):
        row, record = known.get(workload), records.get(workload, Record())
        if row is not None and row.sight not in COVERED:
            continue
        missing = tuple(_missing(row, record))
        if row is not None and row.mode == Mode.ACT:
            acting.append(workload)
        elif missing:
            lacking.append(NotReady(workload, missing))
        else:
            ready.append(Ready(workload, _because(row, record)))
    return tuple(ready), tuple(acting), tuple(lacking)


def _missing(row: CoverageRow | None, record: Record) -> Iterator[str]:
    if record.judged < JUDGED:
        yield f"{record.judged} of {JUDGED} releases judged"
    if record.judged < DECIDED * record.watched:
        yield f"only {record.judged} of {record.watched} watches came to a verdict: {record.undecided_why}"
    for decision in record.wrong:
        yield f"decision {decision} was wrong, as a person said: look for why"
    if record.unlabelled:
        first, count = record.unlabelled[0], len(record.unlabelled)
        which = f"decision {first} waits" if count == 1 else f"{first} and {count - 1} more decisions wait"
        yield f"{which} for somebody to say whether right: watcher decisions label {first} right|wrong"
    for image in record.missed:
        yield f"people went back from {image}, which had passed"
    yield from _in_the_cluster(row)


def _in_the_cluster(row: CoverageRow | None) -> Iterator[str]:
    if row is None:
        yield "the log does not say whether it can be watched: it is gone, or an older version wrote the log"
        return
    if row.sight not in (Sight.WATCHABLE, Sight.UNKNOWN):  # of an unknown one the releases say enough
        yield f"{row.sight}: {row.why}"
    if not row.rung:
        yield f"no way back: {row.rung_why}"
    elif row.rung_mode != Mode.ACT:
        yield f"{row.rung} may only {row.rung_mode}: {row.rung_why}"


def _because(row: CoverageRow | None, record: Record) -> str:
    found = f", {record.right} found bad, all rightly" if record.right else ", none found bad"
    way = f"; way back: {row.rung}" if row is not None else ""
    return f"{record.judged} releases judged{found}{way}"


def snippet(ready: Iterable[Ready]) -> str:
    """Entries for the end of `services` in the thresholds file; empty where nothing is ready."""
    entries = [_entry(each) for each in ready]
    return "\n".join(entries) + "\n" if entries else ""


def _entry(ready: Ready) -> str:
    kind, namespace, name = ready.workload.split("/")
    match = f'{{kind: {kind}, namespace: "{namespace}", name: "{name}"}}'  # a name may look like a number
    return f"  # {ready.because}\n  - match: {match}\n    mode: act"
