"""What the core sees of the world: workloads, revisions, pods and measurements, as plain values.

Times are Unix seconds (float).  Nothing here holds a pod template: a template is named by its `template_id`,
and whoever writes reads the template anew and checks that it still has this id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from watcher.core.flags import FlagSight
from watcher.core.gitops import Application, Followed, Prospect
from watcher.core.migrations import DownSeen, MigrationSight
from watcher.core.words import Kind, Rung

ADDED = {"added": True}
"""Metadata of a field that older records lack: it is written only where it differs from its default, so that those
replay to the same bytes."""


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """Names one workload."""

    kind: Kind
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `Kind/namespace/name`.  Raises ValueError naming what is wrong."""
        parts = text.split("/")
        if len(parts) != 3 or not all(parts):
            raise ValueError(f"{text!r} does not name a workload; write Kind/namespace/name")
        try:
            return cls(Kind(parts[0]), parts[1], parts[2])
        except ValueError:
            known = ", ".join(Kind)
            raise ValueError(f"{parts[0]!r} is not a kind of workload; use one of {known}") from None


@dataclass(frozen=True, slots=True)
class Revision:
    """One version of a workload's pod template as its controller keeps it.

    `name` joins pods to it (pod hash, or ControllerRevision name); `number` is the controller's revision number,
    which grows also when an old template comes back.  `code_id` is the template's id without configuration
    checksums, so two revisions with equal `code_id` differ in their configuration only.
    """

    number: int
    name: str
    template_id: str
    code_id: str
    images: tuple[str, ...]
    created: float
    desired: int = 0
    ready: int = 0
    available: int = 0
    roll_forward_only: str = ""
    config_refs: tuple[str, ...] = ()  # "ConfigMap/name" that the template refers to
    commit: str = ""  # that it was made from, where the template names it
    flag: str = field(default="", metadata=ADDED)  # watcher.dev/flag: the feature flag that covers what it changed
    migrations: str = field(default="", metadata=ADDED)  # watcher.dev/migrations: ConfigMap with its migration notes


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod of a workload under watch; kept for a while after it was deleted."""

    name: str
    uid: str
    revision: str
    created: float
    ready_since: float | None = None
    unready_since: float | None = None  # not Ready since; of one that never was, about since it was made
    started: tuple[float, ...] = ()  # start times seen of its containers: a counter may begin anew at each
    restarts: int = 0
    waiting: str = ""  # CrashLoopBackOff, ImagePullBackOff, CreateContainerConfigError, ...
    terminated: str = ""  # reason of the last termination: OOMKilled, Error, ...
    scheduled: bool = True
    node: str = ""
    terminating: float | None = None
    deleted: float | None = None
    digests: tuple[tuple[str, str], ...] = ()  # (image as in the template, digest that runs)
    versions: tuple[tuple[str, str], ...] = ()  # its labels that name a version
    scheduled_at: float | None = field(default=None, metadata=ADDED)  # when a node took it

    @property
    def ready(self) -> bool:
        """Whether it serves now."""
        return self.ready_since is not None and self.terminating is None and self.deleted is None


@dataclass(frozen=True, slots=True)
class Manager:
    """The tool that keeps the workload as Git says."""

    tool: str  # argocd, flux-kustomize, flux-helm
    name: str


@dataclass(frozen=True, slots=True)
class RolloutStatus:
    """What an Argo Rollout says of itself, as far as it matters for going back."""

    strategy: str  # canary, blueGreen
    stable: str  # pod hash of the stable ReplicaSet; empty before the first one
    current: str  # status.currentPodHash
    phase: str = ""
    message: str = ""
    abort: bool = False
    aborted_at: str = ""
    aborted: float | None = None  # the same, Unix seconds
    promoted: float | None = None  # when the current version became the stable one, Unix seconds; None: not known
    promote_full: bool = False
    paused: bool = False  # spec.paused: an abort is taken but basic ReplicaSets do not move
    invalid_spec: bool = False
    analysis: str = ""  # "", running, failed: a failed or aborting AnalysisRun decides by itself
    routed: bool = False  # canary with traffic routing
    canary_weight: int | None = None  # status.canary.weights.canary.weight, percent
    active_selector: str = ""  # blue-green
    in_step: bool = False  # paused or stepping between stable and current

    @property
    def in_progress(self) -> bool:
        """Whether two versions stand beside each other: abort leads back to the stable one."""
        return bool(self.stable) and self.current != self.stable


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word that a decision may be carried out.

    `by` names who gave it, as far as that is known; `at` when, Unix seconds, 0 where that is not known; `way` is http
    or annotation.
    """

    decision: str
    by: str
    at: float
    way: str


@dataclass(frozen=True, slots=True)
class Request:
    """A person's command to go back from the release that runs now, whatever the metrics say.

    `by`, `at`, `way` as with an `Approval`.  `to` names the revision to go back to (its name or number, empty: the
    known good one); `overrides` are ids of guards that may be passed.  `id` is what the sender calls it: the same
    id from the same person is the same command, however often it arrives.  `leaving` names the revision that the
    person saw running and wants to leave (empty: whatever runs): the command is none where another one runs by then.
    """

    by: str
    at: float
    reason: str
    to: str = ""
    overrides: tuple[str, ...] = ()
    way: str = "http"
    id: str = ""
    leaving: str = field(default="", metadata=ADDED)


