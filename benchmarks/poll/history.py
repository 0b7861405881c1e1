"""A synthetic past: services with two old and two new pods each, as a Prometheus would have scraped them."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.model import Pod, Revision, Workload, WorkloadView
from watcher.core.policy import HistogramCheck, Policy, RatioCheck
from watcher.core.words import Kind
from watcher.daemon.polling import Watched
from watcher.ports import RawSeries

INTERVAL = 15
BEFORE = 15 * 60  # seconds of samples before the release
AFTER = 5 * 60  # and after it
BUCKETS = ("0.1", "0.5", "1", "+Inf")

CHECKS = (
    RatioCheck("errors", "main", "http_requests_total", bad=((("code", "5.."),),), max=0.01),
    HistogramCheck("latency", "main", "http_request_duration_seconds", 0.5, max=0.05),
)


def release(number: int, began: float) -> Watched:
    """One service under watch."""
    workload = Workload(Kind.DEPLOYMENT, f"team-{number % 20}", f"service-{number:04}")
    pods = tuple(_pod(workload, place, began) for place in range(4))
    revisions = tuple(Revision(n, name, name, name, (), began) for n, name in ((1, "old"), (2, "new")))
    view = WorkloadView(workload, f"uid-{number}", 2, revisions, 2, 2, 2, 2, pods=pods)
    return Watched(view, Policy(checks=CHECKS), began)


def _pod(workload: Workload, place: int, began: float) -> Pod:
    revision, created = ("old", began - 86400) if place < 2 else ("new", began + place)
    name = f"{workload.name}-7d9fc8b6d5-x{place}abc" if place < 2 else f"{workload.name}-6b8f4d9c77-y{place}abc"
    return Pod(name, name, revision, created, ready_since=created + 3, started=(created + 1,))


def history(watched: Watched) -> Iterator[RawSeries]:
    """The series of one service: requests by code, buckets, `up`, the process's start."""
    for place, pod in enumerate(watched.view.pods):
        labels = {
            "namespace": watched.view.workload.namespace,
            "pod": pod.name,
            "container": "app",
            "instance": f"10.0.{place}.{hash(pod.name) % 250}:8080",
            "job": "kubernetes-pods",
            "node": f"node-{hash(pod.name) % 30}",
        }
        first = max(pod.created + 4, watched.since - BEFORE) + hash(pod.name) % 15000 / 1000
        times = [round(first + INTERVAL * n, 3) for n in range(int((watched.since + AFTER - first) // INTERVAL))]
        for code, rate in (("200", 300), ("404", 5), ("500", 1)):
            yield _series("http_requests_total", labels, times, rate, code=code)
        for bound, rate in zip(BUCKETS, (200, 290, 300, 306), strict=True):
            yield _series("http_request_duration_seconds_bucket", labels, times, rate, le=bound)
        yield RawSeries({"__name__": "up", **labels}, [(at, 1.0) for at in times])
        yield RawSeries({"__name__": "process_start_time_seconds", **labels}, [(at, pod.created + 1) for at in times])


def _series(metric: str, labels: dict[str, str], times: list[float], rate: int, **more: str) -> RawSeries:
    return RawSeries({"__name__": metric, **labels, **more}, [(at, float(n * rate)) for n, at in enumerate(times)])
