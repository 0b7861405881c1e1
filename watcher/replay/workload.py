"""One recorded workload as a cluster would show it, with what the replay itself has done to it."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from watcher.adapters.kubernetes import marks
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.model import Manager, Pod, Revision, RolloutStatus, WorkloadView
from watcher.core.words import Kind
from watcher.replay.pods import RecordedPod
from watcher.replay.rollout import Entry, Progress, current, entries_of, finished, stable
from watcher.replay.spec import WorkloadSpec
from watcher.replay.ways_back import Aborted, WayBack

_GROUPS = {Kind.ROLLOUT: "argoproj.io"}


@dataclass(frozen=True, slots=True)
class Scene:
    """A workload at one time: the entry (number from 1) that its spec asks for, its pods, whether it is rolled out."""

    now: float
    number: int
    entry: Entry
    stable: str
    aborted: Aborted | None
    desired: int
    pods: Sequence[Pod]
    done: bool

    def living(self, revision: str) -> list[Pod]:
        """Pods of a revision that were not told to go."""
        return [pod for pod in self.pods if pod.revision == revision and _lives(pod)]


class RecordedWorkload:
    """What the recording says of one workload, at any time (Unix seconds).

    A way back that the replay takes shows at once, and until the next recorded revision.
    """

    def __init__(self, spec: WorkloadSpec, start: float) -> None:
        self.spec, self.workload, self._start = spec, spec.workload, start
        self.uid = str(spec.workload)
        self.entries = entries_of(spec)
        self._pods = [RecordedPod(each) for each in spec.pods]
        self._progress = Progress(spec, self._pods)
        self._aborted: Aborted | None = None
        self._ways_back = 0
        self._seen: tuple[object, WorkloadView | None] = (None, None)
        self._hold, self._manager = _marks(spec)
        self._usual = self._usual_replicas()
        self.changes = sorted({at for at in self._times() if math.isfinite(at)})

    def _times(self) -> list[float]:
        times = [at for pod in self._pods for at in pod.changes]
        for entry in self.entries:
            times += [entry.created, math.inf if entry.rolled_out is None else entry.rolled_out]
        times += [each.at for each in self.spec.replicas] + [each.at for each in self.spec.weights or ()]
        ends = [] if self._hold is None or self._hold.until is None else [self._hold.until]
        return times + self._progress.deadlines + ends

    def _usual_replicas(self) -> int:
        """Where the recording does not say: the pods that stood at the start, else the most of the first revision."""
        standing = _living(self._pods, self._start)
        if standing:
            return standing
        first = [each for each in self._pods if each.spec.revision == self.spec.revisions[0].revision]
        return max((_living(first, each.spec.created) for each in first), default=0)

    def undo(self, revision: str, decision: str, now: float) -> None:
        """Put an earlier template back."""
        image = next((each.image for each in reversed(self.entries) if each.revision == revision), "")
        self.entries.insert(current(self.entries, now), Entry(revision, image, now, now, decision))
        self._ways_back += 1

    def abort(self, decision: str, now: float) -> str:
        """Abort the canary in progress; returns the stable revision, which takes over."""
        self._aborted = Aborted(now, decision, self.entries[current(self.entries, now) - 1].revision)
        self._ways_back += 1
        return stable(self.entries, self._start, now)

    def view(self, now: float, followed: float | None) -> WorkloadView | None:
        """The workload at this time, or None before it was made.

        `followed`: since when its pods are followed; pods that were gone by then are not seen.  None: not at all.
        """
        key = (bisect_right(self.changes, now), followed, self._ways_back)
        if self._seen[0] != key:
            number = current(self.entries, now)
            self._seen = (key, None if number == 0 else self._look(self._scene(number, now), followed))
        return self._seen[1]

    def _scene(self, number: int, now: float) -> Scene:
        entry, aborted = self.entries[number - 1], self._aborted
        if aborted is not None and aborted.at < entry.created:
            aborted = None
        in_place = stable(self.entries, self._start, now)
        desired = self.replicas(now)
        pods = [pod for each in self._pods if (pod := each.at(now)) is not None]
        way_back = WayBack.of(entry, aborted, in_place)
        if way_back is not None:
            pods = way_back.applied(pods, self.workload.name, desired)
        said = finished(self.workload.kind, entry, self._start, now)
        done = _complete(pods, entry.revision, desired) if said is None else said
        return Scene(now, number, entry, in_place, aborted, desired, pods, done)

    def _look(self, scene: Scene, followed: float | None) -> WorkloadView:
        way_back = WayBack.of(scene.entry, scene.aborted, scene.stable)
        updated = len(scene.living(scene.entry.revision))
        ready = sum(pod.ready for pod in scene.pods)
        return WorkloadView(
            workload=self.workload,
            uid=self.uid,
            current=scene.number,
            revisions=self._revisions(scene),
            desired=scene.desired,
            updated=scene.desired if scene.done else max(0, min(updated, scene.desired - 1)),
            ready=ready,
            available=ready,
            max_unavailable=self._max_unavailable(scene.desired),
            deadline_exceeded=self._is_late(scene),
            labels=tuple(sorted(self.spec.labels.items())),
            hold=self._hold.text if self._hold is not None and self._hold.in_force(scene.now) else "",
            decision=way_back.decision if way_back is not None else "",
            manager=self._manager,
            rollout=self._rollout(scene) if self.workload.kind is Kind.ROLLOUT else None,
            pods=tuple(_followed(scene.pods, followed)),
        )

    def replicas(self, now: float) -> int:
        """How many are wanted."""
        place = bisect_right(self.spec.replicas, now, key=lambda each: each.at)
        return self.spec.replicas[max(place, 1) - 1].desired if self.spec.replicas else self._usual

    def _revisions(self, scene: Scene) -> tuple[Revision, ...]:
        """The newest entry of each revision, as controllers number an old template that comes back anew."""
        newest = {entry.revision: place for place, entry in enumerate(self.entries[: scene.number], start=1)}
        return tuple(self._revision(scene, number) for number in sorted(newest.values()))

    def _revision(self, scene: Scene, number: int) -> Revision:
        entry = self.entries[number - 1]
        living = scene.living(entry.revision)
        ready = sum(pod.ready for pod in living)
        template = f"template of {entry.revision}"
        images = (entry.image,) if entry.image else ()
        retired = scene.done and number != scene.number  # what is left of it is on its way out
        return Revision(
            number=number,
            name=entry.revision,
            template_id=template,
            code_id=template,
            images=images,
            created=entry.created,
            desired=0 if retired else len(living),
            ready=ready,
            available=ready,
            commit=entry.commit,
        )

    def _rollout(self, scene: Scene) -> RolloutStatus:
        aborted = scene.aborted
        weights = [each.canary for each in self.spec.weights or () if each.at <= scene.now]
        in_progress = bool(scene.stable) and scene.stable != scene.entry.revision
        return RolloutStatus(
            strategy="canary",
            stable=scene.stable,
            current=scene.entry.revision,
            phase="Degraded" if aborted else "Progressing" if in_progress else "Healthy",
            abort=aborted is not None,
            aborted_at="" if aborted is None else f"{aborted.at:.3f}",
            routed=self.spec.weights is not None,
            canary_weight=0 if aborted else weights[-1] if weights else None,
            in_step=in_progress,
        )

    def _max_unavailable(self, desired: int) -> int:
        """As recorded, else the default of the kind: a quarter, rounded down, or one."""
        if self.spec.max_unavailable is not None:
            return self.spec.max_unavailable
        return desired // 4 if self.workload.kind in (Kind.DEPLOYMENT, Kind.ROLLOUT) else 1

    def _is_late(self, scene: Scene) -> bool:
        """Whether the progress deadline passed; a canary that pauses with all its pods Ready is not late."""
        if scene.done or self.workload.kind not in (Kind.DEPLOYMENT, Kind.ROLLOUT):
            return False
        waiting = any(not pod.ready for pod in scene.living(scene.entry.revision))
        late = self._progress.exceeded(scene.entry, scene.now)
        return late and (waiting or self.workload.kind is Kind.DEPLOYMENT)


def _lives(pod: Pod) -> bool:
    return pod.terminating is None and pod.deleted is None


def _living(pods: Sequence[RecordedPod], now: float) -> int:
    return sum(pod is not None and _lives(pod) for pod in (each.at(now) for each in pods))


def _complete(pods: Sequence[Pod], revision: str, desired: int) -> bool:
    living = [pod for pod in pods if _lives(pod)]
    return len(living) == desired and all(pod.ready and pod.revision == revision for pod in living)


def _followed(pods: Sequence[Pod], since: float | None) -> list[Pod]:
    if since is None:
        return []
    return [pod for pod in pods if pod.deleted is None or pod.deleted >= since]


def _marks(spec: WorkloadSpec) -> tuple[Hold | None, Manager | None]:
    """What annotations and labels of the workload say: a hold, and the tool that manages it."""
    name = spec.workload
    metadata = {"name": name.name, "namespace": name.namespace, "labels": spec.labels, "annotations": spec.annotations}
    raw = {"kind": str(name.kind), "metadata": metadata}
    return marks.hold(raw, Scope(name.namespace, name)), marks.manager(
        raw, str(name.kind), _GROUPS.get(name.kind, "apps")
    )