@dataclass(frozen=True, slots=True)
class Word:
    """A person's word that a revision (its name or number) is good, or bad."""

    by: str
    at: float
    revision: str
    good: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """A Flagger Canary that governs the workload: another controller that decides on its releases.

    `failed` checks of `threshold`: at that number it rolls back by itself.
    """

    name: str
    phase: str
    failed: int = 0
    threshold: int = 0


@dataclass(frozen=True, slots=True)
class WorkloadView:
    """One workload as the cache, or a fresh read, shows it."""

    workload: Workload
    uid: str
    current: int  # number of the revision that the spec asks for
    revisions: tuple[Revision, ...]  # oldest first
    desired: int
    updated: int
    ready: int
    available: int
    observed: bool = True  # the controller has seen the newest spec (observedGeneration)
    max_unavailable: int = 0
    deadline_exceeded: bool = False
    paused: bool = False  # a paused Deployment takes the template and does not move
    scaled_up: float | None = None
    labels: tuple[tuple[str, str], ...] = ()
    hold: str = ""  # the reason given by annotation on workload or namespace, or by the ConfigMap
    decision: str = ""  # watcher.dev/decision on the object
    manager: Manager | None = None
    owner: str = ""  # an operator that owns it, "Kind/name"
    on_delete: bool = False  # StatefulSet/DaemonSet updateStrategy OnDelete
    rollout: RolloutStatus | None = None
    pods: tuple[Pod, ...] = ()
    trouble: str = ""  # why pods cannot start here whatever their version: quota, admission
    approval: Approval | None = field(default=None, metadata=ADDED)  # watcher.dev/approve on the object
    application: Application | None = field(default=None, metadata=ADDED)  # of the manager, where it can be seen
    canary: Canary | None = field(default=None, metadata=ADDED)

    def revision(self, number: int) -> Revision | None:
        """The revision of this number, or None."""
        return next((each for each in self.revisions if each.number == number), None)

    def newest(self) -> Revision | None:
        """The revision the spec asks for, or None while its ReplicaSet is not there yet."""
        return self.revision(self.current)

    def stable(self) -> Revision | None:
        """The revision that a Rollout's controller holds for proven, or None."""
        name = self.rollout.stable if self.rollout is not None else ""
        return next((each for each in self.revisions if each.name == name), None)

    def with_template(self, template_id: str) -> Revision | None:
        """The newest revision of this template, or None."""
        return next((each for each in reversed(self.revisions) if each.template_id == template_id), None)

    def pods_of(self, revision: str) -> tuple[Pod, ...]:
        """Pods of one revision that still exist."""
        return tuple(pod for pod in self.pods if pod.revision == revision and pod.deleted is None)

    @property
    def replacing(self) -> bool:
        """Whether pods of other revisions are still to be replaced; readiness left aside."""
        in_progress = self.rollout is not None and self.rollout.in_progress
        return in_progress or self.updated < self.desired or self._leftovers()

    @property
    def rolled_out(self) -> bool:
        """Whether the newest revision is everywhere and serves (OrderedReady quirks included)."""
        if self.newest() is None or not self.observed or self.deadline_exceeded:
            return False
        if self.rollout is not None and (self.rollout.in_progress or self.rollout.abort):
            return False
        return self.updated == self.ready == self.available == self.desired and not self._leftovers()

    def _leftovers(self) -> bool:
        return any(each.desired for each in self.revisions if each.number != self.current)


@dataclass(frozen=True, slots=True)
class PodCount:
    """Requests of one pod in one block.  `pod` and `revision` are empty for checks that see no versions."""

    pod: str
    revision: str
    total: float
    bad: float
    age: float | None = None  # seconds since Ready from when on these were counted; negative before, None unknown


@dataclass(frozen=True, slots=True)
class Block:
    """What one check counted in one stretch of the fixed grid of sample time.

    A block is closed: no sample that belongs to it can come any more.  `basis` is `policy.basis` of the check that was
    counted by; empty: not known.
    """

    check: str
    start: float
    length: float
    pods: tuple[PodCount, ...] = ()
    gap: bool = False  # differences reach back beyond the block: it saw less often than it should
    broken: str = ""  # contract: why the numbers mean nothing (metric or label gone, ...)
    basis: str = ""
    interval: float = 0.0  # seconds between two scrapes; 0: not known, as long as the block

    @property
    def end(self) -> float:
        """End of the block, exclusive."""
        return self.start + self.length


@dataclass(frozen=True, slots=True)
class QueryValue:
    """What a query check returned at one time; None where it returned nothing (NaN counts as nothing)."""

    check: str
    at: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Source:
    """Health of one metrics source as of this poll."""

    name: str
    healthy: bool
    watermark: float | None = None  # newest sample time seen, Unix seconds
    problem: str = ""


