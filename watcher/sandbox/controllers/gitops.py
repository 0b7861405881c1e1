"""A simulated GitOps controller: it keeps workloads as a Git repository says, and is asked and answers as Argo CD.

It takes `Application` objects with one source, a directory of plain manifests in a repository that `git` reads by
file://, and destinations in the sandbox.  Kustomize, charts, hooks, waves, sync windows, projects and the deletion of
what an Application has brought are not simulated.  Times are those measured on Argo CD 3.6.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.gitops_operations import Operations, automated, self_healing
from watcher.sandbox.controllers.gitops_sources import Desired, SourceProblem, read
from watcher.sandbox.controllers.gitops_status import OUT_OF_SYNC, SYNCED, compared, not_compared
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.controllers.world import soonest
from watcher.sandbox.kubernetes.kinds import APPLICATION, Kind
from watcher.sandbox.kubernetes.objects import Json, annotations_of, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

REFRESH = "argocd.argoproj.io/refresh"
SKIP_RECONCILE = "argocd.argoproj.io/skip-reconcile"

ANSWER_SECONDS = 0.2
"""From the annotation that asks for a look at Git until the look."""

HEAL_SECONDS = 0.6
"""From a change past Git until it is put back; the operation comes on top of it."""

LONGEST_BACKOFF = 300.0


@dataclass
class Memory:
    """What is kept in mind of one application; after a restart it is found out again."""

    desired: Desired | None = None
    problem: str = ""
    source: object = None  # of the last look
    looked_at: datetime | None = None
    asked_at: datetime | None = None
    drifted_at: datetime | None = None
    healed_at: datetime | None = None
    heals: int = 0

    @property
    def places(self) -> set[tuple[Kind, str, str]]:
        """Where the application's objects are."""
        return {target.place for target in self.desired.targets} if self.desired is not None else set()


class GitOpsController:
    """Compares what Applications say with what is there, and syncs."""

    name = "sandbox-gitops-controller"

    def __init__(self, world: World) -> None:
        self._world = world
        self._operations = Operations(world, self.name)
        self._memories: dict[Key, Memory] = {}

    def concerns(self, change: Change) -> Iterable[Key]:
        """Applications, and objects that they keep."""
        if change.kind is APPLICATION:
            yield namespace_of(change.object), name_of(change.object)
        elif self._memories:
            place = (change.kind, namespace_of(change.object), name_of(change.object))
            yield from [key for key, memory in self._memories.items() if place in memory.places]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """One look at the Application; seconds until the next step, or the next look at Git."""
        application = self._world.find(APPLICATION, namespace, name)
        if application is None or is_terminating(application):
            self._memories.pop((namespace, name), None)
            return None
        if annotations_of(application).get(SKIP_RECONCILE) == "true":
            return None
        memory = self._memories.setdefault((namespace, name), Memory())
        at_work = "operation" in application
        application, working = self._operations.step(application)
        if at_work and "operation" not in application:
            memory.looked_at = None  # what came of it is compared with the newest commit
        asking = self._answer(application, memory)
        application = self._compare(application, memory, answering=asking == 0.0)
        return soonest(working, asking, self._sync_by_itself(application, memory), self._to_resync(memory))

    def _answer(self, application: Json, memory: Memory) -> float | None:
        """Seconds until a refresh that was asked for is answered: 0 now, None where nobody asks."""
        if REFRESH not in annotations_of(application):
            memory.asked_at = None
            return None
        memory.asked_at = memory.asked_at or self._world.now()
        return self._left(memory.asked_at, ANSWER_SECONDS)

    def _compare(self, application: Json, memory: Memory, *, answering: bool) -> Json:
        look = answering or memory.source != application["spec"].get("source") or not self._to_resync(memory)
        if look:
            self._look(application, memory)
        if memory.desired is None or memory.problem:
            status = not_compared(self._world, application, memory.problem)
        else:
            status = compared(self._world, application, memory.desired)
        if look:
            status["reconciledAt"] = self._world.stamp()
        if answering:
            memory.asked_at = None

        def change(live: Json) -> Json:
            compared = {**live, "status": status}
            return _without_refresh(compared) if answering else compared

        return self._world.modify(APPLICATION, application, change, self.name)

    def _look(self, application: Json, memory: Memory) -> None:
        """Read Git; what is known stays known where that fails."""
        source = application["spec"].get("source")
        known = memory.desired if source == memory.source else None
        memory.looked_at, memory.source, memory.problem = self._world.now(), source, ""
        try:
            memory.desired = read(application, known=known)
        except SourceProblem as error:
            memory.desired, memory.problem = known, str(error)

    def _to_resync(self, memory: Memory) -> float:
        """Seconds until Git is looked at again without being asked to; 0: now."""
        return self._left(memory.looked_at, self._world.timings.git_poll) if memory.looked_at else 0.0

    def _sync_by_itself(self, application: Json, memory: Memory) -> float | None:
        """Begins a sync where automation wants one; seconds until a change past Git is put back."""
        status = application["status"]
        if status["sync"]["status"] == SYNCED:
            memory.drifted_at = None
        if "operation" in application or not automated(application) or status["sync"]["status"] != OUT_OF_SYNC:
            return None
        attempted = self._operations.attempted(application)
        if attempted is None:
            memory.heals = 0
            self._operations.begin_full(application)
            return None
        if attempted != "Succeeded" or not self_healing(application):
            return None  # a sync that failed is not tried again
        memory.drifted_at = memory.drifted_at or self._world.now()
        backoff = min(LONGEST_BACKOFF, 2.0 * 3.0**memory.heals) if memory.heals else 0.0
        left = max(self._left(memory.drifted_at, HEAL_SECONDS), self._left(memory.healed_at, backoff))
        if left == 0.0 and self._operations.begin_partial(application, memory.heals + 1):
            memory.heals += 1
            memory.healed_at = self._world.now()
        return left

    def _left(self, since: datetime | None, seconds: float) -> float:
        """Of the seconds since then, those that are still to come."""
        if since is None:
            return 0.0
        left = (since + timedelta(seconds=seconds) - self._world.now()).total_seconds()
        return max(0.0, left) if left > _TICK else 0.0


def _without_refresh(application: Json) -> Json:
    marks = {key: value for key, value in annotations_of(application).items() if key != REFRESH}
    return {**application, "metadata": {**application["metadata"], "annotations": marks}}


_TICK = 1e-4
"""Seconds by which a timer may come early."""
