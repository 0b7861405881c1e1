"""Asks the sources what the checks would get, and what was usual; a few grouped queries a check."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

from watcher.core.model import Workload
from watcher.core.policy import By, CounterCheck, HistogramCheck, QueryCheck, RatioCheck
from watcher.doctor.facts import CheckFacts, ClusterFacts, Requests, Series, Traffic
from watcher.doctor.gathering.asked import Questioned
from watcher.doctor.gathering.measurements import (
    Measurement,
    bad_query,
    exposed,
    good_query,
    owners_query,
    total_query,
)
from watcher.doctor.resolving import resolve
from watcher.ports import RawSeries, Rejected

WINDOWS = 96
"""Windows in the time looked back on: quarters of an hour in a day."""

LEAST_WINDOW = 60
"""Seconds of one window, at the least; and four scrapes."""


class Measuring:
    """Asks one source about the checks that are counted from it."""

    def __init__(self, source: Questioned, cluster: ClusterFacts, now: float, since: float, interval: float) -> None:
        self._source, self._cluster, self._now, self._since = source, cluster, now, since
        self._window = round(max(since / WINDOWS, min(LEAST_WINDOW, since / 4), 4 * interval))

    async def facts(self, asked: Measurement) -> CheckFacts:
        """What can be learnt of this check.  Raises Unavailable; a refusal is part of the answer."""
        found = CheckFacts(asked.check, asked.users)
        try:
            if isinstance(asked.check, QueryCheck):
                return await self._of_query(found, asked.check)
            return await self._of_counters(found, asked.check)
        except Rejected as error:
            return replace(found, problem=str(error))

    async def _of_counters(self, found: CheckFacts, check: CounterCheck) -> CheckFacts:
        metric, native = exposed(check), False
        series = await self._owners(check, metric)
        if not series and isinstance(check, HistogramCheck):
            native = bool(await self._source.instant(f"count(histogram_count({check.histogram}))", self._now))
            metric = check.histogram if native else metric
            series = await self._owners(check, metric) if native else ()
        found = replace(found, metric=metric, series=series, native=native)
        if not series:
            return found
        found = replace(found, owners=self._workloads(found))
        if isinstance(check, HistogramCheck):
            found = replace(found, bounds=() if native else await self._values("le", metric))
        else:
            labels = {label for alternative in check.bad for label, _ in alternative}
            values = {label: frozenset(await self._values(label, metric)) for label in sorted(labels)}
            found = replace(found, values=values)
        return replace(found, traffic=await self._traffic(found, check))

    async def _of_query(self, found: CheckFacts, check: QueryCheck) -> CheckFacts:
        now = await self._source.instant(check.query, self._now)
        series = tuple(Series(each.labels) for each in now)
        found = replace(found, metric=check.query, series=series)
        past = await self._source.range(check.query, *self._period())
        history: defaultdict[Workload, list[float]] = defaultdict(list)
        for each in past:
            for workload in self._of(found, each.labels):
                history[workload] += [value for _, value in each.samples if not math.isnan(value)]
        kept = {workload: tuple(values) for workload, values in history.items()}
        return replace(found, owners=self._workloads(found), history=kept)

    async def _owners(self, check: CounterCheck, metric: str) -> tuple[Series, ...]:
        answer = await self._source.instant(owners_query(check, metric), self._now)
        return tuple(Series(each.labels, round(each.value)) for each in answer)

    async def _values(self, label: str, metric: str) -> tuple[str, ...]:
        answer = await self._source.instant(f"count by ({label}) ({metric})", self._now)
        return tuple(sorted(each.labels.get(label, "") for each in answer))

    async def _traffic(self, found: CheckFacts, check: CounterCheck) -> Mapping[Workload, Traffic]:
        total = await self._source.range(total_query(check, self._window, native=found.native), *self._period())
        bad = await self._bad(found, check)
        windows: defaultdict[Workload, dict[float, list[float]]] = defaultdict(dict)
        for place, answer in enumerate((total, bad)):
            for each in answer:
                for workload in self._of(found, each.labels):
                    for at, value in each.samples:
                        if not math.isnan(value) and (place == 0 or at in windows[workload]):
                            windows[workload].setdefault(at, [0.0, 0.0])[place] += value
        late = isinstance(check, HistogramCheck)
        return {
            workload: Traffic(float(self._window), tuple(_requests(*kept[at], late=late) for at in sorted(kept)))
            for workload, kept in windows.items()
        }

    async def _bad(self, found: CheckFacts, check: CounterCheck) -> list[RawSeries]:
        """Bad requests; of a histogram those within its bound, which are the others."""
        if isinstance(check, RatioCheck):
            return await self._source.range(bad_query(check, self._window), *self._period())
        spelled = [text for text in found.bounds if _is(text, check.bound)]
        if not spelled:  # of native histograms, and of a bound that is no bucket, only the traffic is known
            return await self._source.range(total_query(check, self._window, native=found.native), *self._period())
        return await self._source.range(good_query(check, spelled, self._window), *self._period())

    def _period(self) -> tuple[float, float, float]:
        """Start, end and step: ends of the windows."""
        count = max(1, int(self._since // self._window))
        return self._now - (count - 1) * self._window, self._now, float(self._window)

    def _workloads(self, found: CheckFacts) -> frozenset[Workload]:
        return frozenset(workload for each in found.series for workload in self._of(found, each.labels))

    def _of(self, found: CheckFacts, labels: Mapping[str, str]) -> Iterable[Workload]:
        identify = found.check.identify
        if identify.by is By.FIXED:
            return found.users
        one = resolve(Series(labels), identify, self._cluster, found.users)
        return () if one.workload is None else (one.workload,)


def _requests(total: float, other: float, *, late: bool) -> Requests:
    """`other`: bad ones, or where `late` those that came in time."""
    return Requests(total, max(0.0, total - other) if late else other)


def _is(text: str, bound: float) -> bool:
    try:
        return math.isclose(float(text), bound, rel_tol=1e-9)
    except ValueError:
        return False
