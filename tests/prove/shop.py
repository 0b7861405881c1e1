"""A cluster in virtual time, with traffic on it: the sandbox's store, server and controllers, and no socket.

It outlives the processes that watch it.  Everything that they write is kept with what it met (`written`), and what
people and faults do is kept as stretches of time (`truth`), so that the invariants can be asked of what really was.
"""

from __future__ import annotations

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.daemon.outside import BLOCK, DAY, START, TICK
from tests.prove.wire import Network, Sent
from watcher.adapters.store.memory import MemoryStore
from watcher.core.model import Block, PodCount, Workload
from watcher.core.words import Kind
from watcher.sandbox.controllers import all_controllers
from watcher.sandbox.controllers.recorder import EventRecorder
from watcher.sandbox.controllers.runtime import ControllerLoop
from watcher.sandbox.controllers.world import Timings, World, is_ready
from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import CONFIG_MAP, NAMESPACE, POD, by_name
from watcher.sandbox.kubernetes.objects import Json, labels_of, name_of
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.patches import merge_patch
from watcher.sandbox.kubernetes.registry import Registry
from watcher.sandbox.kubernetes.server import ApiServer, ApiSettings
from watcher.sandbox.kubernetes.store import Change, Store
from watcher.sandbox.nodes import add_node

SHOP = "shop"
OWN = "watcher"
REQUESTS = 600.0
TIMINGS = Timings(pod_start=1.0, pod_ready=2.0, pod_stop=1.0)
NEEDED = ("deployment", "replica", "stateful", "daemon", "rollout", "kubelet", "garbage")
HASHES = ("rollouts-pod-template-hash", "pod-template-hash", "controller-revision-hash")
PEOPLE = Writer("kubectl")


