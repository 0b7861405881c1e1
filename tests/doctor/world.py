"""The embedded cluster and the embedded metrics source, served, and the preflight run against them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from tests.demo.test_play import LoopClock
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.prometheus.source import PrometheusSource
from watcher.config import load
from watcher.doctor.examine import Report, examine
from watcher.doctor.gathering.alone import facts_once
from watcher.doctor.gathering.asked import Asked
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.server import ApiSettings
from watcher.sandbox.metrics.api import QueryApi
from watcher.sandbox.metrics.store import Store, as_labels

Json = dict[str, Any]
INTERVAL = 15
LOOKED_BACK = 1800
READING = (
    AccessRule(("get", "list", "watch"), ("*",), ("*",)),
    AccessRule(("create",), ("authorization.k8s.io",), ("*",)),
)


def documented() -> tuple[AccessRule, ...]:
    """What config/rbac.yaml grants when everything of it is bound but the way back through Git.

    The embedded API server takes no name from a field selector, so names of objects are left aside.
    """
    rules: list[AccessRule] = []
    for each in yaml.safe_load_all((Path(__file__).parents[2] / "config" / "rbac.yaml").read_text()):
        if each["metadata"]["name"] == "watcher-git":
            continue
        namespaces = (each["metadata"].get("namespace", "*"),) if each["kind"] == "Role" else ("*",)
        for rule in each.get("rules", ()):
            verbs, groups, plurals = (tuple(rule[key]) for key in ("verbs", "apiGroups", "resources"))
            rules = [*rules, AccessRule(verbs, groups, plurals, namespaces)]
    return tuple(rules)


@dataclass
class Series:
    """A counter that grows by so many requests a second."""

    name: str
    labels: dict[str, str]
    rate: float = 1.0


@dataclass
class World:
    """What is there.  `series` are counted up to `now` when the preflight is run."""

    cluster: SandboxCluster
    directory: Path
    prometheus: str = ""
    series: list[Series] = field(default_factory=list)
    store: Store = field(default_factory=Store)
    clock: LoopClock = field(default_factory=LoopClock)

    async def deploy(self, name: str, image: str = "", **spec: Any) -> list[str]:
        """Apply a Deployment and wait for its pods; their names."""
        await self.cluster.apply(deployment(name, image or f"shop/{name}:1.0.0", **spec))
        wanted = spec.get("replicas", 2)

        def ready() -> list[str]:
            status = (self.cluster.get("Deployment", "shop", name) or {}).get("status", {})
            done = status.get("availableReplicas", 0) == status.get("updatedReplicas", 0) == wanted
            return self.pods(name) if done else []

        return await self.cluster.until(ready)

    def pods(self, name: str) -> list[str]:
        """Names of its pods."""
        every = self.cluster.pods("shop")
        return [each["metadata"]["name"] for each in every if each["metadata"]["labels"].get("app") == name]

    def counts(self, pods: list[str], rate: float = 1.0, bad: float = 0.0, **labels: str) -> None:
        """These pods serve so many good and bad requests a second."""
        for pod in pods:
            own = {"namespace": "shop", "pod": pod, "instance": f"{pod}:80", **labels}
            self.series.append(Series("http_requests_total", {**own, "code": "200"}, rate))
            self.series.append(Series("http_requests_total", {**own, "code": "500"}, bad))

    def fill(self) -> None:
        """Scrape all series that are new for the time that is looked back on."""
        now = int(self.clock.now() * 1000)
        for each in self.series:
            labels = as_labels({"__name__": each.name, **each.labels}.items())
            for second in range(LOOKED_BACK + INTERVAL, -1, -INTERVAL):
                value = each.rate * (LOOKED_BACK + INTERVAL - second)
                self.store.append(labels, now - second * 1000, value)
        self.series.clear()

    def write(self, **changes: Any) -> Path:
        """The thresholds file; `changes` replace its keys."""
        document: Json = {
            "version": 1,
            "mode": "act",
            "sources": {"main": {"url": self.prometheus, "interval": f"{INTERVAL}s"}},
            "checks": {"errors": {"total": "http_requests_total", "bad": {"code": "5.."}, "max": "1%"}},
            "services": [{"match": {"namespace": "shop"}, "checks": {"errors": {}}}],
        } | changes
        path = self.directory / "thresholds.yaml"
        path.write_text(yaml.safe_dump(document))
        return path

    async def examined(self, thresholds: Path | None = None, **asked: Any) -> Report:
        """The preflight's report."""
        self.fill()
        client = await Client.connect(str(self.cluster.kubeconfig_path))
        try:
            wanted = Asked(
                client=client,
                connect=lambda source: PrometheusSource(source, rate=1000, now=self.clock.now),
                thresholds=load(thresholds or self.write()),
                now=self.clock.now,
                own_namespace="watcher",
                **({"since": float(LOOKED_BACK)} | asked),
            )
            return examine(await facts_once(wanted, self.clock))
        finally:
            await client.close()


def deployment(name: str, image: str, *, replicas: int = 2, container: Json | None = None, **spec: Any) -> Json:
    """A Deployment in namespace shop with which nothing is wrong."""
    probe = {"httpGet": {"path": "/ready", "port": 80}, "periodSeconds": 5}
    pod = {"containers": [{"name": "app", "image": image, "readinessProbe": probe, **(container or {})}]}
    metadata = {"namespace": "shop", "name": name, **spec.pop("metadata", {})}
    template = {"metadata": {"labels": {"app": name}, "annotations": spec.pop("annotations", {})}, "spec": pod}
    wanted = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template, **spec}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": wanted}


def ids(report: Report) -> set[str]:
    """Which kinds of findings there are."""
    return {each.kind.id for each in report.findings}


def about(report: Report, name: str) -> set[str]:
    """Which kinds of findings there are about the Deployment of this name."""
    wanted = f"Deployment/shop/{name}"
    return {each.kind.id for each in report.findings if each.subject == wanted}


@asynccontextmanager
async def world(directory: Path, rules: tuple[AccessRule, ...] | None = None) -> AsyncIterator[World]:
    """Both, on loopback; `rules` are what the account may do, by default what is documented."""
    settings = SandboxSettings(
        api=ApiSettings(rules=documented() if rules is None else rules),
        namespaces=("shop", "watcher", "lab", "argocd"),
        seed=7,
    )
    async with AsyncExitStack() as stack:
        cluster = await stack.enter_async_context(SandboxCluster(settings))
        found = World(cluster, directory)
        runner = web.AppRunner(QueryApi(found.store, found.clock.now).application(), access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.prometheus = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield found
