"""What tests do to a simulated cluster, and how they wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from watcher.sandbox.clock import LoopClock
from watcher.sandbox.kubernetes.kinds import POD, REPLICA_SET, by_name, by_type
from watcher.sandbox.kubernetes.objects import Json, is_terminating, name_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.kubernetes.registry import Registry
from watcher.sandbox.kubernetes.store import Change

NAMESPACE = "shop"


class TestTime:
    """Stands still until the test begins: only then does the loop's time become virtual."""

    __test__ = False

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._running: LoopClock | None = None

    def begin(self) -> None:
        """From now on the clock goes with the loop."""
        self._running = self._running or LoopClock(self._start)
        self._running.now()

    def now(self) -> datetime:
        """The present moment."""
        return self._running.now() if self._running else self._start


class Simulation:
    """The objects of one namespace, and virtual time."""

    def __init__(self, registry: Registry, clock: TestTime) -> None:
        self.registry = registry
        self.clock = clock

    def create(self, obj: Json) -> Json:
        """Creates the object."""
        self.clock.begin()
        kind = by_type(obj["apiVersion"], obj["kind"])
        assert kind is not None
        return self.registry.create(kind, NAMESPACE, obj, Writer("test"))

    def get(self, kind: str, name: str) -> Json:
        """The object as it is now."""
        return self.registry.get(by_name(kind), NAMESPACE, name)

    def patch(self, kind: str, name: str, patch: Json, subresource: str = "") -> Json:
        """Merges the patch into the object, or into its status."""
        writer = Writer("test", subresource)
        return self.registry.modify(by_name(kind), NAMESPACE, name, lambda live: dict(merge_patch(live, patch)), writer)

    def image(self, kind: str, name: str, image: str) -> Json:
        """Gives the workload's one container another image."""
        containers = [{"name": "app", "image": image}]
        return self.patch(kind, name, {"spec": {"template": {"spec": {"containers": containers}}}})

    def delete(self, kind: str, name: str) -> None:
        """Deletes the object."""
        self.registry.delete(by_name(kind), NAMESPACE, name)

    def pods(self, app: str) -> list[Json]:
        """The pods with that label `app`, without those that are ending."""
        found = self.registry.store.objects(POD, NAMESPACE)
        return [pod for pod in found if pod["metadata"]["labels"]["app"] == app and not is_terminating(pod)]

    def images(self, app: str) -> list[str]:
        """The images of these pods."""
        return [str(pod["spec"]["containers"][0]["image"]) for pod in self.pods(app)]

    def sizes(self) -> dict[str, int]:
        """Image -> `spec.replicas`, of the ReplicaSets."""
        return {
            rs["spec"]["template"]["spec"]["containers"][0]["image"]: rs["spec"]["replicas"]
            for rs in self.registry.store.objects(REPLICA_SET, NAMESPACE)
        }

    async def until(self, holds: Callable[[], bool], seconds: float = 600.0) -> float:
        """Waits for changes until `holds`; the virtual seconds that took. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        changed = asyncio.Event()

        def wake(_change: Change) -> None:
            changed.set()

        self.registry.store.listen(wake)
        try:
            async with asyncio.timeout(seconds):
                while not holds():
                    changed.clear()
                    await changed.wait()
        finally:
            self.registry.store.forget(wake)
        return loop.time() - begun

    @contextmanager
    def checking(self, check: Callable[[Change], None]) -> Iterator[None]:
        """Calls `check` at every change; what it raises surfaces where the block ends."""
        failures: list[AssertionError] = []

        def listener(change: Change) -> None:
            try:
                check(change)
            except AssertionError as error:
                failures.append(error)

        self.registry.store.listen(listener)
        yield
        self.registry.store.forget(listener)
        assert not failures, failures[0]


def workload(version: str, kind: str, name: str, image: str, **spec: Any) -> Json:
    """A workload with one container, selected by the label `app`."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {"selector": {"matchLabels": {"app": name}}, "template": template, **spec},
    }


def condition(obj: Json, kind: str) -> Json:
    """The condition of that type, empty when absent."""
    found = [entry for entry in obj["status"].get("conditions", []) if entry["type"] == kind]
    return dict(found[0]) if found else {}


def names(objects: list[Json]) -> list[str]:
    """Their names."""
    return [name_of(obj) for obj in objects]
