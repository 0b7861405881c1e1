"""One poll: the grouped queries of all releases under watch, and what each of them learns from the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog

from watcher.core.measuring.versions import roles
from watcher.core.model import Block, QueryValue, Source, Workload, WorkloadView
from watcher.core.policy import Policy, QueryCheck
from watcher.daemon.folds import Folds
from watcher.daemon.query_checks import STEP, QueryChecks
from watcher.daemon.reading import Reader
from watcher.ports import MetricsSource

SHORTEST, LONGEST = 1.0, 10.0
"""Seconds between two polls, at the least and at the most."""

UNKNOWN = 5.0
"""Seconds between two polls while no scrape interval is known."""

DEADLINE = 25.0
"""Seconds that a poll waits for one source; one query is given up after 20 s."""

log = structlog.get_logger("watcher.polling")


@dataclass(frozen=True, slots=True)
class Watched:
    """One release under watch; `since`: when it began, Unix seconds.  Its history before that is counted too.

    `revision` and `before` name the revisions that it led to and from; empty: not known.
    """

    view: WorkloadView
    policy: Policy
    since: float
    revision: str = ""
    before: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a poll brought for one workload.  `problems` are sentences for a person who asks why."""

    blocks: tuple[Block, ...] = ()
    queries: tuple[QueryValue, ...] = ()
    sources: tuple[Source, ...] = ()
    problems: tuple[str, ...] = ()


class Polling:
    """Polls the metrics sources.  Counting state lives as long as a workload is watched since the same moment.

    A new instance begins to count at the release's start again and comes to the same blocks.
    """

    def __init__(self, sources: Iterable[MetricsSource], intervals: Mapping[str, float | None] | None = None) -> None:
        """`intervals`: scrape interval in seconds by the name of the source, where it is configured."""
        self._intervals = dict(intervals or {})
        self._readers = {source.name: Reader(source) for source in sources}
        self._query_checks = {
            name: QueryChecks(reader, self._intervals.get(name) or STEP) for name, reader in self._readers.items()
        }
        self._folds: dict[Workload, Folds] = {}
        self._broken: dict[str, str] = {}

    def source(self, name: str) -> MetricsSource | None:
        """The source of this name, or None."""
        reader = self._readers.get(name)
        return None if reader is None else reader.source

    @property
    def interval(self) -> float:
        """Seconds until the next poll: a third of the shortest scrape interval among what is watched."""
        known = [each for each in self._intervals.values() if each]
        known += [
            each.grid.interval for folds in self._folds.values() for each in folds.countings.values() if each.grid
        ]
        return min(LONGEST, max(SHORTEST, min(known) / 3)) if known else UNKNOWN

    @property
    def queries(self) -> int:
        """Queries sent so far."""
        return sum(reader.queries for reader in self._readers.values())

    async def poll(self, watched: Sequence[Watched], at: float) -> Mapping[Workload, Reading]:
        """Read what is new at `at` (Unix seconds).  A failing source affects its own checks only; nothing is raised."""
        self._follow(watched)
        values: dict[Workload, list[QueryValue]] = {}
        async with asyncio.TaskGroup() as group:
            for name in self._readers:
                group.create_task(self._survive(name, self._poll_source(name, watched, at, values)))
        return {each.view.workload: self._reading(each, values) for each in watched}

    def _follow(self, watched: Sequence[Watched]) -> None:
        """Begin to count what is new under watch, forget what no longer is."""
        kept: dict[Workload, Folds] = {}
        for each in watched:
            workload = each.view.workload
            folds = self._folds.get(workload)
            if folds is None or folds.since != each.since:
                folds = Folds(workload, each.since)
            folds.update(each.view, each.policy, self._intervals)
            folds.pods.roles = roles(each.view.rollout, each.revision, each.before, each.since)
            folds.forget()
            kept[workload] = folds
        self._folds = kept

    async def _survive(self, name: str, work: Coroutine[None, None, None]) -> None:
        """Neither a source that hangs nor a fault of ours with one must leave the others unread."""
        try:
            async with asyncio.timeout(DEADLINE):
                await work
        except TimeoutError:
            self._broken[name] = f"source {name}: this poll was not over within {DEADLINE:.0f} s"
        except Exception as error:
            if name not in self._broken:
                log.exception("source_poll_failed", source=name)
            self._broken[name] = f"watcher itself failed reading source {name} ({type(error).__name__}: {error})"
        else:
            self._broken.pop(name, None)

    async def _poll_source(
        self, name: str, watched: Sequence[Watched], at: float, values: dict[Workload, list[QueryValue]]
    ) -> None:
        wanted = [(each.view, check) for each in watched for check in _queries(each.policy, name)]
        counted = [folds for folds in self._folds.values() if folds.of_source(name)]
        async with asyncio.TaskGroup() as group:
            group.create_task(self._readers[name].read(counted, at))
            found = group.create_task(self._query_checks[name].values(wanted, at))
        for view, value in found.result():
            values.setdefault(view.workload, []).append(value)

    def _reading(self, watched: Watched, values: Mapping[Workload, list[QueryValue]]) -> Reading:
        workload = watched.view.workload
        folds = self._folds[workload]
        blocks, folds.outbox = tuple(folds.outbox), []
        names = sorted({check.source for check in watched.policy.checks})
        sources = tuple(self._status(name) for name in names)
        problems = (*folds.problems(), *self._unread(folds), *self._without_value(watched.policy))
        return Reading(blocks, tuple(values.get(workload, ())), sources, problems)

    def _unread(self, folds: Folds) -> Iterator[str]:
        for name, counting in sorted(folds.countings.items()):
            reader = self._readers.get(counting.check.source)
            if reader is not None and counting in reader.failed:
                yield f"{name}: {reader.failed[counting].text}"

    def _without_value(self, policy: Policy) -> Iterator[str]:
        for check in policy.checks:
            if isinstance(check, QueryCheck) and check.source in self._query_checks:
                failure = self._query_checks[check.source].failing.get(check.query)
                if failure is not None:
                    yield f"{check.name}: {failure.text}"

    def _status(self, name: str) -> Source:
        if name not in self._readers:
            return Source(name, healthy=False, problem=f"source {name} is not configured; add it to `sources`")
        reader = self._readers[name]
        counted = any(folds.of_source(name) for folds in self._folds.values())
        problem = reader.problem if counted else self._query_checks[name].problem  # counting asks for scrapes too
        problem = self._broken.get(name, problem)
        return Source(name, not problem, reader.watermark, problem)


def _queries(policy: Policy, source: str) -> list[QueryCheck]:
    return [check for check in policy.checks if isinstance(check, QueryCheck) and check.source == source]
