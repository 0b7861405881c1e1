"""Query checks: one instant query serves all watches that ask the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from watcher.core.counting import READ_LAG
from watcher.core.model import QueryValue, WorkloadView
from watcher.core.policy import By, QueryCheck
from watcher.daemon.folds import workload_of
from watcher.daemon.reading import Reader
from watcher.ports import Rejected, Sample, WatcherError

STEP = 15.0
"""Seconds between two evaluations where the source's interval is not configured."""

SHORTEST = 5.0


@dataclass(slots=True)
class QueryChecks:
    """Evaluates query checks on a grid of time, so that the moments do not depend on when polls happen."""

    reader: Reader
    step: float = STEP
    problem: str = ""  # why the source could not be asked at the last attempt
    refused: dict[str, str] = field(default_factory=dict)  # query -> what the source has against it
    _last: dict[tuple[str, str], float] = field(default_factory=dict)  # (check, workload) -> evaluated at

    async def values(
        self, wanted: Sequence[tuple[WorkloadView, QueryCheck]], at: float
    ) -> list[tuple[WorkloadView, QueryValue]]:
        """New values for each check that is due at `at` (Unix seconds); nothing where the source failed."""
        step = max(self.step, SHORTEST)
        moment = math.floor((at - READ_LAG) / step) * step
        due = [each for each in wanted if self._last.get(_name(*each), -math.inf) < moment]
        self._last = {_name(*each): self._last.get(_name(*each), -math.inf) for each in wanted}
        found: list[tuple[WorkloadView, QueryValue]] = []
        for query in dict.fromkeys(check.query for _, check in due):
            answer = await self._ask(query, moment)
            if answer is None:
                continue
            for view, check in due:
                if check.query == query:
                    self._last[_name(view, check)] = moment
                    found.append((view, QueryValue(check.name, moment, worst(check, _own(check, view, answer)))))
        return found

    async def _ask(self, query: str, moment: float) -> list[Sample] | None:
        """A query that is refused is a fault of its check; a source that is down, one of the source."""
        self.refused.pop(query, None)
        try:
            answer = await self.reader.instant(query, moment)
        except Rejected as error:
            self.refused[query] = str(error)
            return None
        except WatcherError as error:
            self.problem = str(error)
            return None
        self.problem = ""
        return answer


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
