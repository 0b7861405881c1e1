"""Looks, when a release is suspected, whether the other services suffer the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from watcher.adapters.prometheus.selectors import matcher, one_of, selector
from watcher.core import fleet
from watcher.core.fleet import Point
from watcher.core.model import Fleet, Workload, WorkloadView
from watcher.core.policy import By, CounterCheck, HistogramCheck, Policy, QueryCheck
from watcher.daemon.asking import INFINITY, canonical
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, MetricsSource, WatcherError

FRESH = 30.0
"""Seconds for which what was seen of the fleet holds."""

Services = frozenset[tuple[str, str]]
"""(namespace, name) of each workload that is matched by the thresholds file."""

Counts = Mapping[tuple[str, str], Mapping[float, float]]
"""Of each service, by Unix seconds."""


class Lookout:
    """Looks at the fleet for the releases that are suspected, and leaves what it saw in their mail."""

    def __init__(
        self,
        cluster: Cluster,
        stepping: Stepping,
        sourcing: Sourcing,
        clock: Clock,
        policy_of: Callable[[WorkloadView], Policy | None],
    ) -> None:
        self._cluster, self._stepping, self._sourcing = cluster, stepping, sourcing
        self._clock, self._policy_of = clock, policy_of

    async def once(self) -> frozenset[Workload]:
        """Look for all that are suspected and were not looked at lately; the workloads with news."""
        at, seen = self._clock.now(), set()
        services: Services | None = None
        for workload in sorted(self._stepping.suspects):
            view, known = self._cluster.view(workload), self._stepping.inbox.fleet(workload)
            policy = self._policy_of(view) if view is not None else None
            if policy is None or (known is not None and not known.problem and 0 <= at - known.at < FRESH):
                continue
            services = self._services() if services is None else services
            found = await look(self._sourcing.polling.source, workload, policy, services, at)
            self._stepping.inbox.looked(workload, found)
            seen.add(workload)
        return frozenset(seen)

    def _services(self) -> Services:
        views = (view for view in self._cluster.workloads() if self._policy_of(view) is not None)
        return frozenset((view.workload.namespace, view.workload.name) for view in views)


async def look(
    source_of: Callable[[str], MetricsSource | None], workload: Workload, policy: Policy, services: Services, at: float
) -> Fleet:
    """The fleet as the checks of this workload see it; the check that shows most onsets counts."""
    checks = [each for each in policy.checks if not isinstance(each, QueryCheck) and each.identify.by is By.POD]
    found = [Fleet(at, 0)]
    for check in checks:
        source = source_of(check.source)
        if source is None:
            continue
        try:
            found.append(await _look(source, check, workload, services, at))
        except WatcherError as error:
            return Fleet(at, 0, problem=str(error))
    return max(found, key=lambda each: (len(each.onsets), each.services))


async def _look(source: MetricsSource, check: CounterCheck, workload: Workload, services: Services, at: float) -> Fleet:
    totals, bads = [await _counts(source, check, selectors, services, at) for selectors in _selectors(check)]
    if isinstance(check, HistogramCheck):  # the second selects those that were fast enough
        bads = {
            name: {time: total - bads.get(name, {}).get(time, 0.0) for time, total in each.items()}
            for name, each in totals.items()
        }
    own = (workload.namespace, workload.name)
    others = {"/".join(name): _points(each, bads.get(name, {})) for name, each in totals.items() if name != own}
    return fleet.seen(others, max(check.max or 0.0, check.floor), at)


def _selectors(check: CounterCheck) -> tuple[list[str], list[str]]:
    """Of all requests and of bad ones; of a histogram, of those within the bound."""
    if isinstance(check, HistogramCheck):
        buckets = f"{check.histogram}_bucket"
        within = one_of("le", sorted(canonical(check.bound) - {INFINITY}))
        return [selector(buckets, one_of("le", [INFINITY]))], [selector(buckets, within)]
    if check.errors:
        return [check.total], [check.errors]
    return [check.total], [selector(check.total, *(matcher(*each) for each in one)) for one in check.bad]


async def _counts(
    source: MetricsSource, check: CounterCheck, selectors: Iterable[str], services: Services, at: float
) -> Counts:
    namespace, pod = check.identify.namespace, check.identify.pod
    found: defaultdict[tuple[str, str], defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    for one in selectors:
        query = f"sum by ({namespace}, {pod}) (increase({one}[{fleet.STEP:.0f}s]))"
        for series in await source.range(query, at - fleet.LOOK_BACK, at, fleet.STEP):
            name = service(series.labels.get(namespace, ""), series.labels.get(pod, ""), services)
            if name is not None:
                for time, value in series.samples:
                    found[name][time] += value
    return found


def service(namespace: str, pod: str, services: Services) -> tuple[str, str] | None:
    """The service that a pod belongs to by its name, or None: nobody's, or of one that is not watched."""
    name, dash = pod, "-"
    while dash:
        name, dash, _ = name.rpartition("-")
        if (namespace, name) in services:
            return namespace, name
    return None


def _points(totals: Mapping[float, float], bads: Mapping[float, float]) -> list[Point]:
    return [(time, totals[time], bads.get(time, 0.0)) for time in sorted(totals)]
