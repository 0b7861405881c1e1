"""Follows the pods through the API server and serves each running pod's metrics, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import ssl
import threading
import time
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.e2e.connections import cut_off
from tests.e2e.traffic.counters import PodTraffic, Version
from tests.e2e.traffic.profile import Profile

Json = dict[str, Any]
RETRY_SECONDS = 0.2
LINE_LIMIT = 4 * 1024 * 1024  # bytes; one watch event is one line


class Traffic:
    """The exporter of the tests. ``start`` returns when it listens and knows the pods.

    ``targets`` is a file as ``file_sd_configs`` reads it, one target for each running pod, written when pods come and
    go; it needs a directory of its own, since Prometheus reads it again when anything beside it changes. A new pod is
    scraped after 1 to 3 s, and after up to 8 s when pods keep changing: Prometheus takes such updates up after pauses
    that grow to 5 s (plus or minus a half), whatever they come from.
    """

    def __init__(self, api_url: str, token: str, ca: Path, port: int, targets: Path) -> None:
        self._api_url = api_url
        self._token = token
        self._tls = ssl.create_default_context(cafile=str(ca))
        self._port = port
        self._file = targets
        self._listed: list[Json] | None = None
        self._pods: dict[tuple[str, str], PodTraffic] = {}
        self._versions: dict[tuple[str, str], Version] = {}
        self._lock = threading.Lock()
        self._known = threading.Event()
        self._stop: asyncio.Event
        self._loop: asyncio.AbstractEventLoop
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="traffic", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until it serves. Raises TimeoutError."""
        self._thread.start()
        if not self._known.wait(30):
            raise TimeoutError("the traffic exporter did not list the pods within 30 s; is the API server up?")

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def version(self, namespace: str, image: str) -> Version:
        """What a version has served up to now."""
        with self._lock:
            self._advance(time.time())
            return self._version(namespace, image)

    def breaks(self, namespace: str, image: str) -> None:
        """From now on a version has the faults that its tag asks for, whatever ``after`` says, or mended it."""
        now = time.time()
        with self._lock:
            self._advance(now)
            version = self._version(namespace, image)
            version.broken_at, version.mended_at = now, math.inf

    def mends(self, namespace: str, image: str) -> None:
        """From now on a version serves without faults."""
        now = time.time()
        with self._lock:
            self._advance(now)
            self._version(namespace, image).mended_at = now

    def _advance(self, now: float) -> None:
        for pod in self._pods.values():
            pod.advance(now)

    def _version(self, namespace: str, image: str) -> Version:
        return self._versions.setdefault((namespace, image), Version(Profile.of_image(image)))

    async def _run(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application()
        application.router.add_get("/metrics/{namespace}/{pod}", self._metrics)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        following = asyncio.create_task(self._follow())
        await self._stop.wait()
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
        await runner.cleanup()

    async def _follow(self) -> None:
        """List and watch all pods for ever; an API server that is away is asked again, the pods go on serving."""
        connector = aiohttp.TCPConnector(ssl=self._tls)
        headers = {"Authorization": f"Bearer {self._token}"}
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        async with aiohttp.ClientSession(
            self._api_url, connector=connector, headers=headers, timeout=timeout, read_bufsize=LINE_LIMIT
        ) as session:
            while True:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    await self._watch(session, await self._list(session))
                await asyncio.sleep(RETRY_SECONDS)

    async def _list(self, session: aiohttp.ClientSession) -> str:
        async with session.get("/api/v1/pods", raise_for_status=True) as answer:
            listed: Json = await answer.json()
        with self._lock:
            for key in self._pods.keys() - {_key(pod) for pod in listed["items"]}:
                self._forget(key)
            for pod in listed["items"]:
                self._see(pod)
            self._write_targets()
        self._known.set()
        version: str = listed["metadata"]["resourceVersion"]
        return version

    async def _watch(self, session: aiohttp.ClientSession, version: str) -> None:
        """Follow changes until the API server ends the watch or says that the version is too old."""
        query = {"watch": "true", "resourceVersion": version, "allowWatchBookmarks": "true"}
        async with session.get("/api/v1/pods", params=query, raise_for_status=True) as answer:
            with cut_off(answer):
                async for line in answer.content:
                    event: Json = json.loads(line)
                    if event["type"] == "ERROR":
                        return
                    if event["type"] != "BOOKMARK":
                        self._changed(event)

    def _changed(self, event: Json) -> None:
        with self._lock:
            if event["type"] == "DELETED":
                self._forget(_key(event["object"]))
            else:
                self._see(event["object"])
            self._write_targets()

    def _forget(self, key: tuple[str, str]) -> None:
        if pod := self._pods.pop(key, None):
            pod.advance(time.time())

    def _see(self, pod: Json) -> None:
        """Take over a pod's state; it gets requests while it is Ready and not being deleted."""
        statuses = pod["status"].get("containerStatuses", [])
        if not statuses:
            return
        now, key, first = time.time(), _key(pod), statuses[0]
        if key not in self._pods:
            version = self._version(pod["metadata"]["namespace"], _image(pod))
            self._pods[key] = PodTraffic(version, first["name"], now, now)
        known = self._pods[key]
        known.advance(now)
        running = first["state"].get("running")
        known.up = running is not None
        known.started_at = datetime.fromisoformat(running["startedAt"]).timestamp() if running else known.started_at
        known.address = pod["status"].get("podIP", "")
        known.serving = _is_ready(pod) and "deletionTimestamp" not in pod["metadata"]

    def _write_targets(self) -> None:
        targets = [self._target(*key, pod) for key, pod in sorted(self._pods.items(), key=itemgetter(0)) if pod.address]
        if targets == self._listed:
            return
        self._listed = targets
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(targets))
        beside.replace(self._file)

    def _target(self, namespace: str, name: str, pod: PodTraffic) -> Json:
        labels = {
            "__metrics_path__": f"/metrics/{namespace}/{name}",
            "instance": f"{pod.address}:8080",
            "namespace": namespace,
            "pod": name,
            "container": pod.container,
        }
        return {"targets": [f"127.0.0.1:{self._port}"], "labels": labels}

    async def _metrics(self, request: web.Request) -> web.Response:
        with self._lock:
            pod = self._pods.get((request.match_info["namespace"], request.match_info["pod"]))
            if pod is None or not pod.up:
                return web.Response(status=503, text="no such container runs")
            pod.advance(time.time())
            return web.Response(text=pod.exposition())


def _image(pod: Json) -> str:
    """The image, with the fault that the environment variable `FAULT` switches on as if its tag asked for it."""
    first = pod["spec"]["containers"][0]
    faults = [each["value"] for each in first.get("env", ()) if each["name"] == "FAULT"]
    return "-".join([first["image"], *faults])


def _key(pod: Json) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _is_ready(pod: Json) -> bool:
    return any(each["type"] == "Ready" and each["status"] == "True" for each in pod["status"].get("conditions", []))
