"""A shop whose cart Flux keeps as a repository says, and the daemon as in production: real Git, virtual time.

Flux itself is a stand-in, `watcher/sandbox/controllers/flux_kustomize.py`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from structlog.testing import capture_logs

from tests.demo.test_play import LoopClock, at_once
from tests.e2e.controlplane.forge import ForgeServer
from tests.e2e.controlplane.repository import Repository
from watcher.adapters.git.command import Git
from watcher.app import Daemon
from watcher.core.state import WorkloadState
from watcher.daemon.settings import Settings
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.demo.stage import OWN_NAMESPACE, shop_pods
from watcher.sandbox.kubernetes.kinds import by_name
from watcher.sandbox.kubernetes.objects import annotations_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.kubernetes.store import Change
from watcher.sandbox.metrics.server import metrics_server
from watcher.sandbox.shop.server import ShopServer
from watcher.sandbox.shop.services import NAMESPACE, SERVICES, rates
from watcher.wiring import process

Json = dict[str, Any]

FLUX = "flux-system"
CART = next(each for each in SERVICES if each.name == "cart")
REQUESTED = "reconcile.fluxcd.io/requestedAt"
KINDS = ("GitRepository", "Kustomization")
INTERVAL = 60.0
"""Seconds after which the Kustomization puts back what was changed past Git."""


@dataclass
class Stage:
    """What runs, and what people do.  `images` are those that the spec of cart asked for, one after the other."""

    cluster: SandboxCluster
    repository: Repository
    forge: ForgeServer
    directory: Path
    daemon: Daemon | None = None
    images: list[str] = field(default_factory=list)

    def commit(self, tag: str) -> str:
        """The team commits another version; the sha."""
        manifest = replace(CART, tag=tag).manifest()
        return self.repository.commit(f"cart {tag}", {"cart/workload.yaml": yaml.safe_dump(manifest)})

    def release(self, tag: str) -> str:
        """The team commits another version, and Flux is told, as the webhook of a forge does; the sha."""
        sha = self.commit(tag)
        asked = {"metadata": {"annotations": {REQUESTED: f"webhook {sha}"}}}
        for kind in KINDS:
            there = by_name(kind)
            self.cluster.registry.modify(
                there, FLUX, "shop", lambda live: dict(merge_patch(live, asked)), Writer("webhook")
            )
        return sha

    async def set_up_flux(self) -> None:
        """Flux follows main, and applies the directory of cart."""
        metadata = {"name": "shop", "namespace": FLUX}
        git: Json = {"interval": "30s", "url": self.repository.file_url, "ref": {"branch": "main"}}
        source = {"kind": "GitRepository", "name": "shop"}
        kept: Json = {"interval": f"{INTERVAL:.0f}s", "path": "./cart", "prune": True, "sourceRef": source}
        for kind, spec in zip(KINDS, (git, kept), strict=True):
            await self.cluster.apply(
                {"apiVersion": by_name(kind).api_version, "kind": kind, "metadata": metadata, "spec": spec}
            )

    def of_flux(self, kind: str) -> Json:
        """The GitRepository or the Kustomization."""
        found = self.cluster.get(kind, FLUX, "shop")
        assert found is not None
        return found

    @property
    def cart(self) -> Json:
        """The Deployment."""
        found = self.cluster.get("Deployment", NAMESPACE, "cart")
        assert found is not None
        return found

    @property
    def marks(self) -> dict[str, str]:
        """Annotations of the Deployment."""
        return annotations_of(self.cart)

    @property
    def image(self) -> str:
        """What the spec asks for."""
        return str(self.cart["spec"]["template"]["spec"]["containers"][0]["image"])

    @property
    def state(self) -> WorkloadState:
        """What the daemon remembers of cart."""
        assert self.daemon is not None
        return self.daemon.stepping.states[CART.workload]

    async def until(self, true: Callable[[], object], within: float = 300.0) -> None:
        """Let virtual time pass until this is so."""
        for _ in range(int(within)):
            if true():
                return
            await asyncio.sleep(1.0)
        raise AssertionError(f"not within {within:.0f} s; {self.state}")

    async def passes(self, tag: str) -> None:
        """A release that turns out to be good."""
        self.release(tag)
        await self.until(lambda: self.image == CART.image(tag))
        await self.until(self._passed)

    def _passed(self) -> bool:
        watch = self.state.watch
        return watch is not None and watch.verdict == "pass"

    async def ends(self) -> str:
        """How the watch ends that is open, or comes next."""
        await self.until(lambda: self.state.watch is not None and self.state.watch.outcome is not None)
        assert self.state.watch is not None
        return str(self.state.watch.outcome)

    def note(self, change: Change) -> None:
        """Keep what the spec of cart asks for."""
        if change.kind is by_name("Deployment") and change.object["metadata"]["name"] == "cart":
            image = change.object["spec"]["template"]["spec"]["containers"][0]["image"]
            if not self.images or self.images[-1] != image:
                self.images.append(image)


@asynccontextmanager
async def staged(directory: Path) -> AsyncIterator[Stage]:
    """Cart runs as the first commit says, and the daemon follows it."""
    async with AsyncExitStack() as stack:
        stack.enter_context(capture_logs())
        stack.enter_context(pytest.MonkeyPatch.context()).setattr(Git, "run", at_once)
        await stack.enter_async_context(asyncio.timeout(1800.0))
        clock = LoopClock()
        settings = SandboxSettings(namespaces=(NAMESPACE, OWN_NAMESPACE, FLUX))
        cluster = await stack.enter_async_context(SandboxCluster(settings))
        repository = Repository.create(directory / "shop" / "config.git", "")
        forge = await stack.enter_async_context(ForgeServer.serve(repository, "shop/config"))
        shop = ShopServer(lambda: shop_pods(cluster), rates(), lambda: cluster.clock.now().timestamp())
        await shop.start()
        stack.push_async_callback(shop.stop)
        metrics = metrics_server(shop.discovery, directory, None, clock.now)
        await metrics.start()
        stack.push_async_callback(metrics.stop)
        stage = Stage(cluster, repository, forge, directory)
        cluster.store.listen(stage.note)
        stage.commit(CART.tag)
        await stage.set_up_flux()
        await cluster.until(lambda: cluster.get("Deployment", NAMESPACE, "cart"))
        prepared = await stack.enter_async_context(process(_settings(stage, metrics.url), clock))
        stop = asyncio.Event()
        running = asyncio.create_task(prepared.run(stop))
        try:
            stage.daemon = await prepared.at_work()
            await stage.until(lambda: CART.workload in stage.daemon.stepping.states if stage.daemon else False)
            yield stage
        finally:
            stop.set()
            await asyncio.wait([running])


def _settings(stage: Stage, source: str) -> Settings:
    token = stage.directory / "forge-token"
    token.write_text(stage.forge.token)
    forge = {"kind": "gitea", "api": stage.forge.api, "tokenFile": str(token)}
    limit = {"max": 100, "window": "1h"}
    thresholds = {
        "version": 1,
        "mode": "act",
        "sources": {"main": {"url": source, "interval": "1s"}},
        "checks": {"errors": {"total": "http_requests_total", "bad": {"code": "5.."}, "max": "1%", "increase": "2x"}},
        "services": [
            {
                "match": {"namespace": NAMESPACE},
                "checks": {"errors": {}},
                "bake": {"for": "12s", "max": "10m"},
                "judge": {"warmUp": "0s"},
            }
        ],
        "rungs": {"bridge": "act"},
        "gitops": {"repositories": [{"url": "file:///*", "forge": forge}]},
        "breaker": {**limit, "namespaces": limit},
    }
    path = stage.directory / "thresholds.yaml"
    path.write_text(json.dumps(thresholds))
    return Settings(
        config=path,
        store=stage.directory / "watcher.db",
        git_cache=stage.directory / "git-cache",
        host="127.0.0.1",
        port=0,
        kubeconfig=stage.cluster.kubeconfig_path,
        namespace=OWN_NAMESPACE,
        query_rate=1000,
        preflight=False,
    )
