"""The availability lane: what Kubernetes itself says, no metrics needed.

It speaks up when fewer replicas are available than the update strategy allows, or when the progress deadline passed.
Before that a stuck new ReplicaSet harms nobody, and crash loops often heal.
"""

from __future__ import annotations

from dataclasses import replace

from watcher.core.model import Pod, WorkloadView
from watcher.core.policy import Policy
from watcher.core.sentence import seconds
from watcher.core.state import AvailabilityEvidence, Finding, Release
from watcher.core.words import Kind, Lane, Verdict

PATIENCE = 30.0
"""Seconds a shortage must last: pods come and go with every node that is drained."""

PULL_FAILURES = frozenset({"ImagePullBackOff", "ErrImagePull", "RegistryUnavailable"})
CHECK = "availability"


def fold(evidence: AvailabilityEvidence, view: WorkloadView, now: float) -> AvailabilityEvidence:
    """Look at the workload once more."""
    if not view.observed:
        return evidence
    whole = min(evidence.whole, view.desired) or (view.desired if view.available >= view.desired else 0)
    if view.available >= view.desired:
        whole = view.desired
    short = view.available < whole - view.max_unavailable
    since = None if not short else now if evidence.short_since is None else evidence.short_since
    return replace(evidence, whole=whole, short_since=since)


def read(
    evidence: AvailabilityEvidence,
    view: WorkloadView,
    release: Release,
    policy: Policy,
    rolled_out_at: float | None,
    now: float,
) -> Finding:
    """What the lane says now; `excuse` tells what else but this release explains it."""
    failing = tuple(pod for pod in view.pods_of(release.revision) if not pod.ready and pod.terminating is None)
    lasted = now - evidence.short_since if evidence.short_since is not None else 0.0
    if failing and lasted >= PATIENCE:
        text = (
            f"availability: {view.available} of {view.desired} replicas available for {seconds(lasted)}, "
            f"{evidence.whole - view.max_unavailable} are needed; {_state_of(failing)}"
        )
        return _breach(text, evidence.short_since, policy, _excuse(view, release, failing))
    if rolled_out_at is None and _overdue(view, release, policy, now):
        text = f"availability: not rolled out {seconds(now - release.began)} after the start; {_state_of(failing)}"
        return _breach(text, release.began, policy, _excuse(view, release, failing))
    text = f"availability: {view.available} of {view.desired} replicas available"
    return Finding(CHECK, None, text)


def recovered(view: WorkloadView) -> bool:
    """Whether as many replicas serve as the update strategy promises."""
    return view.observed and view.available >= view.desired - view.max_unavailable


def _breach(text: str, since: float | None, policy: Policy, excuse: str) -> Finding:
    may = policy.availability
    return Finding(CHECK, Verdict.BREACH, text, lane=Lane.AVAILABILITY, may=may, since=since, excuse=excuse)


def _overdue(view: WorkloadView, release: Release, policy: Policy, now: float) -> bool:
    """Deployments and Rollouts say so themselves; for the others a setting counts, as the API has no deadline."""
    if view.workload.kind in (Kind.DEPLOYMENT, Kind.ROLLOUT):
        return view.deadline_exceeded
    missing = view.updated < view.desired or view.ready < view.desired
    return missing and now - release.began >= policy.progress_deadline


def _state_of(failing: tuple[Pod, ...]) -> str:
    if not failing:
        return "no new pod is failing by itself"
    reasons = sorted({pod.waiting or pod.terminated or "not Ready" for pod in failing})
    return f"{len(failing)} new pod{'s' if len(failing) > 1 else ''}: {', '.join(reasons)}"


def _excuse(view: WorkloadView, release: Release, failing: tuple[Pod, ...]) -> str:
    """Why the pods may fail whatever their version, or nothing."""
    if view.trouble:
        return view.trouble
    if not failing:
        return "no pod of the new version exists that fails"
    if all(not pod.scheduled for pod in failing):
        return "the new pods cannot be scheduled"
    old = [pod for pod in view.pods if pod.revision != release.revision and pod.deleted is None]
    if any(pod.waiting in PULL_FAILURES for pod in old):
        return "images of the old version cannot be pulled either"
    if any(pod.waiting == "CrashLoopBackOff" for pod in old):
        return "pods of the old version crash too"
    return _one_node(view, release, failing)


def _one_node(view: WorkloadView, release: Release, failing: tuple[Pod, ...]) -> str:
    nodes = {pod.node for pod in failing}
    healthy_elsewhere = {pod.node for pod in view.pods_of(release.revision) if pod.ready} - nodes
    if len(failing) > 1 and len(nodes) == 1 and healthy_elsewhere:
        return f"the new pods fail on node {next(iter(nodes))} only"
    return ""
