"""Records what could be seen: of each workload whether it can be watched, of each source the seconds it was blind.

`watcher report` tells from it what was not watched.  Nothing is decided on it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace

import structlog

from watcher.core.deciding.guards import STALE_CACHE
from watcher.core.model import WorkloadView
from watcher.core.policy import Policy
from watcher.core.telling import coverage
from watcher.core.words import Mode, Sight
from watcher.daemon.journal import Journal
from watcher.daemon.status import Status
from watcher.daemon.stepping import Stepping
from watcher.ports import API_SERVER, BlindnessRow, Clock, Cluster, Commit, CoverageRow, WatcherError

HOUR = 3600.0

MEASURE_EVERY = 5.0
"""Seconds between two looks at the health of the sources."""

WRITE_EVERY = 60.0
"""Seconds between two writings of what was measured; what a killed process loses."""

COVER_EVERY = 300.0
"""Seconds between two looks at all workloads; only what changed is written."""

BATCH = 500
"""Workloads that are looked at, or written, at once."""

log = structlog.get_logger("watcher.sightings")


class Sightings:
    """Keeps the tables `coverage` and `blindness` of the decision log."""

    def __init__(
        self,
        cluster: Cluster,
        stepping: Stepping,
        status: Status,
        journal: Journal,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self._cluster, self._stepping, self._status = cluster, stepping, status
        self._journal, self._clock, self._policy_of = journal, clock, policy_of
        self._measured: defaultdict[tuple[float, str], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
        self._covered: dict[str, CoverageRow] | None = None

    async def run(self) -> None:
        """For ever, once the cluster was read."""
        measured_at = written_at = self._clock.now()
        covered_at = measured_at - COVER_EVERY
        while True:
            await self._clock.sleep(MEASURE_EVERY)
            now = self._clock.now()
            self.measure(now, max(0.0, now - measured_at))
            measured_at = now
            if not 0 <= now - written_at < WRITE_EVERY:
                written_at = now
                await self._survive(self.write_blindness)
            if self._status.synced and not 0 <= now - covered_at < COVER_EVERY:
                covered_at = now
                await self._survive(self.write_coverage)

    def measure(self, now: float, elapsed: float) -> None:
        """Book these seconds to every source that is asked now, and to the view of the cluster."""
        hour = now // HOUR * HOUR
        self._book(hour, API_SERVER, elapsed, blind=self._cluster.age() > STALE_CACHE)
        for source in self._status.sources():
            self._book(hour, source.name, elapsed, blind=not source.healthy)

    async def write_blindness(self) -> None:
        """Write what was measured since the last time.  Raises Unavailable; then it is written with the next."""
        measured = dict(self._measured)
        rows = tuple(BlindnessRow(hour, source, *seconds) for (hour, source), seconds in measured.items())
        await self._journal.keep(Commit(blindness=rows))
        self._measured.clear()

    async def write_coverage(self) -> None:
        """Write what changed of any workload since the last time.  Raises Unavailable, Rejected."""
        before = self._covered
        if before is None:
            before = {row.workload: row for row in await self._journal.store.read(lambda reader: reader.coverage())}
        after = {}
        for number, view in enumerate(list(self._cluster.workloads()), start=1):
            row = self._row(view, before.get(str(view.workload)))
            after[row.workload] = row
            if number % BATCH == 0:
                await asyncio.sleep(0)  # ten thousand workloads take a good part of a second
        for commit in _commits(before, after):
            await self._journal.keep(commit)
        self._covered = after

    def _book(self, hour: float, source: str, elapsed: float, *, blind: bool) -> None:
        asked, unseen = self._measured[hour, source]
        self._measured[hour, source] = (asked + elapsed, unseen + elapsed if blind else unseen)

    def _row(self, view: WorkloadView, before: CoverageRow | None) -> CoverageRow:
        """The row of a workload; it keeps its `since` while only the wording changes."""
        row = self._seen(view)
        if before is not None and replace(before, since=0.0, why="", rung_why="") == replace(
            row, since=0.0, why="", rung_why=""
        ):
            return replace(row, since=before.since)
        return row

    def _seen(self, view: WorkloadView) -> CoverageRow:
        now, workload, policy = self._clock.now(), view.workload, self._policy_of(view)
        if policy is None:
            return CoverageRow(str(workload), now, Mode.NONE, Sight.UNMATCHED, coverage.NO_ENTRY, "", Mode.NONE, "")
        state, failed = self._stepping.states.get(workload), self._stepping.failed.get(workload, "")
        problem = f"watcher itself fails on it: {failed}" if failed else ""
        seen, why = coverage.sight(state, policy, self._cluster.age_of(workload), problem)
        back = coverage.way_back(state, view, policy, now)
        return CoverageRow(str(workload), now, policy.mode, seen, why, back.rung or "", back.mode, back.why)

    async def _survive(self, write: Callable[[], Awaitable[None]]) -> None:
        try:
            await write()
        except WatcherError as error:
            log.warning("sightings_not_written", error=str(error))


def _commits(before: dict[str, CoverageRow], after: dict[str, CoverageRow]) -> Iterator[Commit]:
    """What changed, in batches, so that no decision waits long for its turn to be written."""
    changed = [row for name, row in after.items() if before.get(name) != row]
    for start in range(0, len(changed), BATCH):
        yield Commit(coverage=tuple(changed[start : start + BATCH]))
    gone = tuple(name for name in before if name not in after)
    if gone:
        yield Commit(uncovered=gone)