class Clock:
    """Unix seconds that go with the loop, for processes; the same as a datetime for the sandbox."""

    def seconds(self) -> float:
        return START - DAY + asyncio.get_running_loop().time()

    def now(self) -> float:
        return self.seconds()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SandboxClock:
    """The same clock as the sandbox asks for it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.seconds(), UTC)


@dataclass
class Stretch:
    """Something that was so from `since` until `until`, Unix seconds."""

    what: str
    since: float
    until: float = math.inf


@dataclass
class Shop:
    """Everything outside the processes."""

    seed: int
    clock: Clock = field(default_factory=Clock)
    log: MemoryStore = field(default_factory=MemoryStore)
    written: list[Sent] = field(default_factory=list)
    truth: list[Stretch] = field(default_factory=list)
    errors: dict[str, float] = field(default_factory=dict)  # tag: share of requests that fail
    blocks: dict[Workload, list[Block]] = field(default_factory=dict)
    workloads: list[Workload] = field(default_factory=list)
    blind: str = ""
    numbers: str = "good"  # or nan, stale, partial
    revisions: dict[tuple[str, str], str] = field(default_factory=dict)  # (uid, revision number): tag
    tags: dict[str, list[tuple[float, str]]] = field(default_factory=dict)  # uid: tag that the spec asked for, since
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    mode: str = "act"
    barred: set[str] = field(default_factory=set)  # tags of releases that must not be undone
    approved: dict[str, float] = field(default_factory=dict)  # decision: when somebody approved it first
    durable: dict[str, float] = field(default_factory=dict)  # decision: when its intent to act became durable
    leases: list[tuple[float, str]] = field(default_factory=list)  # who held the Lease since when
    ran: Counter[tuple[Workload, str]] = field(default_factory=Counter)  # seconds for which a tag was all there was

    def __post_init__(self) -> None:
        clock = SandboxClock(self.clock)
        self.store = Store(20_000)
        self.registry = Registry(self.store, clock, random.Random(self.seed))  # noqa: S311 - names
        api = ApiServer(self.registry, clock, ApiSettings())
        self.network = Network(api, self.clock.now, self._landed)
        self.writer = ""
        world = World(self.registry, clock, TIMINGS, EventRecorder(self.registry, clock))
        self._controllers = [each for each in all_controllers(world) if each.name.lower().startswith(NEEDED)]

    async def open(self) -> None:
        """The cluster with its controllers."""
        self.store.listen(self._noted)
        for namespace in ("default", SHOP, OWN):
            self.registry.create(NAMESPACE, "", {"metadata": {"name": namespace}}, PEOPLE)
        for index in range(2):
            add_node(self.registry, f"node-{index}", datetime.fromtimestamp(self.clock.seconds(), UTC))
        for controller in self._controllers:
            work = ControllerLoop(controller, self.store).run()
            self.tasks.append(asyncio.get_running_loop().create_task(work))

    def close(self) -> None:
        for task in self.tasks:
            task.cancel()

    def serve(self) -> None:
        """From now on there is traffic, and it is counted; what is there already has run for a day."""
        self.ran.update({(workload, self.tag(workload)): int(DAY) for workload in self.workloads})
        self.tasks.append(asyncio.get_running_loop().create_task(self._live()))

    def deploy(self, name: str = "cart", kind: Kind = Kind.DEPLOYMENT, tag: str = "v1", replicas: int = 3) -> Workload:
        workload = Workload(kind, SHOP, name)
        self.registry.create(by_name(kind), SHOP, manifest(workload, tag, replicas), PEOPLE)
        if workload not in self.workloads:
            self.workloads.append(workload)
        return workload

    def release(self, workload: Workload, tag: str, share: float = 0.0, **annotations: str) -> None:
        """Somebody applies this image; `share` of its requests fail."""
        self.errors[f"{workload.name}:{tag}"] = share
        template: Json = {"spec": {"containers": [{"name": "app", "image": f"{workload.name}:{tag}"}]}}
        if annotations:
            template["metadata"] = {"annotations": annotations}
        self.change(workload, {"spec": {"template": template}})

    def change(self, workload: Workload, patch: Json, subresource: str = "") -> None:
        """Somebody merges this into the object; nothing where it is gone."""
        writer = Writer("kubectl", subresource)
        try:
            self.registry.modify(
                by_name(workload.kind), SHOP, workload.name, lambda live: dict(merge_patch(live, patch)), writer
            )
        except errors.ApiError:
            return

    def delete(self, workload: Workload) -> None:
        try:
            self.registry.delete(by_name(workload.kind), SHOP, workload.name)
        except errors.ApiError:
            return

    def hold(self, workload: Workload, reason: str) -> None:
        """Place a hold by annotation, or lift it."""
        self.note(f"hold {workload}", on=bool(reason))
        self.change(workload, {"metadata": {"annotations": {"watcher.dev/hold": reason or None}}})

    def hold_everything(self, *, on: bool) -> None:
        """The ConfigMap that holds everything."""
        self.note("hold all", on=on)
        there = self.store.get(CONFIG_MAP, OWN, "watcher-hold")
        if on and there is None:
            body = {"metadata": {"name": "watcher-hold"}, "data": {"reason": "audit"}}
            self.registry.create(CONFIG_MAP, OWN, body, PEOPLE)
        elif not on and there is not None:
            self.registry.delete(CONFIG_MAP, OWN, "watcher-hold")

    def note(self, what: str, *, on: bool) -> None:
        """Something begins, or ends."""
        now = self.clock.now()
        open_ = [each for each in self.truth if each.what == what and each.until == math.inf]
        if on and not open_:
            self.truth.append(Stretch(what, now))
        if not on:
            for each in open_:
                each.until = now

    def was(self, what: str, at: float, for_seconds: float = 0.0) -> bool:
        """Whether it was so at this time, and had been for so long."""
        return any(each.what == what and each.since <= at - for_seconds and at < each.until for each in self.truth)

    def hold_namespace(self, reason: str) -> None:
        """Place a hold by annotation on the namespace, or lift it."""
        self.note("hold", on=bool(reason))
        change = {"metadata": {"annotations": {"watcher.dev/hold": reason or None}}}
        self.registry.modify(NAMESPACE, "", SHOP, lambda live: dict(merge_patch(live, change)), PEOPLE)

    def _landed(self, sent: Sent) -> None:
        """A write has come to the server."""
        if sent.path.endswith("/leases/watcher") or sent.path.endswith("/leases"):
            if not sent.refused and sent.landed is not None:
                self.leases.append((sent.landed, str(sent.body["spec"]["holderIdentity"])))
        elif sent.method in ("PATCH", "DELETE"):
            self.written.append(sent)

    def live(self, workload: Workload) -> Json | None:
        return self.store.get(by_name(workload.kind), SHOP, workload.name)

    def tag(self, workload: Workload) -> str:
        live = self.live(workload)
        return "" if live is None else tag_of(live)

    def settled_on(self, workload: Workload, tag: str) -> bool:
        """Whether all its pods are Ready and of this image."""
        pods = list(self._pods(workload))
        return bool(pods) and all(tag_of_pod(pod) == tag and is_ready(pod) for pod in pods)

    def _pods(self, workload: Workload) -> Iterator[Json]:
        for pod in self.store.objects(POD, SHOP):
            if labels_of(pod).get("app") == workload.name and not pod["metadata"].get("deletionTimestamp"):
                yield pod

    def _noted(self, change: Change) -> None:
        """Which image each revision of each workload has, and which one was asked for when."""
        obj, now = change.object, self.clock.now()
        if change.kind.kind in (*Kind,):
            uid, tag = obj["metadata"]["uid"], tag_of(obj)
            asked = self.tags.setdefault(uid, [])
            if not asked or asked[-1][1] != tag:
                asked.append((now, tag))
        if change.kind.kind == "ReplicaSet":
            marks = obj["metadata"].get("annotations") or {}
            number = next((marks[key] for key in marks if key.endswith("/revision")), "")
            for owner in obj["metadata"].get("ownerReferences") or ():
                if number:
                    self.revisions[owner["uid"], number] = tag_of(obj)
        if change.kind.kind == "ControllerRevision":
            for owner in obj["metadata"].get("ownerReferences") or ():
                self.revisions[owner["uid"], str(obj["revision"])] = tag_of(obj["data"])

    async def _live(self) -> None:
        while True:
            await asyncio.sleep(TICK - self.clock.now() % TICK)
            now = self.clock.now()
            for workload in self.workloads:
                tag = self.tag(workload)
                if tag and self.settled_on(workload, tag):
                    self.ran[workload, tag] += int(TICK)
            if round(now, 3) % BLOCK == 0 and self.numbers != "stale":
                for workload in self.workloads:
                    self.blocks.setdefault(workload, []).append(self._block(workload, now - BLOCK))

    def _block(self, workload: Workload, start: float) -> Block:
        counts = tuple(self._counts(workload, start))
        if self.numbers == "nan":
            return Block("errors", start, BLOCK, (), gap=True)
        if self.numbers == "partial":
            counts = counts[:1]
        return Block("errors", start, BLOCK, counts)

    def _counts(self, workload: Workload, start: float) -> Iterator[PodCount]:
        ready = [pod for pod in self._pods(workload) if is_ready(pod)]
        for pod in ready:
            total = REQUESTS / len(ready)
            bad = total * self.errors.get(f"{workload.name}:{tag_of_pod(pod)}", 0.0)
            since = datetime.fromisoformat(pod["metadata"]["creationTimestamp"]).timestamp()
            yield PodCount(name_of(pod), revision_of(pod), total, bad, max(0.0, start - since))


def tag_of(obj: Mapping[str, Any]) -> str:
    """The image's tag in the pod template."""
    return str(obj["spec"]["template"]["spec"]["containers"][0]["image"]).partition(":")[2]


