"""Looks, when a release is suspected, whether the other services suffer the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from watcher.adapters.prometheus.selectors import filters, joined, matcher, one_of, selector
from watcher.core.deciding import fleet
from watcher.core.deciding.fleet import Point
from watcher.core.deciding.siblings import released_together
from watcher.core.model import Fleet, Workload, WorkloadView
from watcher.core.policy import By, CounterCheck, HistogramCheck, Identify, Policy, QueryCheck
from watcher.core.state import Watch
from watcher.daemon.asking import INFINITY, canonical
from watcher.daemon.folds import workload_of
from watcher.daemon.sourcing import Sourcing
from watcher.daemon.stepping import Stepping
from watcher.ports import Clock, Cluster, MetricsSource, WatcherError

FRESH = 30.0
"""Seconds for which what was seen of the fleet holds."""

FRESH_AT_BREACH = 5.0
"""The same while the first decision on a breach waits for it: other services may just begin to show the fault."""

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
        watches = self._stepping.open_watches()
        for workload in sorted(self._stepping.suspects.keys() & watches.keys()):
            view, known = self._cluster.view(workload), self._stepping.inbox.fleet(workload)
            policy = self._policy_of(view) if view is not None else None
            if policy is None or (known is not None and fresh(known, at, waited_for=waited_for(watches[workload]))):
                continue
            services = self._services() if services is None else services
            apart = released_together(workload, watches, self._stepping.prospects)
            found = await look(self._sourcing.polling.source, apart, policy, services, at)
            self._stepping.inbox.looked(workload, found)
            seen.add(workload)
        return frozenset(seen)

    def _services(self) -> Services:
        """What is bad on purpose tells nothing of the fleet."""
        views = (view for view in self._cluster.workloads() if self._policy_of(view) is not None)
        names = ((view.workload.namespace, view.workload.name) for view in views)
        return frozenset(name for name in names if not self._cluster.rehearses(name[0]))


def waited_for(watch: Watch) -> bool:
    """Whether there is a breach on which nothing was decided yet."""
    return watch.breached_at is not None and watch.decision is None


def fresh(known: Fleet, at: float, *, waited_for: bool) -> bool:
    """Whether a look at the fleet holds; `waited_for`: by a release that stands at breach."""
    return not known.problem and 0 <= at - known.at < (FRESH_AT_BREACH if waited_for else FRESH)


async def look(
    source_of: Callable[[str], MetricsSource | None],
    apart: frozenset[Workload],
    policy: Policy,
    services: Services,
    at: float,
) -> Fleet:
    """The fleet as the checks of a workload see it, without those `apart`: itself, and what was released with it.

    The check that shows most onsets counts.
    """
    names = frozenset((each.namespace, each.name) for each in apart)
    checks = [each for each in policy.checks if not isinstance(each, QueryCheck) and _comparable(each)]
    found = [Fleet(at, 0)]
    for check in checks:
        source = source_of(check.source)
        if source is None:
            continue
        try:
            found.append(await _look(source, check, names, services, at))
        except WatcherError as error:
            return Fleet(at, 0, problem=str(error))
    return max(found, key=lambda each: (len(each.onsets), each.services))


async def _look(source: MetricsSource, check: CounterCheck, apart: Services, services: Services, at: float) -> Fleet:
    totals, bads = [await _counts(source, check, each, services, at) for each in _increases(check)]
    if isinstance(check, HistogramCheck) and not totals:
        totals, bads = [await _counts(source, check, each, services, at) for each in _native_increases(check)]
    if isinstance(check, HistogramCheck):  # the second selects those that were fast enough
        bads = {
            name: {time: total - bads.get(name, {}).get(time, 0.0) for time, total in each.items()}
            for name, each in totals.items()
        }
    others = {"/".join(name): _points(each, bads.get(name, {})) for name, each in totals.items() if name not in apart}
    return fleet.seen(others, max(check.max or 0.0, check.floor), at)


def _increases(check: CounterCheck) -> tuple[list[str], list[str]]:
    """Expressions for all requests of a step and for bad ones; of a histogram, for those within the bound."""
    totals, bads = _selectors(check)
    return [_increase(each) for each in totals], [_increase(each) for each in bads]


def _native_increases(check: HistogramCheck) -> tuple[list[str], list[str]]:
    """The same of a native histogram; interpolated, which will do to tell who suffers."""
    grown = _increase(selector(check.histogram, *filters(check.only, check.exclude)))
    count = f"histogram_count({grown})"
    within = f"histogram_fraction(-Inf, {check.bound!r}, {grown}) * {count}"
    return [count], [f"{within} >= 0"]  # without requests the fraction is NaN, and so would be the sum


def _increase(one: str) -> str:
    return f"increase({one}[{fleet.STEP:.0f}s])"


def _selectors(check: CounterCheck) -> tuple[list[str], list[str]]:
    own = filters(check.only, check.exclude)
    if isinstance(check, HistogramCheck):
        buckets = f"{check.histogram}_bucket"
        within = one_of("le", sorted(canonical(check.bound) - {INFINITY}))
        return [selector(buckets, *own, one_of("le", [INFINITY]))], [selector(buckets, *own, within)]
    total = selector(check.total, *own)
    if check.errors:
        return [total], [selector(check.errors, *own)]
    return [total], [selector(check.total, *own, *(matcher(*each) for each in one)) for one in check.bad]


async def _counts(
    source: MetricsSource, check: CounterCheck, expressions: Iterable[str], services: Services, at: float
) -> Counts:
    namespace, subject = check.identify.namespace, check.identify.subject
    found: defaultdict[tuple[str, str], defaultdict[float, float]] = defaultdict(lambda: defaultdict(float))
    for one in expressions:
        query = f"sum by ({namespace}, {subject}) ({joined(one, check.identify.join, (namespace, subject))})"
        for series in await source.range(query, at - fleet.LOOK_BACK, at, fleet.STEP):
            name = _service_of(series.labels, check.identify, services)
            if name is not None:
                for time, value in series.samples:
                    found[name][time] += value
    return found


def _comparable(check: CounterCheck) -> bool:
    """Whether the check tells versions apart, so that it may act, and its series name services."""
    return check.identify.sees_versions and bool(check.identify.namespace)


def _service_of(labels: Mapping[str, str], identify: Identify, services: Services) -> tuple[str, str] | None:
    namespace, value = labels.get(identify.namespace, ""), labels.get(identify.subject, "")
    if identify.by is By.POD:
        return service(namespace, value, services)
    name = namespace, workload_of(identify, value)
    return name if name in services else None


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
