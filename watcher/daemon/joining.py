"""Series that carry only `job` and `instance`, joined to pods by `target_info`.

OpenTelemetry puts what it knows of the pod into one series a target, and not onto each of the others:
https://opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics/#resource-attributes
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from watcher.adapters.prometheus.selectors import one_of, selector
from watcher.core.policy import Identify
from watcher.ports import RawSeries

LOOK_BACK = 300.0
"""Seconds for which a sample of `target_info` holds, as PromQL takes a sample for the present one."""

Pod = tuple[str, str]
"""Namespace and name."""


class Targets:
    """Which pod each `job` and `instance` was, and when."""

    def __init__(self, identify: Identify) -> None:
        self._identify = identify
        self._seen: defaultdict[Pod, dict[Pod, list[float]]] = defaultdict(dict)  # (job, instance) -> pod -> times

    def selector(self, namespaces: set[str], pods: set[str]) -> str:
        """The vector selector for the targets of these pods."""
        whose = one_of(self._identify.namespace, sorted(namespaces)), one_of(self._identify.pod, sorted(pods))
        return selector(self._identify.join, *whose)

    def add(self, series: RawSeries) -> None:
        """Take in one series of `target_info`."""
        labels = series.labels
        pod = labels.get(self._identify.namespace, ""), labels.get(self._identify.pod, "")
        seen = self._seen[_target(series)]
        seen[pod] = sorted({*seen.get(pod, ()), *(at for at, _ in series.samples)})

    @property
    def names(self) -> set[tuple[str, str]]:
        """`job` and `instance` of all targets."""
        return set(self._seen)

    @property
    def pods(self) -> set[Pod]:
        """The pods that were named."""
        return set(chain.from_iterable(self._seen.values()))

    def joined(self, series: RawSeries) -> Iterator[RawSeries]:
        """The series with the labels of its pod; where the target was one pod after another, a series each.

        Samples of which `target_info` does not say, or says two pods at once, are left out.
        """
        seen = self._seen.get(_target(series), {})
        for pod in seen:
            samples = [each for each in series.samples if self._pod_at(seen, each[0]) == pod]
            histograms = [each for each in series.histograms if self._pod_at(seen, each.at) == pod]
            if samples or histograms:
                own = {self._identify.namespace: pod[0], self._identify.pod: pod[1]}
                yield RawSeries({**series.labels, **own}, samples, histograms)

    def _pod_at(self, seen: dict[Pod, list[float]], at: float) -> Pod | None:
        """The pod of which the newest sample up to then tells."""
        told = [(times[place - 1], pod) for pod, times in seen.items() if (place := bisect_right(times, at))]
        newest = max((time for time, _ in told), default=None)
        if newest is None or newest < at - LOOK_BACK:
            return None
        pods = [pod for time, pod in told if time == newest]
        return pods[0] if len(pods) == 1 else None


def _target(series: RawSeries) -> tuple[str, str]:
    return series.labels.get("job", ""), series.labels.get("instance", "")
