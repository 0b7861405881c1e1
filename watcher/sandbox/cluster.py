"""The embedded cluster: an API server on loopback with simulated controllers behind it."""

from __future__ import annotations

import asyncio
import random
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import structlog
from aiohttp import web

from watcher.sandbox.clock import Clock, LoopClock
from watcher.sandbox.controllers import all_controllers
from watcher.sandbox.controllers.recorder import EventRecorder
from watcher.sandbox.controllers.runtime import ControllerLoop
from watcher.sandbox.controllers.world import Timings, World
from watcher.sandbox.kubernetes.kinds import NAMESPACE, POD, by_name, by_type
from watcher.sandbox.kubernetes.kubeconfig import write_kubeconfig
from watcher.sandbox.kubernetes.objects import Json, name_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.kubernetes.registry import Registry
from watcher.sandbox.kubernetes.server import ApiServer, ApiSettings
from watcher.sandbox.kubernetes.store import Change, Store
from watcher.sandbox.nodes import add_node

_T = TypeVar("_T")
_HOST = "127.0.0.1"
_MANAGER = "sandbox"
_log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SandboxSettings:
    """How the cluster behaves.

    `api`: token, access rules, bookmarks. kubectl sends no token over plain HTTP, so leave it unset for kubectl.
    `history_limit`: changes that can be watched back before a watch gets 410. `seed`: of generated names and UIDs.
    `kubeconfig`: where to write it; None for a temporary directory that goes with the cluster. `port` 0: a free one.
    `controllers`: without them it is an API server alone, and nothing changes by itself.
    """

    timings: Timings = field(default_factory=Timings)
    api: ApiSettings = field(default_factory=ApiSettings)
    namespaces: Sequence[str] = ("default",)
    nodes: int = 3
    history_limit: int = 10_000
    seed: int | None = None
    port: int = 0
    kubeconfig: Path | None = None
    controllers: bool = True


class SandboxCluster:
    """An async context manager: the cluster runs while it is entered.

    A controller that fails ends the block with its exception, when the block is left.
    """

    def __init__(self, settings: SandboxSettings | None = None, clock: Clock | None = None) -> None:
        self._settings = settings or SandboxSettings()
        self.clock = clock or LoopClock()
        self.store = Store(self._settings.history_limit)
        # Names and UIDs, nothing secret: a seed makes a run repeatable.
        self.registry = Registry(self.store, self.clock, random.Random(self._settings.seed))  # noqa: S311
        self._tasks: list[asyncio.Task[None]] = []
        self._cleanup = AsyncExitStack()
        self.url = ""
        self.kubeconfig_path = Path()

    async def __aenter__(self) -> SandboxCluster:
        """Starts serving, with the namespaces and nodes of the settings."""
        for namespace in self._settings.namespaces:
            self.registry.create(NAMESPACE, "", {"metadata": {"name": namespace}}, Writer(_MANAGER))
        for index in range(self._settings.nodes):
            add_node(self.registry, f"sandbox-node-{index + 1}", self.clock.now())
        if self._settings.controllers:
            self._start_controllers()
        await self._start_server()
        self._write_kubeconfig()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ends watches, controllers and the server. Raises what a controller failed with."""
        await self._cleanup.aclose()
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        failures = [result for result in results if isinstance(result, Exception)]
        if failures and error is None:
            raise failures[0]

    def get(self, kind: str, namespace: str, name: str) -> Json | None:
        """The object of that kind ("Deployment"), None when absent. Not to be changed. Raises KeyError."""
        return self.store.get(by_name(kind), namespace, name)

    def objects(self, kind: str, namespace: str = "") -> list[Json]:
        """All objects of that kind, in one namespace or in all. Not to be changed. Raises KeyError."""
        return self.store.objects(by_name(kind), namespace)

    def pods(self, namespace: str = "") -> list[Json]:
        """All pods, in one namespace or in all. Not to be changed."""
        return self.store.objects(POD, namespace)

    async def apply(self, obj: Json) -> Json:
        """Creates the object, or merges it into the one that is there (lists are replaced).

        Answers the stored state. Raises KeyError for a kind that is not served, ApiError as the API would.
        """
        kind = by_type(str(obj["apiVersion"]), str(obj["kind"]))
        if kind is None:
            raise KeyError(f"the sandbox does not serve {obj['apiVersion']} {obj['kind']}")
        namespace = str(obj["metadata"].get("namespace", "default")) if kind.namespaced else ""
        if self.store.get(kind, namespace, name_of(obj)) is None:
            return self.registry.create(kind, namespace, obj, Writer(_MANAGER))
        return self.registry.modify(
            kind, namespace, name_of(obj), lambda live: dict(merge_patch(live, obj)), Writer(_MANAGER)
        )

    async def delete(self, kind: str, namespace: str, name: str) -> None:
        """Deletes the object. Raises KeyError for an unknown kind, ApiError 404 when it is absent."""
        self.registry.delete(by_name(kind), namespace, name)

    async def until(self, found: Callable[[], _T | None], seconds: float = 30.0) -> _T:
        """Waits for changes until `found` answers something true, and answers that. Raises TimeoutError."""
        changed = asyncio.Event()

        def wake(_change: Change) -> None:
            changed.set()

        self.store.listen(wake)
        try:
            async with asyncio.timeout(seconds):
                while not (answer := found()):
                    changed.clear()
                    await changed.wait()
                return answer
        finally:
            self.store.forget(wake)

    def _start_controllers(self) -> None:
        world = World(self.registry, self.clock, self._settings.timings, EventRecorder(self.registry, self.clock))
        for controller in all_controllers(world):
            loop = ControllerLoop(controller, self.store)
            task = asyncio.create_task(loop.run(), name=f"sandbox-{controller.name}")
            task.add_done_callback(_tell_failure)
            self._tasks.append(task)

    async def _start_server(self) -> None:
        api = ApiServer(self.registry, self.clock, self._settings.api)
        runner = web.AppRunner(api.application(), handler_cancellation=True, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._cleanup.push_async_callback(runner.cleanup)
        self._cleanup.callback(api.closing.set)
        await web.TCPSite(runner, _HOST, self._settings.port).start()
        self.url = f"http://{_HOST}:{runner.addresses[0][1]}"

    def _write_kubeconfig(self) -> None:
        path = self._settings.kubeconfig
        if path is None:
            directory = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="watcher-sandbox-"))
            path = Path(directory) / "kubeconfig"
        write_kubeconfig(path, self.url, self._settings.api.token, self._settings.namespaces[0])
        self.kubeconfig_path = path


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        _log.error("sandbox.controller_failed", controller=task.get_name(), exc_info=task.exception())
