"""How many requests each pod has served: the integral of its share of its service's rate over the time it was Ready.

Nothing is random and nothing depends on how often one looks, except that a pod which vanished is known to have served
until the last look before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from watcher.core.model import Workload
from watcher.sandbox.shop.faults import Fault, fault_of
from watcher.sandbox.shop.pods import ShopPod


@dataclass(frozen=True, slots=True)
class Served:
    """Requests that one container has served, before its fault began and since; not yet rounded."""

    healthy: float = 0.0
    faulty: float = 0.0


@dataclass(frozen=True, slots=True)
class _Container:
    """Who counts: a restarted container begins at zero."""

    namespace: str
    pod: str
    started: float | None


class Traffic:
    """Requests per second of each workload, shared among its Ready pods."""

    def __init__(self, rates: Mapping[Workload, float]) -> None:
        self._rates = rates
        self._until = -math.inf
        self._served: dict[_Container, Served] = {}
        self._first_bad: dict[tuple[Workload, str], float] = {}

    @property
    def first_bad(self) -> Mapping[tuple[Workload, str], float]:
        """When the first request was harmed by the fault of an image, Unix seconds, by (workload, image)."""
        return self._first_bad

    def served(self, pod: ShopPod) -> Served:
        """What this pod's container has served until the last `advance`."""
        return self._served.get(_container(pod), Served())

    def advance(self, pods: Iterable[ShopPod], now: float) -> None:
        """Let the pods serve from the last call until `now`, and forget those that are gone."""
        now = max(now, self._until)
        by_workload: defaultdict[Workload, list[ShopPod]] = defaultdict(list)
        for pod in pods:
            by_workload[pod.workload].append(pod)
        for workload, members in by_workload.items():
            self._serve(members, self._rates.get(workload, 0.0), now)
        alive = {_container(pod) for members in by_workload.values() for pod in members}
        self._served = {container: served for container, served in self._served.items() if container in alive}
        self._until = now

    def _serve(self, pods: Sequence[ShopPod], rate: float, now: float) -> None:
        since = [max(pod.ready, self._until) for pod in pods if pod.ready is not None and pod.ready < now]
        for start, end in pairwise(sorted({*since, now})):
            serving = [pod for pod in pods if pod.ready is not None and pod.ready <= start]
            for pod, share in shares(serving).items():
                self._count(pod, rate * share, start, end)

    def _count(self, pod: ShopPod, rate: float, start: float, end: float) -> None:
        """Serve at a steady rate from start to end."""
        fault = fault_of(pod.image)
        onset = min(max(start, (pod.ready or start) + fault.after), end)
        before = self.served(pod)
        self._note_harm(pod, fault, (rate, onset, end), before.faulty)
        self._served[_container(pod)] = Served(
            before.healthy + rate * (onset - start), before.faulty + rate * (end - onset)
        )

    def _note_harm(self, pod: ShopPod, fault: Fault, steady: tuple[float, float, float], faulty: float) -> None:
        rate, onset, end = steady
        if not (rate and fault.profile.harm):
            return
        at = onset + max(0.0, 1 / fault.profile.harm - faulty) / rate
        key = (pod.workload, pod.image)
        if at <= end and at < self._first_bad.get(key, math.inf):
            self._first_bad[key] = at


def shares(pods: Sequence[ShopPod]) -> dict[ShopPod, float]:
    """Share of the requests that each of these pods gets; they add up to 1 where any pod gets some."""
    peers = {image: [pod for pod in pods if pod.image == image] for image in {pod.image for pod in pods}}
    routed = {pod: pod.weight / len(peers[pod.image]) for pod in pods if pod.weight is not None}
    rest = [pod for pod in pods if pod.weight is None]
    left = max(0.0, 1 - sum(routed.values()))
    parts = routed | {pod: left / len(rest) for pod in rest}
    total = sum(parts.values())
    return {pod: part / total for pod, part in parts.items()} if total else {}


def _container(pod: ShopPod) -> _Container:
    return _Container(pod.namespace, pod.name, pod.started)