class Result:
    """How the attempt to perform a rung ended (plain strings, so that records read well)."""

    APPLIED = "applied"  # the write was accepted
    ALREADY = "already"  # the object shows that this decision was applied before
    CONFLICT = "conflict"  # a precondition failed: look again, decide again
    FORBIDDEN = "forbidden"  # a permission is missing; the message names it
    REFUSED = "refused"  # this rung cannot work here (target gone, not promoted, ...)
    HELD = "held"  # a hold appeared between decision and write
    WAITING = "waiting"  # it is a person's turn: the report's link says where
    UNKNOWN = "unknown"  # no answer: read before anything else
    UNAVAILABLE = "unavailable"  # the API is down or busy; nothing was sent
    NOT_LEADING = "not_leading"  # this process may not write any more; nothing was sent


UNHEARD = (Result.UNKNOWN, Result.UNAVAILABLE, Result.NOT_LEADING)
"""Results that leave open what is to become of an order: it is given again, once the object was read."""


@dataclass(frozen=True, slots=True)
class RungReport:
    """What became of one attempt to perform a rung."""

    decision: str
    rung: str
    tried: int
    result: str
    at: float
    message: str = ""
    revision: str = field(default="", metadata=ADDED)  # commit that was made, or found to be made before
    link: str = field(default="", metadata=ADDED)  # pull request that waits for a person
    flag: FlagSight | None = field(default=None, metadata=ADDED)  # as it stands after it was switched


@dataclass(frozen=True, slots=True)
class PastRollback:
    """A rollback that was decided for some workload; the breaker counts these, each release once."""

    at: float
    namespace: str
    release: str = ""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Other services that began to suffer the same lately, as one grouped query saw it.

    `onsets` has one time (Unix seconds) a service; `usual` is the most that began together in the minutes before.
    `problem` tells why it could not be seen.
    """

    at: float
    services: int
    onsets: tuple[float, ...] = ()
    usual: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Suspect:
    """Another release under watch with evidence against it since a time; `compared`: beside its own old version.

    `origins` are those of the release.  The fault may have begun at `earliest`, when it could not be seen yet.
    """

    workload: Workload
    origins: tuple[str, ...]
    since: float
    compared: bool
    earliest: float


@dataclass(frozen=True, slots=True)
class Frozen:
    """A freeze window that is open now and concerns the workload, until then (Unix seconds).

    `rungs` are those that may be taken all the same.
    """

    name: str
    until: float
    reason: str = ""
    rungs: tuple[Rung, ...] = ()


@dataclass(frozen=True, slots=True)
class PodStarts:
    """Whether pods can be started in the cluster at all, as other workloads show it.

    `stuck` of `starting` other workloads have had new pods lately that do not start for a reason that is not their
    version's: no room, image registry away, admission refused.  `example` names one, and why.
    """

    at: float
    starting: int
    stuck: int
    example: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is not the workload's own: the breaker's memory, the cache, the fleet."""

    rollbacks: tuple[PastRollback, ...] = ()
    cache_age: float = 0.0  # seconds since the cache was last known to be true
    configurations: tuple[
        tuple[str, str], ...
    ] = ()  # "ConfigMap/name" -> hash, read within the last minute; empty: no such
    permitted: bool = True  # False: this process may not write (lost leadership, shutting down)
    fleet: Fleet | None = None  # None: not asked for yet
    suspects: tuple[Suspect, ...] = ()
    releases: float = 0.0  # in a quarter of a year, of all workloads, at the pace of late; 0: not known
    prospect: Prospect | None = field(default=None, metadata=ADDED)  # None: not looked at yet
    followed: Followed | None = field(default=None, metadata=ADDED)
    flag: FlagSight | None = field(default=None, metadata=ADDED)  # None: no flag, or not looked at yet
    migrations: MigrationSight | None = field(default=None, metadata=ADDED)  # None: not looked at yet
    down: DownSeen | None = field(default=None, metadata=ADDED)
    frozen: tuple[Frozen, ...] = field(default=(), metadata=ADDED)
    starts: PodStarts | None = field(default=None, metadata=ADDED)
    skews: tuple[tuple[str, float], ...] = field(
        default=(), metadata=ADDED
    )  # whose clock, and seconds by which it is ahead of ours
    breakers_closed: tuple[tuple[str, float], ...] = field(default=(), metadata=ADDED)  # scope, and when by hand


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything new since the last step."""

    view: WorkloadView | None  # None: the workload is gone
    blocks: tuple[Block, ...] = ()
    queries: tuple[QueryValue, ...] = ()
    sources: tuple[Source, ...] = ()
    surroundings: Surroundings = field(default_factory=Surroundings)
    report: RungReport | None = None
    executing: bool = False  # an attempt is under way; do not order another
    approval: Approval | None = field(default=None, metadata=ADDED)  # given since the last step, past the object
    request: Request | None = field(default=None, metadata=ADDED)  # made since the last step
    word: Word | None = field(default=None, metadata=ADDED)  # given since the last step
