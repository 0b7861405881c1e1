"""The availability lane: what Kubernetes itself says, no metrics needed.

It speaks up when fewer replicas are available than the update strategy allows, or when the progress deadline passed.
Before that a stuck new ReplicaSet harms nobody, and crash loops often heal.
"""

from __future__ import annotations

from watcher.core.judging.evidence import AvailabilityEvidence
from watcher.core.model import Pod, WorkloadView
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import Finding, Release
from watcher.core.words import Kind, Lane, Verdict

PATIENCE = 30.0
"""Seconds a shortage must last: pods come and go with every node that is drained."""

STARTING = 60.0
"""Seconds in which a pod may become Ready, at the least, before it counts as failing."""

SETTLING = 5.0
"""Seconds after the start in which a progress deadline may still be that of the release before."""

PULL_FAILURES = frozenset({"ImagePullBackOff", "ErrImagePull", "RegistryUnavailable"})
CHECK = "availability"


def fold(evidence: AvailabilityEvidence, view: WorkloadView, release: Release, now: float) -> AvailabilityEvidence:
    """Look at the workload once more."""
    if not view.observed or view.current != release.number:
        return evidence
    whole = min(evidence.whole, view.desired) or (view.desired if view.available >= view.desired else 0)
    if view.available >= view.desired:
        whole = view.desired
    short = view.available < whole - view.max_unavailable
    since = None if not short else now if evidence.short_since is None else evidence.short_since
    newest = view.newest()
    progress = view.updated + (newest.ready if newest is not None else 0)
    return AvailabilityEvidence(
        whole=whole,
        short_since=since,
        progress=max(progress, evidence.progress),
        progressed_at=now if progress > evidence.progress else evidence.progressed_at,
    )


def read(
    evidence: AvailabilityEvidence,
    view: WorkloadView,
    release: Release,
    policy: Policy,
    rolled_out_at: float | None,
    now: float,
) -> Finding:
    """What the lane says now; `excuse` tells what else but this release explains it."""
    unready = tuple(pod for pod in view.pods_of(release.revision) if not pod.ready and pod.terminating is None)
    failing = _failing(view, release, unready, now)
    lasted = now - evidence.short_since if evidence.short_since is not None else 0.0
    if failing and lasted >= PATIENCE:
        text = (
            f"availability: {view.available} of {view.desired} replicas available for {seconds(lasted)}, "
            f"{evidence.whole - view.max_unavailable} are needed; {_state_of(failing)}"
        )
        missing = evidence.whole - view.max_unavailable - view.available
        excuse = _excuse(view, release, failing, missing)
        return _breach(text, evidence.short_since, policy, excuse, own=rolled_out_at is None or _out_of_memory(failing))
    if rolled_out_at is None and _overdue(evidence, view, release, policy, now):
        late = _late(evidence, view, release, policy, unready, now)
        text = f"availability: not rolled out {seconds(now - release.began)} after the start; {_state_of(late)}"
        excuse = _excuse(view, release, late, view.desired - view.available)
        return _breach(text, release.began, policy, excuse, own=True)
    text = f"availability: {view.available} of {view.desired} replicas available"
    return Finding(CHECK, None, text)


def recovered(view: WorkloadView) -> bool:
    """Whether as many replicas serve as the update strategy promises."""
    return view.observed and view.available >= view.desired - view.max_unavailable


def _breach(text: str, since: float | None, policy: Policy, excuse: str, *, own: bool) -> Finding:
    """`own`: it concerns the release itself however late it begins; else a late onset is mostly something else's."""
    return Finding(
        CHECK,
        Verdict.BREACH,
        text,
        lane=Lane.AVAILABILITY,
        may=policy.availability,
        since=since,
        excuse=excuse,
        compared=own,
    )


def _failing(view: WorkloadView, release: Release, unready: tuple[Pod, ...], now: float) -> tuple[Pod, ...]:
    """Pods that have a reason of their own, or take longer than it takes their like to start: a node that was lost or
    drained brings new pods too."""
    patience = _patience(view, release)
    return tuple(pod for pod in unready if _has_a_reason(pod) or now - _begun(pod) >= patience)


def _late(
    evidence: AvailabilityEvidence,
    view: WorkloadView,
    release: Release,
    policy: Policy,
    unready: tuple[Pod, ...],
    now: float,
) -> tuple[Pod, ...]:
    """Pods for which the deadline has passed.

    Where a quota was raised or a node came, its condition stands for a moment yet, and all pods have only begun: they
    have their time, half of that since the release began to move at the most.  One that came before them and never was
    Ready, be it gone by now, tells that they had it.
    """
    since = release.began if _has_deadline(view) else _progressed(evidence, release)
    patience = min(_patience(view, release), policy.progress_deadline, (now - since) / 2)
    like = [pod for pod in view.pods if pod.revision == release.revision and pod.ready_since is None]
    if any(pod.scheduled and not _was_ready(pod) and now - _begun(pod) >= patience for pod in like):
        return unready
    return tuple(pod for pod in unready if _has_a_reason(pod) or _was_ready(pod) or not pod.scheduled)