def tag_of_pod(pod: Json) -> str:
    return str(pod["spec"]["containers"][0]["image"]).partition(":")[2]


def revision_of(pod: Json) -> str:
    labels = labels_of(pod)
    found = next((labels[key] for key in HASHES if key in labels), "")
    owner: Json = next(iter(pod["metadata"].get("ownerReferences") or ()), {})
    return f"{owner['name']}-{found}" if owner.get("kind") == Kind.DAEMON_SET else found


def manifest(workload: Workload, tag: str, replicas: int) -> Json:
    labels = {"app": workload.name}
    spec: Json = {
        "selector": {"matchLabels": labels},
        "template": {
            "metadata": {"labels": labels},
            "spec": {"containers": [{"name": "app", "image": f"{workload.name}:{tag}"}]},
        },
    }
    if workload.kind is not Kind.DAEMON_SET:
        spec["replicas"] = replicas
    if workload.kind is Kind.DEPLOYMENT:
        spec["progressDeadlineSeconds"] = 120
    if workload.kind is Kind.STATEFUL_SET:
        spec["serviceName"] = workload.name
    if workload.kind is Kind.ROLLOUT:
        spec["strategy"] = {"canary": {"steps": [{"setWeight": 50}, {"pause": {}}]}}
    versions = {Kind.ROLLOUT: "argoproj.io/v1alpha1"}
    return {
        "apiVersion": versions.get(workload.kind, "apps/v1"),
        "kind": str(workload.kind),
        "metadata": {"name": workload.name, "namespace": SHOP},
        "spec": spec,
    }
