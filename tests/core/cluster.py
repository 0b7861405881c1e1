"""A workload with its controller, simulated: one small step of the controller every few seconds of virtual time.

A template is named by a word.  `v2+cfg` differs from `v2` in its configuration checksum only, `v2~1` is `v2` restarted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from watcher.core.model import Manager, Pod, Revision, RolloutStatus, Workload, WorkloadView
from watcher.core.words import Kind

NODES = 3


def template_id(template: str) -> str:
    return f"id-{template.partition('~')[0]}"


def code_id(template: str) -> str:
    return f"code-{template.partition('~')[0].partition('+')[0]}"


@dataclass
class Version:
    """One revision as the controller keeps it."""

    number: int
    template: str
    created: float

    @property
    def name(self) -> str:
        return f"hash-{self.template}"


@dataclass
class Cluster:
    """A Deployment, StatefulSet (OrderedReady) or DaemonSet; `SimulatedRollout` is the fourth kind."""

    kind: Kind = Kind.DEPLOYMENT
    uid: str = "uid-1"
    desired: int = 4
    max_unavailable: int = 1
    deadline: float = 120.0
    versions: list[Version] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    never_ready: set[str] = field(default_factory=set)
    waiting: dict[str, str] = field(default_factory=dict)  # template: why its pods wait
    decision: str = ""
    hold: str = ""
    owner: str = ""
    trouble: str = ""
    manager: Manager | None = None
    on_delete: bool = False
    roll_forward_only: dict[str, str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)  # template: annotation watcher.dev/flag
    migrations: dict[str, str] = field(default_factory=dict)  # the same, watcher.dev/migrations
    config_refs: tuple[str, ...] = ()
    digests: tuple[tuple[str, str], ...] = ()
    full: bool = False  # no node takes a new pod
    idle: bool = False  # the controller does nothing
    observed: bool = True
    numbered: bool = True  # False: the controller has not numbered the newest template yet
    made: int = 0
    moved_at: float = 0.0

    @property
    def workload(self) -> Workload:
        return Workload(self.kind, "shop", "cart")

    @property
    def current(self) -> Version:
        return self.versions[-1]

    def apply(self, template: str, now: float) -> None:
        """Somebody writes this template into the spec: an old one keeps its revision and gets the next number."""
        number = max((each.number for each in self.versions), default=0) + 1
        old = next((each for each in self.versions if each.template == template), None)
        if old is not None:
            self.versions.remove(old)
        self.versions.append(Version(number, template, old.created if old is not None else now))
        self.moved_at = now

    def of(self, template: str) -> list[Pod]:
        return [pod for pod in self.pods if pod.revision == f"hash-{template}"]

    @property
    def ready(self) -> list[Pod]:
        return [pod for pod in self.pods if pod.ready]

    def settle(self, now: float) -> None:
        """Everything is as the spec says, at once."""
        self.pods = [replace(self._pod(now, number), ready_since=now) for number in range(self.desired)]

    def tick(self, now: float) -> None:
        """One step of the controller."""
        if self.idle:
            return
        before = [(pod.uid, pod.ready) for pod in self.pods]
        self.pods = [self._started(pod, now) for pod in self.pods]
        if self.kind is Kind.STATEFUL_SET:
            self._replace_in_order(now)
        else:
            self._replace_rolling(now)
        if before != [(pod.uid, pod.ready) for pod in self.pods]:
            self.moved_at = now

    def node_comes(self, now: float) -> None:
        """A node takes all pods that wait for one."""
        self.full = False
        self.pods = [
            each if each.scheduled else replace(each, scheduled=True, scheduled_at=now, node="node-new")
            for each in self.pods
        ]

    def delete(self, name: str, uid: str) -> None:
        self.pods = [pod for pod in self.pods if (pod.name, pod.uid) != (name, uid)]

    def view(self, now: float) -> WorkloadView:
        current = self.current
        updated = self.of(current.template)
        return WorkloadView(
            workload=self.workload,
            uid=self.uid,
            current=current.number if self.numbered else current.number + 1,
            revisions=tuple(self._revision(each) for each in sorted(self.versions, key=lambda each: each.number)),
            desired=self.desired,
            updated=len(updated),
            ready=len(self.ready),
            available=len(self.ready),
            observed=self.observed,
            max_unavailable=self.max_unavailable,
            deadline_exceeded=self._stalled(now),
            hold=self.hold,
            decision=self.decision,
            owner=self.owner,
            trouble=self.trouble,
            manager=self.manager,
            on_delete=self.on_delete,
            rollout=self.status(),
            pods=tuple(self.pods),
        )

    def status(self) -> RolloutStatus | None:
        """What a Rollout says of itself."""
        return None

    def _stalled(self, now: float) -> bool:
        done = len(self.of(self.current.template)) == len(self.ready) == self.desired == len(self.pods)
        return self.kind is Kind.DEPLOYMENT and not done and now - self.moved_at >= self.deadline

    def _revision(self, version: Version) -> Revision:
        pods = self.of(version.template)
        ready = sum(pod.ready for pod in pods)
        return Revision(
            number=version.number,
            name=version.name,
            template_id=template_id(version.template),
            code_id=code_id(version.template),
            images=(f"cart:{version.template}",),
            created=version.created,
            desired=len(pods),
            ready=ready,
            available=ready,
            roll_forward_only=self.roll_forward_only.get(version.template, ""),
            config_refs=self.config_refs,
            flag=self.flags.get(version.template, ""),
            migrations=self.migrations.get(version.template, ""),
        )

    def _pod(self, now: float, ordinal: int, template: str = "") -> Pod:
        self.made += 1
        return Pod(
            name=f"cart-{ordinal}" if self.kind is Kind.STATEFUL_SET else f"cart-{self.made}",
            uid=f"pod-{self.made}",
            revision=f"hash-{template or self.current.template}",
            created=now,
            scheduled=not self.full,
            node="" if self.full else f"node-{ordinal % NODES}",
            waiting=self.waiting.get(template or self.current.template, ""),
            digests=self.digests,
        )

    def _started(self, pod: Pod, now: float) -> Pod:
        broken = pod.revision.removeprefix("hash-") in self.never_ready
        waits = broken or not pod.scheduled or pod.created >= now
        return pod if pod.ready or waits else replace(pod, ready_since=now)

    def _replace_rolling(self, now: float) -> None:
        """Deployment and DaemonSet: one pod a step, within `max_unavailable`."""
        old = [pod for pod in self.pods if pod.revision != self.current.name]
        spare = len(self.ready) > self.desired - self.max_unavailable or len(self.pods) > self.desired
        victim = next((pod for pod in old if not pod.ready), old[0] if old and spare else None)
        if self.on_delete:
            victim = None
        if victim is None and len(self.pods) > self.desired:
            victim = self.pods[0]
        if victim is not None:
            self.delete(victim.name, victim.uid)
        while len(self.pods) < self.desired:
            self.pods.append(self._pod(now, self.made))

    def _replace_in_order(self, now: float) -> None:
        """StatefulSet: from the highest ordinal down, and never past a pod that is not Ready."""
        names = {pod.name for pod in self.pods}
        for ordinal in range(self.desired):
            if f"cart-{ordinal}" not in names:
                self.pods.append(self._pod(now, ordinal))
                return
        old = [pod for pod in self.pods if pod.revision != self.current.name]
        if old and len(self.ready) == len(self.pods) and not self.on_delete:
            victim = max(old, key=lambda pod: pod.name)
            self.delete(victim.name, victim.uid)
