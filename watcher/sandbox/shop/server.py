"""Serves what a scrape of each pod of the shop would show, and the list of them, on a free loopback port."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping

from aiohttp import web

from watcher.core.model import Workload
from watcher.sandbox.shop.exposition import CONTENT_TYPE, Scrape
from watcher.sandbox.shop.faults import fault_of
from watcher.sandbox.shop.pods import Pods, ShopPod
from watcher.sandbox.shop.traffic import Traffic

LOOPBACK = "127.0.0.1"


class ShopServer:
    """`/metrics/NAMESPACE/POD` for every pod whose container runs, `/sd` for Prometheus' HTTP service discovery.

    `rates` are requests per second by workload, `now` tells the time in Unix seconds.
    """

    def __init__(self, pods: Pods, rates: Mapping[Workload, float], now: Callable[[], float]) -> None:
        self._pods = pods
        self._now = now
        self._traffic = Traffic(rates)
        self._port = 0
        self._running = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """Where it listens; known once it was started."""
        return f"http://{LOOPBACK}:{self._port}"

    @property
    def discovery(self) -> str:
        """URL of the list of targets."""
        return f"{self.url}/sd"

    @property
    def first_bad(self) -> Mapping[tuple[Workload, str], float]:
        """When the first request was harmed by the fault of an image, Unix seconds, by (workload, image)."""
        return self._traffic.first_bad

    async def start(self) -> None:
        """Listen on a free port."""
        runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._running.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, LOOPBACK, 0).start()
        self._port = runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        await self._running.aclose()

    def application(self) -> web.Application:
        """The web application."""
        application = web.Application()
        application.router.add_get("/metrics/{namespace}/{pod}", self._metrics)
        application.router.add_get("/sd", self._targets)
        return application

    def look(self) -> list[ShopPod]:
        """Let the pods serve until now; those whose container runs."""
        pods, now = list(self._pods()), self._now()
        self._traffic.advance(pods, now)
        return [pod for pod in pods if pod.started is not None and pod.started <= now]

    async def _metrics(self, request: web.Request) -> web.Response:
        namespace, name = request.match_info["namespace"], request.match_info["pod"]
        pod = next((pod for pod in self.look() if (pod.namespace, pod.name) == (namespace, name)), None)
        if pod is None or pod.started is None:
            raise web.HTTPNotFound(text=f"no container of pod {namespace}/{name} is running\n")
        scrape = Scrape(pod.started, self._traffic.served(pod), fault_of(pod.image).profile)
        return web.Response(body=scrape.text(), headers={"Content-Type": CONTENT_TYPE})

    async def _targets(self, _: web.Request) -> web.Response:
        return web.json_response([self._target(pod) for pod in self.look()])

    def _target(self, pod: ShopPod) -> dict[str, object]:
        labels = {
            "__metrics_path__": f"/metrics/{pod.namespace}/{pod.name}",
            "namespace": pod.namespace,
            "pod": pod.name,
            "container": pod.container,
        }
        return {"targets": [self.url.removeprefix("http://")], "labels": labels}