def _patience(view: WorkloadView, release: Release) -> float:
    """Seconds in which a pod may become Ready."""
    took = [pod.ready_since - _begun(pod) for pod in view.pods_of(release.revision) if pod.ready_since is not None]
    return max(STARTING, 2 * min(took, default=0.0))


def _has_a_reason(pod: Pod) -> bool:
    return bool(pod.waiting or pod.terminated or pod.restarts)


def _begun(pod: Pod) -> float:
    """When it could begin to start (Unix seconds): one that waited for a node has only begun since it has one."""
    return pod.created if pod.scheduled_at is None else max(pod.created, pod.scheduled_at)


def _was_ready(pod: Pod) -> bool:
    """Whether it was Ready once.  Of one that never was the containers began after it had been marked as not Ready."""
    return pod.unready_since is not None and bool(pod.started) and max(pod.started) < pod.unready_since


def _has_deadline(view: WorkloadView) -> bool:
    """Deployments and Rollouts say so themselves; for the others a setting counts, as the API has no deadline."""
    return view.workload.kind in (Kind.DEPLOYMENT, Kind.ROLLOUT)


def _progressed(evidence: AvailabilityEvidence, release: Release) -> float:
    """When the release came one step further the last time (Unix seconds)."""
    return evidence.progressed_at if evidence.progressed_at is not None else release.began


def _overdue(evidence: AvailabilityEvidence, view: WorkloadView, release: Release, policy: Policy, now: float) -> bool:
    """The deadline is for the next progress: many pods one by one take their time."""
    if _has_deadline(view):
        return view.deadline_exceeded and view.observed and now - release.began >= SETTLING
    missing = view.updated < view.desired or view.ready < view.desired
    return missing and now - _progressed(evidence, release) >= policy.progress_deadline


def _state_of(failing: tuple[Pod, ...]) -> str:
    if not failing:
        return "no new pod is failing by itself"
    reasons = sorted({pod.waiting or pod.terminated or "not Ready" for pod in failing})
    return f"{len(failing)} new pod{'s' if len(failing) > 1 else ''}: {', '.join(reasons)}"


def _out_of_memory(failing: tuple[Pod, ...]) -> bool:
    """A leak takes its time."""
    return any(pod.terminated == "OOMKilled" for pod in failing)


def _ran_on(pod: Pod) -> bool:
    """Whether it was Ready, and has stopped to be while its containers ran on: its node is lost, or what its readiness
    depends on."""
    return not pod.waiting and _was_ready(pod)


def _fails_by_itself(pod: Pod) -> bool:
    return bool(pod.waiting) or (bool(pod.terminated or pod.restarts) and not _ran_on(pod))


def _excuse(view: WorkloadView, release: Release, failing: tuple[Pod, ...], missing: int) -> str:
    """Why the pods may fail whatever their version, or nothing.  `missing`: how many more would be enough."""
    if view.trouble:
        return view.trouble
    if not failing:
        return "no pod of the new version exists that fails"
    failing = tuple(pod for pod in failing if pod.scheduled)
    if not failing:
        return "the new pods cannot be scheduled"
    old = [pod for pod in view.pods if pod.revision != release.revision and pod.deleted is None]
    if any(pod.waiting in PULL_FAILURES for pod in old):
        return "images of the old version cannot be pulled either"
    if any(pod.waiting == "CrashLoopBackOff" for pod in old):
        return "pods of the old version crash too"
    return _lost(failing, missing) or _one_node(view, release, failing)


def _lost(failing: tuple[Pod, ...], missing: int) -> str:
    """Pods that were Ready and ran on, as many as are missing."""
    lost = [pod for pod in failing if _ran_on(pod)]
    if not lost or len(lost) < missing:
        return ""
    nodes = ", ".join(sorted({pod.node for pod in lost}))
    return f"new pods were Ready and are not any more, though none of their containers ended: look at {nodes}"


def _one_node(view: WorkloadView, release: Release, failing: tuple[Pod, ...]) -> str:
    nodes = {pod.node for pod in failing}
    healthy_elsewhere = {pod.node for pod in view.pods_of(release.revision) if pod.ready} - nodes
    by_themselves = len(failing) == 1 and _fails_by_itself(failing[0])
    if len(nodes) == 1 and healthy_elsewhere and not by_themselves:
        return f"the new pods fail on node {next(iter(nodes))} only"
    return ""
