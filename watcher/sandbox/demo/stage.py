"""The stage of the demo: embedded cluster, shop, metrics source and the daemon, wired together on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from watcher.app import Daemon
from watcher.daemon.clock import SystemClock
from watcher.daemon.settings import Settings
from watcher.ports import Clock
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.controllers.gitops_applying import CONTROL_PLANE
from watcher.sandbox.demo.configuration import Configuration
from watcher.sandbox.kubernetes.kinds import by_name
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.metrics.server import MetricsServer, metrics_server
from watcher.sandbox.repository import has_git
from watcher.sandbox.shop.pods import ShopPod
from watcher.sandbox.shop.server import ShopServer
from watcher.sandbox.shop.services import NAMESPACE, SERVICES, Service, manifests, rates
from watcher.wiring import process

OWN_NAMESPACE = "watcher"
PLACEHOLDER = "http://127.0.0.1:9090"
NAME_LABEL = "app.kubernetes.io/name"


@dataclass
class Stage:
    """Everything that runs, and what a person would do to it.  Without `git` on PATH there is no configuration."""

    cluster: SandboxCluster
    shop: ShopServer
    metrics: MetricsServer
    daemon: Daemon
    running: asyncio.Task[None]
    directory: Path
    configuration: Configuration | None

    async def release(self, service: Service, tag: str) -> str:
        """Roll out another image, as a pipeline would; what is kept in Git by a commit, which is returned."""
        if service.in_git and self.configuration is not None:
            return self.configuration.release(service, tag)
        await self.cluster.apply(replace(service, tag=tag).manifest())
        return ""

    def promote(self, service: Service) -> None:
        """Promote a Rollout that waits at a step, as `kubectl argo rollouts promote --full` does."""
        promoted = {"status": {"promoteFull": True}}
        self.cluster.registry.modify(
            by_name(service.kind),
            NAMESPACE,
            service.name,
            lambda live: dict(merge_patch(live, promoted)),
            Writer("demo", subresource="status"),
        )

    def now(self) -> float:
        """The sandbox's time, Unix seconds."""
        return self.cluster.clock.now().timestamp()


@contextlib.asynccontextmanager
async def stage(
    directory: Path, prometheus: Path | None = None, port: int = 0, clock: Clock | None = None
) -> AsyncIterator[Stage]:
    """Set everything up in `directory`; a real Prometheus scrapes when there is one.  Without `clock`: wall time.

    Raises Unavailable.
    """
    clock = clock or SystemClock()
    async with contextlib.AsyncExitStack() as stack:
        settings = SandboxSettings(
            namespaces=("default", NAMESPACE, OWN_NAMESPACE, CONTROL_PLANE), kubeconfig=directory / "kubeconfig"
        )
        cluster = await stack.enter_async_context(SandboxCluster(settings))
        shop = ShopServer(lambda: shop_pods(cluster), rates(), lambda: cluster.clock.now().timestamp())
        await shop.start()
        stack.push_async_callback(shop.stop)
        metrics = metrics_server(shop.discovery, directory, prometheus, clock.now)
        await metrics.start()
        stack.push_async_callback(metrics.stop)
        configuration = await _set_up(cluster, directory)
        prepared = await stack.enter_async_context(process(_settings(directory, metrics.url, cluster, port), clock))
        stop = asyncio.Event()
        running = asyncio.create_task(prepared.run(stop))
        leading = asyncio.create_task(prepared.at_work())
        try:
            await asyncio.wait([running, leading], return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
            yield Stage(cluster, shop, metrics, leading.result(), running, directory, configuration)
        finally:
            stop.set()
            leading.cancel()
            await asyncio.wait([running, leading])


async def _set_up(cluster: SandboxCluster, directory: Path) -> Configuration | None:
    """The workloads of the shop: by a repository and its controller where that is so and can be, else directly."""
    in_git = [service for service in SERVICES if service.in_git] if has_git() else []
    for manifest in manifests([service for service in SERVICES if service not in in_git]):
        if manifest["kind"] != "Namespace":
            await cluster.apply(manifest)
    return await Configuration.begun(directory / "config.git", cluster, in_git) if in_git else None


def shop_pods(cluster: SandboxCluster) -> list[ShopPod]:
    """The pods of the shop as its traffic sees them."""
    services = {service.name: service for service in SERVICES}
    found = (
        (pod, services.get(pod["metadata"].get("labels", {}).get(NAME_LABEL, ""))) for pod in cluster.pods(NAMESPACE)
    )
    return [_shop_pod(pod, service) for pod, service in found if service is not None]


def _shop_pod(pod: dict[str, Any], service: Service) -> ShopPod:
    container = pod["spec"]["containers"][0]
    status = pod.get("status", {})
    states = [each.get("state", {}).get("running", {}) for each in status.get("containerStatuses", [])]
    ready = [each for each in status.get("conditions", []) if each["type"] == "Ready" and each["status"] == "True"]
    serving = ready and "deletionTimestamp" not in pod["metadata"]
    return ShopPod(
        namespace=NAMESPACE,
        name=pod["metadata"]["name"],
        workload=service.workload,
        container=container["name"],
        image=container["image"],
        started=_unix(states[0]["startedAt"]) if states and "startedAt" in states[0] else None,
        ready=_unix(ready[0]["lastTransitionTime"]) if serving else None,
    )


def _unix(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _settings(directory: Path, metrics_url: str, cluster: SandboxCluster, port: int) -> Settings:
    thresholds = directory / "thresholds.yaml"
    text = files("watcher.sandbox.demo").joinpath("thresholds.yaml").read_text()
    thresholds.write_text(text.replace(PLACEHOLDER, metrics_url))
    return Settings(
        config=thresholds,
        store=directory / "watcher.db",
        git_cache=directory / "git-cache",
        host="127.0.0.1",
        port=port,
        kubeconfig=cluster.kubeconfig_path,
        namespace=OWN_NAMESPACE,
        query_rate=1000,
        preflight=False,
    )
