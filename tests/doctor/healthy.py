"""A cluster, sources and a process with which nothing is wrong, to be spoilt by tests one fact at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from watcher.core.model import Manager, Revision, Workload, WorkloadView
from watcher.core.policy import Bake, HistogramCheck, Identify, Policy, QueryCheck, RatioCheck, Source
from watcher.core.state import KnownGood
from watcher.core.words import Kind, Mode, Provenance
from watcher.doctor.facts import (
    AccessFacts,
    AnalysisMetric,
    CheckFacts,
    ClusterFacts,
    Container,
    Entry,
    Facts,
    Probe,
    ProcessFacts,
    Requests,
    Series,
    SourceFacts,
    Traffic,
    WorkloadFacts,
)
from watcher.doctor.git_facts import GitFacts
from watcher.doctor.naming import PodNames

NOW = 1_800_000_000.0
DAY = 86400.0
CART = Workload(Kind.DEPLOYMENT, "shop", "cart")
GATEWAY = Workload(Kind.DEPLOYMENT, "shop", "gateway")
POD = "cart-b-x1y2z"

ERRORS = RatioCheck("errors", "main", "http_requests_total", bad=((("code", "5.."),),), max=0.01, increase=2.0)
LATENCY = HistogramCheck("latency", "main", "http_request_duration_seconds", bound=0.5, max=0.05)
LAG = QueryCheck("lag", "main", "max by (namespace, app) (consumer_lag)", max=100.0)

GOOD = KnownGood("tb", "b", ("shop/cart:1.2.0",), Provenance.PASSED, NOW - DAY)


def revision(number: int, name: str, created: float, **more: Any) -> Revision:
    return Revision(number, name, f"t{name}", f"c{name}", (f"shop/cart:1.{number}.0",), created, **more)


def view(workload: Workload = CART, **more: Any) -> WorkloadView:
    """Three pods of revision b, a before it."""
    revisions = (revision(1, "a", NOW - 9 * DAY), revision(2, "b", NOW - 2 * DAY, desired=3, ready=3, available=3))
    wanted: dict[str, Any] = {"revisions": revisions, "desired": 3, "updated": 3, "ready": 3, "available": 3} | more
    return WorkloadView(workload, f"uid-{workload.name}", 2, **wanted)


def workload(name: Workload = CART, /, policy: Policy | None = None, **more: Any) -> WorkloadFacts:
    of_view = {
        key: more.pop(key)
        for key in ("desired", "owner", "manager", "application", "paused", "max_unavailable", "rollout")
        if key in more
    }
    wanted: dict[str, Any] = {
        "containers": (Container("app", "shop/cart:1.2.0", "IfNotPresent", Probe()),),
        "deadline": 600,
        "rolled_out_in": 20.0,
        "known_good": (GOOD,),
    } | more
    return WorkloadFacts(view(name, **of_view), policy or Policy((ERRORS, LATENCY), Mode.ACT), **wanted)


def traffic(total: float = 900.0, bad: float = 1.0, windows: int = 96) -> Traffic:
    return Traffic(900.0, (Requests(total, bad),) * windows)


def check(of: Any = ERRORS, **more: Any) -> CheckFacts:
    wanted: dict[str, Any] = {
        "users": (CART,),
        "metric": "http_requests_total",
        "series": (Series({"namespace": "shop", "pod": POD}, 4),),
        "owners": frozenset({CART}),
        "values": {"code": frozenset({"200", "500"})} if isinstance(of, RatioCheck) else {},
        "bounds": ("0.1", "0.5", "1.0", "+Inf") if isinstance(of, HistogramCheck) else (),
        "traffic": {} if isinstance(of, QueryCheck) else {CART: traffic()},
        "history": {CART: (1.0,) * 96} if isinstance(of, QueryCheck) else {},
    } | more
    return CheckFacts(of, **wanted)


def source(**more: Any) -> SourceFacts:
    of = {key: more.pop(key) for key in ("replicas", "interval_set") if key in more}
    configured = Source("main", "http://prometheus:9090", interval=of.get("interval_set", 15.0))
    if "replicas" in of:
        configured = replace(configured, replicas=of["replicas"])
    wanted: dict[str, Any] = {"version": "3.16.0", "retention": 15 * DAY, "skew": 0.0, "lag": 8.0, "interval": 15.0}
    return SourceFacts(configured, **(wanted | more))


def cluster(*workloads: WorkloadFacts, **more: Any) -> ClusterFacts:
    several = workloads or (workload(),)
    wanted: dict[str, Any] = {
        "pods": {("shop", POD): CART},
        "names": PodNames(each.view for each in several),
        "access": AccessFacts("this account"),
    } | more
    return ClusterFacts(workloads=several, **wanted)


def facts(
    *workloads: WorkloadFacts,
    checks: tuple[CheckFacts, ...] | None = None,
    sources: tuple[SourceFacts, ...] | None = None,
    process: ProcessFacts | None = None,
    entries: tuple[Entry, ...] | None = None,
    git: GitFacts | None = None,
    **of_cluster: Any,
) -> Facts:
    """All is well, but for what is given."""
    return Facts(
        now=NOW,
        file="thresholds.yaml",
        cluster=cluster(*workloads, **of_cluster),
        checks=(check(), check(LATENCY, metric="http_request_duration_seconds_bucket")) if checks is None else checks,
        sources=(source(),) if sources is None else sources,
        process=process or ProcessFacts("watcher.db", free_bytes=10**10),
        entries=entries or (Entry(1, "thresholds.yaml:9", 1),),
        git=git,
    )


def analysis(**more: Any) -> AnalysisMetric:
    wanted: dict[str, Any] = {"success": "len(result) > 0 && result[0] >= 0.95", "interval": "1m", "count": "5"} | more
    return AnalysisMetric("AnalysisTemplate/shop/success-rate", "success", **wanted)


MANAGED = Manager("argocd", "shop")
PATIENT = Bake(hold_for=1800.0, max=14400.0)
BY_APP = Identify(by="workload", namespace="namespace", pod="", workload="app")  # type: ignore[arg-type]
