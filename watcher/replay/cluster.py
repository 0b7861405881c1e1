"""The ports `Cluster` and `Actuator` over a recording: what is shown is recorded, and every action is accepted."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

from watcher.core.deciding.holding import Hold
from watcher.core.model import Pod, Result, RungReport, Workload, WorkloadView
from watcher.core.orders import AbortOrder, RungOrder, UndoOrder, rung_of
from watcher.core.releases import mark
from watcher.core.state import KnownGood, WorkloadState
from watcher.core.words import Provenance
from watcher.ports import Clock
from watcher.replay.spec import WorkloadSpec
from watcher.replay.ways_back import stand_ins
from watcher.replay.workload import RecordedWorkload

Scrape = Callable[[str, list[str]], None]
"""Scrapes pods (namespace, names) from now on: they are up and count nothing."""


class RecordedCluster:
    """Shows the recorded workloads as they are at the virtual time.

    Pods that stand in after a way back are handed to `scrape`: nobody recorded their requests, so a recovery that is
    proven by requests stays unconfirmed.
    """

    def __init__(self, specs: Iterable[WorkloadSpec], clock: Clock, scrape: Scrape) -> None:
        self._clock, self._scrape = clock, scrape
        self.recorded = {spec.workload: RecordedWorkload(spec, clock.now()) for spec in specs}
        self._followed: dict[Workload, float] = {}
        self._looked = clock.now()
        self._touched: set[Workload] = set()
        self._changes = sorted((at, name) for name, each in self.recorded.items() for at in each.changes)

    def workloads(self) -> Iterable[WorkloadView]:
        """As Cluster says."""
        return [view for name in self.recorded if (view := self.view(name)) is not None]

    def view(self, workload: Workload) -> WorkloadView | None:
        """As Cluster says."""
        recorded = self.recorded.get(workload)
        return None if recorded is None else recorded.view(self._clock.now(), self._followed.get(workload))

    def knows(self, workload: Workload) -> bool:
        """As Cluster says: the recording is all there is."""
        return workload in self.recorded

    def age(self) -> float:
        """As Cluster says: always fresh."""
        return 0.0

    def age_of(self, workload: Workload) -> float:
        """As Cluster says: always fresh."""
        return 0.0 if self.knows(workload) else float("inf")

    def holds(self) -> tuple[Hold, ...]:
        """As Cluster says: those of the recording show in the views."""
        return ()

    def rehearses(self, namespace: str) -> bool:  # noqa: ARG002
        """As Cluster says: a recording is of the real thing."""
        return False

    def problems(self) -> tuple[str, ...]:
        """As Cluster says: none."""
        return ()

    def clock_offset(self) -> float | None:
        """As Cluster says: a recording has no clock."""
        return None

    async def pending(self) -> tuple[tuple[Workload, Pod], ...]:
        """As Cluster says: recordings tell of one workload."""
        return ()

    async def follow(self, workloads: frozenset[Workload]) -> None:
        """As Cluster says."""
        now = self._clock.now()
        self._followed = {name: self._followed.get(name, now) for name in workloads}

    async def changed(self) -> frozenset[Workload]:
        """As Cluster says, without waiting."""
        now, found = self._clock.now(), self._touched
        low, high = (bisect_right(self._changes, at, key=_time) for at in (self._looked, now))
        self._looked, self._touched = now, set()
        return frozenset(found | {name for _, name in self._changes[low:high]})

    async def configurations(self, namespace: str, names: Iterable[str]) -> Mapping[str, str]:  # noqa: ARG002
        """As Cluster says: recordings hold no ConfigMaps."""
        return {}

    async def perform(self, order: RungOrder) -> RungReport:
        """As Actuator says: done at once."""
        now, recorded = self._clock.now(), self.recorded[order.workload]
        revision = ""
        if isinstance(order, UndoOrder):
            revision = order.target_revision
            recorded.undo(revision, order.decision, now)
        elif isinstance(order, AbortOrder):
            revision = recorded.abort(order.decision, now)
        if revision:
            names = stand_ins(order.workload.name, revision, recorded.replicas(now))
            self._scrape(order.workload.namespace, names)
        self._touched.add(order.workload)
        return RungReport(order.decision, rung_of(order), order.tried, Result.APPLIED, now)

    def next_change(self) -> float:
        """When something changes next, Unix seconds; infinite: never."""
        place = bisect_right(self._changes, self._clock.now(), key=_time)
        return self._changes[place][0] if place < len(self._changes) else float("inf")

    def states(self) -> Iterator[WorkloadState]:
        """What a daemon that has run until now knows: no release is under watch, recorded provenance is in the ledger.

        Without any the daemon's own rule decides what is known good.
        """
        for name, recorded in self.recorded.items():
            view = self.view(name)
            newest = view.newest() if view is not None else None
            if view is not None and newest is not None:
                known = tuple(_known_good(recorded.spec, view))
                yield WorkloadState(name, view.uid, mark(newest, newest.created), known)


def _time(change: tuple[float, Workload]) -> float:
    return change[0]


def _known_good(spec: WorkloadSpec, view: WorkloadView) -> Iterator[KnownGood]:
    begun = spec.revisions[: view.current]
    good = {each.revision for each in begun if each.known_good}
    for revision in view.revisions:
        if revision.name in good:
            yield KnownGood(
                template_id=revision.template_id,
                revision=revision.name,
                images=revision.images,
                provenance=Provenance.PASSED,
                since=revision.created,
                last_ran=begun[revision.number].created if revision.number < view.current else None,
            )
