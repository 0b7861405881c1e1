"""What the daemon of the image finds outside: the sandbox's cluster, its shop, and a source of metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from importlib.resources import files
from pathlib import Path

from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.demo.stage import PLACEHOLDER, shop_pods
from watcher.sandbox.metrics.embedded import EmbeddedPrometheus
from watcher.sandbox.shop.server import ShopServer
from watcher.sandbox.shop.services import NAMESPACE, manifests, rates


@contextmanager
def outside(config: Path) -> Iterator[None]:
    """It runs in a thread of its own; its addresses are in `config`, as thresholds file and kubeconfig."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    def wait(work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, loop).result(60)  # type: ignore[arg-type]

    wait(_begin(stack, config))
    try:
        yield
    finally:
        wait(stack.aclose())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _begin(stack: AsyncExitStack, config: Path) -> None:
    kubeconfig = config / "kubeconfig"
    settings = SandboxSettings(namespaces=("default", NAMESPACE, "watcher"), kubeconfig=kubeconfig)
    cluster = await stack.enter_async_context(SandboxCluster(settings))
    kubeconfig.chmod(0o644)
    shop = ShopServer(lambda: shop_pods(cluster), rates(), lambda: cluster.clock.now().timestamp())
    await shop.start()
    stack.push_async_callback(shop.stop)
    metrics = EmbeddedPrometheus(shop.discovery)
    await metrics.start()
    stack.push_async_callback(metrics.stop)
    text = files("watcher.sandbox.demo").joinpath("thresholds.yaml").read_text()
    (config / "thresholds.yaml").write_text(text.replace(PLACEHOLDER, metrics.url))
    for manifest in manifests():
        if manifest["kind"] != "Namespace":
            await cluster.apply(manifest)
