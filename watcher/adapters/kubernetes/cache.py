"""What the reflectors have seen, indexed so that one workload's view is built from few look-ups."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from watcher.adapters.kubernetes.canaries import SlimCanary
from watcher.adapters.kubernetes.keepers import Keepers
from watcher.adapters.kubernetes.slim import SlimHold, SlimPod, SlimRevision, SlimWorkload
from watcher.adapters.kubernetes.views import Parts, build
from watcher.core.deciding.holding import Hold
from watcher.core.model import Canary, Pod, Workload, WorkloadView
from watcher.core.words import Kind
from watcher.ports import Clock

Item = TypeVar("Item")
Owner = TypeVar("Owner")

REMEMBER_SECONDS = 7200.0  # how long deleted pods, and whose they were, are kept


class Cache:
    """All workloads with their revisions, holds, and the pods of those that are followed."""

    def __init__(self, clock: Clock, control_plane: str = "argocd") -> None:
        self._clock = clock
        self.keepers = Keepers(self._keeper_changed, control_plane)
        self._workloads: dict[Workload, SlimWorkload] = {}
        self._names: dict[str, Workload] = {}  # by uid
        self._revisions: dict[str, dict[str, SlimRevision]] = defaultdict(dict)  # by owner's uid, by uid
        self._pods: dict[str, dict[str, SlimPod]] = defaultdict(dict)  # by owner's uid, by uid
        self._former: dict[str, dict[str, float]] = defaultdict(dict)  # ReplicaSets that went: owner's uid, uid: when
        self._namespaces: dict[str, Hold | None] = {}
        self._rehearsing: set[str] = set()
        self._hold: Hold | None = None
        self._canaries: dict[Workload, dict[str, Canary]] = defaultdict(dict)  # by the workload they govern, by name
        self._scaled_up: dict[str, float] = {}
        self._templates_of: dict[Workload, set[Workload]] = defaultdict(set)  # Deployment: Rollouts that refer to it
        self._views: dict[Workload, WorkloadView] = {}
        self._ends: dict[Workload, float] = {}  # when a view has to be built anew, because a hold ends
        self._followed: dict[str, set[Workload]] = defaultdict(set)  # by namespace
        self._changed: set[Workload] = set()
        self._news = asyncio.Event()

    def workloads(self) -> Iterator[WorkloadView]:
        """Views of all workloads."""
        for name in list(self._workloads):
            view = self.view(name)
            if view is not None:
                yield view

    def view(self, name: Workload) -> WorkloadView | None:
        """The view of one workload; None when there is no such, or it is only a part of another."""
        found = self._workloads.get(name)
        if found is None or found.shadow or self._templates_of.get(name):
            return None
        if name not in self._views or self._clock.now() >= self._ends.get(name, math.inf):
            self._views[name] = build(self._parts(found))
        return self._views[name]

    def holds(self) -> tuple[Hold, ...]:
        """All that are in force, on everything first, then on namespaces."""
        every = (self._hold, *self._namespaces.values(), *(each.hold for each in self._workloads.values()))
        return tuple(hold for hold in every if hold is not None and hold.in_force(self._clock.now()))

    def rehearses(self, namespace: str) -> bool:
        """Whether this namespace is there for rehearsals only."""
        return namespace in self._rehearsing

    def follow(self, workloads: frozenset[Workload]) -> None:
        """Show the pods of just these."""
        for name in workloads.symmetric_difference(set().union(*self._followed.values())):
            self._views.pop(name, None)
        self._followed = defaultdict(set)
        for name in workloads:
            self._followed[name.namespace].add(name)

    async def changed(self) -> frozenset[Workload]:
        """Wait for a change; what changed since the last call."""
        await self._news.wait()
        self._news.clear()
        changed, self._changed = frozenset(self._changed), set()
        return changed

    def put_workload(self, item: SlimWorkload) -> None:
        """A workload is new or changed."""
        before = self._workloads.get(item.workload)
        if before is not None and before.uid == item.uid and item.desired > before.desired:
            self._scaled_up[item.uid] = self._clock.now()
        self._refer(before, item)
        self.keepers.refer(before, item)
        self._workloads[item.workload] = item
        self._names[item.uid] = item.workload
        self._touch(item.workload)

    def drop_workload(self, item: SlimWorkload) -> None:
        """A workload is gone."""
        self._names.pop(item.uid, None)
        self._scaled_up.pop(item.uid, None)
        if (now := self._workloads.get(item.workload)) is not None and now.uid == item.uid:
            del self._workloads[item.workload]
            self._ends.pop(item.workload, None)
            self._refer(item, None)
            self.keepers.refer(item, None)
        self._touch(item.workload)

    def put_revision(self, item: SlimRevision) -> None:
        """A ReplicaSet or ControllerRevision is new or changed."""
        self._revisions[item.owner][item.uid] = item
        self._touch_uid(item.owner)

    def drop_revision(self, item: SlimRevision) -> None:
        """A ReplicaSet or ControllerRevision is gone; its pods are remembered for a while."""
        _forget(self._revisions, item.owner, item.uid)
        if self._pods.get(item.uid):
            self._former[item.owner][item.uid] = self._clock.now()
        self._touch_uid(item.owner)

    def put_pod(self, item: SlimPod) -> None:
        """A pod is new or changed; the container starts that were seen before stay."""
        before = self._pods[item.owner].get(item.pod.uid)
        if before is not None:
            started = tuple(sorted({*before.pod.started, *item.pod.started}))
            item = replace(item, pod=replace(item.pod, started=started))
        self._pods[item.owner][item.pod.uid] = item
        self._touch_pod(item)

    def drop_pod(self, item: SlimPod) -> None:
        """A pod is gone; it stays for a while, marked as deleted."""
        known = self._pods[item.owner].get(item.pod.uid, item)
        self._pods[item.owner][item.pod.uid] = replace(known, pod=replace(known.pod, deleted=self._clock.now()))
        self._touch_pod(item)

    def forget_pods(self, namespaces: Iterable[str] | None = None) -> None:
        """Forget the pods of these namespaces, and everywhere those that were deleted long ago."""
        gone, before = set(namespaces or ()), self._clock.now() - REMEMBER_SECONDS
        for owner, pods in list(self._pods.items()):
            for uid, item in list(pods.items()):
                if item.namespace in gone or (item.pod.deleted is not None and item.pod.deleted < before):
                    _forget(self._pods, owner, uid)
                    for name in self._followed.get(item.namespace, ()):
                        self._views.pop(name, None)
        for owner, former in list(self._former.items()):
            for uid, when in list(former.items()):
                if when < before or uid not in self._pods:
                    _forget(self._former, owner, uid)

    def put_namespace(self, item: SlimHold) -> None:
        """A namespace appeared, or its hold or label changed."""
        (self._rehearsing.add if item.rehearses else self._rehearsing.discard)(item.name)
        if self._namespaces.get(item.name) != item.hold:
            self._namespaces[item.name] = item.hold
            self._touch_all(item.name)

    def drop_namespace(self, item: SlimHold) -> None:
        """A namespace is gone."""
        self._rehearsing.discard(item.name)
        self._namespaces.pop(item.name, None)

    def put_hold(self, item: SlimHold) -> None:
        """The ConfigMap that holds everything is there."""
        self._hold = item.hold
        self._touch_all()

    def drop_hold(self, item: SlimHold) -> None:  # noqa: ARG002 - a sink is told what went
        """The ConfigMap that holds everything is gone."""
        self._hold = None
        self._touch_all()

    def owned(self, pods: Iterable[SlimPod]) -> Iterator[tuple[Workload, Pod]]:
        """These pods with their workloads; without those of none."""
        owners = {uid: owner for owner, revisions in self._revisions.items() for uid in revisions}
        for item in pods:
            name = self._names.get(owners.get(item.owner, item.owner))
            if name is not None:
                yield name, item.pod

    def put_canary(self, item: SlimCanary) -> None:
        """A Canary of Flagger is new or changed."""
        for name, governing in list(self._canaries.items()):
            if name.namespace == item.workload.namespace and name != item.workload and item.canary.name in governing:
                self.drop_canary(SlimCanary(name, item.canary))
        if self._canaries[item.workload].get(item.canary.name) != item.canary:
            self._canaries[item.workload][item.canary.name] = item.canary
            self._touch(item.workload)

    def drop_canary(self, item: SlimCanary) -> None:
        """A Canary of Flagger is gone, or governs something else."""
        _forget(self._canaries, item.workload, item.canary.name)
        self._touch(item.workload)

    def _parts(self, found: SlimWorkload) -> Parts:
        name = found.workload
        revisions = tuple(self._revisions.get(found.uid, {}).values())
        pods: tuple[SlimPod, ...] = ()
        if name in self._followed.get(name.namespace, ()):
            owners = [found.uid, *(each.uid for each in revisions), *self._former.get(found.uid, ())]
            pods = tuple(pod for owner in owners for pod in self._pods.get(owner, {}).values())
        source = self._workloads.get(_source(found)) if found.template_in else None
        manager, application = self.keepers.of(found, source)
        return Parts(
            workload=found,
            revisions=revisions,
            pods=pods,
            template_source=source,
            hold=self._held(found),
            scaled_up=self._scaled_up.get(found.uid),
            manager=manager,
            application=application,
            canary=next(iter(self._canaries[name].values()), None) if name in self._canaries else None,
        )

    def _held(self, found: SlimWorkload) -> str:
        """Why the workload is held now; the view is good until the first of its holds ends."""
        name, now = found.workload, self._clock.now()
        holds = [each for each in (found.hold, self._namespaces.get(name.namespace), self._hold) if each is not None]
        ends = [each.until for each in holds if each.until is not None and each.in_force(now)]
        self._ends[name] = min(ends, default=math.inf)
        return next((each.text for each in holds if each.in_force(now)), "")

    def _refer(self, before: SlimWorkload | None, now: SlimWorkload | None) -> None:
        """Keep in mind which Deployments are only the template of a Rollout."""
        for item, add in ((before, False), (now, True)):
            if item is not None and item.template_in:
                users = self._templates_of[_source(item)]
                (users.add if add else users.discard)(item.workload)
                self._touch(_source(item))

    def _touch(self, name: Workload, *, news: bool = True) -> None:
        for each in {name, *self._templates_of.get(name, ())}:
            self._views.pop(each, None)
            if news:
                self._changed.add(each)
                self._news.set()

    def _keeper_changed(self, name: Workload, *, news: bool) -> None:
        if name in self._workloads:
            self._touch(name, news=news)

    def _touch_uid(self, uid: str) -> None:
        if uid in self._names:
            self._touch(self._names[uid])

    def _touch_pod(self, item: SlimPod) -> None:
        for name in self._followed.get(item.namespace, ()):
            if self._owns(name, item.owner):
                self._touch(name)

    def _owns(self, name: Workload, uid: str) -> bool:
        found = self._workloads.get(name)
        if found is None:
            return False
        return uid == found.uid or uid in self._revisions.get(found.uid, ()) or uid in self._former.get(found.uid, ())

    def _touch_all(self, namespace: str = "") -> None:
        for name in self._workloads:
            if namespace in ("", name.namespace):
                self._touch(name)


def _source(item: SlimWorkload) -> Workload:
    return Workload(Kind.DEPLOYMENT, item.workload.namespace, item.template_in)


def _forget(index: dict[Owner, dict[str, Item]], owner: Owner, uid: str) -> None:
    inner = index.get(owner)
    if inner is not None:
        inner.pop(uid, None)
        if not inner:
            del index[owner]
