"""A workload under watch and the series of its pods, for tests of polling."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from watcher.core.model import Pod, Revision, Workload, WorkloadView
from watcher.core.policy import By, Check, HistogramCheck, Identify, Policy, QueryCheck, RatioCheck
from watcher.core.words import Kind
from watcher.daemon.polling import Watched
from watcher.ports import RawSeries

BEGAN = 1_700_000_100.0
"""When the release began: a multiple of 60 s."""

CHECKOUT = Workload(Kind.DEPLOYMENT, "shop", "checkout")
ERRORS = RatioCheck("errors", "main", "http_requests_total", bad=((("code", "5.."),),), max=0.01)
FAILURES = RatioCheck("failures", "main", "http_requests_total", errors="http_failures_total", max=0.01)
LATENCY = HistogramCheck("latency", "main", "http_request_duration_seconds", 0.5, max=0.05)
BY_WORKLOAD = Identify(By.WORKLOAD, workload="app")
LAG = QueryCheck("lag", "main", "max by (namespace, app) (lag)", max=100, identify=BY_WORKLOAD)

Samples = Sequence[tuple[float, float]]


def pod(name: str, revision: str = "old", created: float = BEGAN - 86400, uid: str = "", **more: object) -> Pod:
    values: dict[str, object] = {"ready_since": created + 5, "started": (created + 1,), **more}
    return Pod(name, uid or f"uid-{name}", revision, created, **values)  # type: ignore[arg-type]


def view(pods: Iterable[Pod], workload: Workload = CHECKOUT) -> WorkloadView:
    revisions = tuple(Revision(n, name, name, name, (), BEGAN) for n, name in enumerate(("old", "new"), 1))
    return WorkloadView(workload, "uid", 2, revisions, 2, 2, 2, 2, pods=tuple(pods))


def watched(pods: Iterable[Pod], *checks: Check, workload: Workload = CHECKOUT) -> Watched:
    return Watched(view(pods, workload), Policy(checks=checks), BEGAN)


def series(metric: str, pod_name: str, samples: Samples, **labels: str) -> RawSeries:
    base = {"__name__": metric, "namespace": "shop", "pod": pod_name, "instance": f"{pod_name}:8080", "job": "pods"}
    return RawSeries({**base, **labels}, list(samples))


def scrapes(start: float, end: float, step: float = 15.0) -> list[float]:
    return [start + step * n for n in range(int((end - start) // step) + 1)]


def up(pod_name: str, times: Iterable[float], **labels: str) -> RawSeries:
    return series("up", pod_name, [(at, 1.0) for at in times], **labels)


def rising(times: Iterable[float], per_step: float, start: float = 0.0) -> list[tuple[float, float]]:
    return [(at, start + per_step * n) for n, at in enumerate(times)]
