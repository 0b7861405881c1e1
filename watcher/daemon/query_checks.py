"""Query checks: one instant query serves all watches that ask the same."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field

from watcher.core.measuring.counting import READ_LAG
from watcher.core.model import QueryValue, WorkloadView
from watcher.core.policy import By, QueryCheck
from watcher.daemon.folds import workload_of
from watcher.daemon.reading import RETRY, Failure, Reader
from watcher.ports import Rejected, Sample, WatcherError

STEP = 15.0
"""Seconds between two evaluations where the source's interval is not configured."""

SHORTEST = 5.0


AT_ONCE = 4
"""Queries under way at the same time."""

ASKING = 4.0
"""Seconds of a poll in which queries are begun; the others are the first ones of the next poll."""


@dataclass(slots=True)
class _Round:
    """What came of the queries of one poll."""

    answered: set[str] = field(default_factory=set)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class QueryChecks:
    """Evaluates query checks on a grid of time, so that the moments do not depend on when polls happen.

    `problem`: why the source answers no query at all.  `failing`: by query, why it alone has no value.  Such a query
    is asked last and seldom, so that a slow one keeps nobody else waiting.
    """

    reader: Reader
    step: float = STEP
    problem: str = ""
    failing: dict[str, Failure] = field(default_factory=dict)
    _last: dict[tuple[str, str], float] = field(default_factory=dict)  # (check, workload) -> evaluated at

    async def values(
        self, wanted: Sequence[tuple[WorkloadView, QueryCheck]], at: float
    ) -> list[tuple[WorkloadView, QueryValue]]:
        """New values for each check that is due at `at` (Unix seconds); nothing where the source failed."""
        step = max(self.step, SHORTEST)
        moment = math.floor((at - READ_LAG) / step) * step
        self._last = {_name(*each): self._last.get(_name(*each), -math.inf) for each in wanted}
        queries = {check.query for _, check in wanted}
        self.failing = {query: failure for query, failure in self.failing.items() if query in queries}
        due = [each for each in wanted if self._last[_name(*each)] < moment and self._may_be_asked(each[1].query, at)]
        found: list[tuple[WorkloadView, QueryValue]] = []
        done = await self._ask_all(due, moment, found)
        self._learn(done, queries, at)
        return found

    def _may_be_asked(self, query: str, at: float) -> bool:
        failure = self.failing.get(query)
        return failure is None or not 0 <= at - failure.at < RETRY

    async def _ask_all(
        self,
        due: Sequence[tuple[WorkloadView, QueryCheck]],
        moment: float,
        found: list[tuple[WorkloadView, QueryValue]],
    ) -> _Round:
        """Ask each query once, a few at a time; none more once the source did not answer one."""
        by_query: dict[str, list[tuple[WorkloadView, QueryCheck]]] = {}
        for view, check in sorted(due, key=lambda each: self._last[_name(*each)]):
            by_query.setdefault(check.query, []).append((view, check))
        waiting = iter(sorted(by_query, key=lambda query: query in self.failing))
        done, loop = _Round(), asyncio.get_running_loop()
        until = loop.time() + ASKING

        async def work() -> None:
            for query in waiting:
                answer = await self._ask(query, moment, done)
                for view, check in by_query[query] if answer is not None else ():
                    self._last[_name(view, check)] = moment
                    found.append((view, QueryValue(check.name, moment, worst(check, _own(check, view, answer or ())))))
                if done.failed or loop.time() >= until:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(by_query))):
                group.create_task(work())
        return done

    async def _ask(self, query: str, moment: float, done: _Round) -> list[Sample] | None:
        """A query that is refused is a fault of its check, and shows that the source is there."""
        try:
            answer = await self.reader.instant(query, moment)
        except Rejected as error:
            self.failing[query] = Failure(str(error), moment)
            done.answered.add(query)
            return None
        except WatcherError as error:
            done.failed[query] = str(error)
            return None
        self.failing.pop(query, None)
        done.answered.add(query)
        return answer

    def _learn(self, done: _Round, queries: Set[str], at: float) -> None:
        """Whose fault it is that queries failed: their own where others were answered, else the source's."""
        alone = queries <= self.failing.keys()
        if not (done.failed or done.answered) and queries and alone:
            return  # nothing is asked now; as of the last time
        self.problem = ""
        if done.answered:
            self.failing |= {query: Failure(text, at) for query, text in done.failed.items()}
            return
        others = {query: text for query, text in done.failed.items() if query not in self.failing}
        if others:
            self.problem = next(iter(others.values()))
        elif done.failed and alone:
            self.problem = next(iter(done.failed.values()))


def _name(view: WorkloadView, check: QueryCheck) -> tuple[str, str]:
    return check.name, str(view.workload)


def _own(check: QueryCheck, view: WorkloadView, answer: Iterable[Sample]) -> list[float]:
    """Values that are this workload's."""
    return [each.value for each in answer if _is_of(check, view, each) and not math.isnan(each.value)]


def _is_of(check: QueryCheck, view: WorkloadView, sample: Sample) -> bool:
    identify, labels, workload = check.identify, sample.labels, view.workload
    if identify.by is By.FIXED:
        return True
    if identify.namespace and labels.get(identify.namespace) != workload.namespace:
        return False
    if identify.by is By.POD:
        return any(pod.name == labels.get(identify.pod) for pod in view.pods)
    return workload_of(identify, labels.get(identify.workload, "")) == workload.name


def worst(check: QueryCheck, values: Sequence[float]) -> float | None:
    """Of several series the one that is farthest beyond the threshold; None without any."""
    if not values:
        return None
    highest, lowest = max(values), min(values)
    if check.max is None:
        return lowest
    if check.min is None or highest > check.max:
        return highest
    return lowest if lowest < check.min else highest
