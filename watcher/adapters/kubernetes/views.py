"""Builds the core's view of one workload from what the cache, or a fresh read, holds of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from watcher.adapters.kubernetes.slim import SlimPod, SlimRevision, SlimWorkload
from watcher.core.gitops import Application
from watcher.core.model import Canary, Manager, Pod, Revision, WorkloadView
from watcher.core.words import Kind

#: Refusals that have nothing to do with what the version is.
_ANY_VERSION = ("exceeded quota", "failed calling webhook", "error looking up service account")


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything known of one workload."""

    workload: SlimWorkload
    revisions: tuple[SlimRevision, ...]
    pods: tuple[SlimPod, ...] = ()
    template_source: SlimWorkload | None = None  # the Deployment of a Rollout's workloadRef
    hold: str = ""
    scaled_up: float | None = None
    manager: Manager | None = None
    application: Application | None = None
    canary: Canary | None = None


def build(parts: Parts) -> WorkloadView:
    """The view of these parts."""
    found = parts.workload
    pods = tuple(sorted((each.pod for each in parts.pods), key=lambda pod: (pod.created, pod.name)))
    revisions = _revisions(parts, pods)
    current = _current(found, revisions)
    newest = next((each for each in revisions if each.number == current), None)
    updated, ready, available = _counts(found, newest)
    return WorkloadView(
        workload=found.workload,
        uid=found.uid,
        current=current,
        revisions=revisions,
        desired=found.desired,
        updated=updated,
        ready=ready,
        available=available,
        observed=_observed(parts) and newest is not None,
        max_unavailable=found.max_unavailable,
        deadline_exceeded=found.deadline_exceeded,
        paused=found.paused,
        scaled_up=parts.scaled_up,
        labels=found.labels,
        hold=parts.hold,
        approval=parts.workload.approval,
        decision=found.decision,
        manager=parts.manager,
        owner=found.owner or (parts.template_source.owner if parts.template_source else ""),
        on_delete=found.on_delete,
        rollout=found.rollout,
        pods=pods,
        trouble=_trouble(parts, current),
        application=parts.application,
        canary=parts.canary,
    )


def _current(found: SlimWorkload, revisions: tuple[Revision, ...]) -> int:
    """Number of the revision that the spec asks for; one that is not there yet has the next number.

    Controllers give the template in use the highest number of all, also when it is an old one that came back.  So
    the spec's template is either that of the highest revision, or one whose turn is still to come.  Rollouts are
    not defaulted by the API server, so theirs is known by its pod hash only.  Where the number on the workload is
    ahead of its revisions', their watch is a moment behind.
    """
    highest = revisions[-1].number if revisions else 0
    if found.workload.kind is Kind.ROLLOUT:
        pointed = [each.number for each in revisions if each.name == found.pointer]
        return max([*pointed, found.number]) if pointed else max(highest + 1, found.number)
    if revisions and found.number <= highest and revisions[-1].template_id == found.template_id:
        return highest
    if found.observed and found.pointer and revisions and revisions[-1].name == found.pointer:
        return highest
    return max(highest + 1, found.number)


def _observed(parts: Parts) -> bool:
    source = parts.template_source
    if source is None:
        return parts.workload.observed
    return parts.workload.observed and parts.workload.template_generation == str(source.generation)


def _counts(found: SlimWorkload, newest: Revision | None) -> tuple[int, int, int]:
    """Updated, ready, available.

    A promoted Rollout's own numbers include ReplicaSets that only wait for their end: count the current one.
    """
    promoted = found.rollout is not None and not found.rollout.in_progress
    if promoted and newest is not None:
        return newest.desired, newest.ready, newest.available
    return found.updated, found.ready, found.available


def _revisions(parts: Parts, pods: tuple[Pod, ...]) -> tuple[Revision, ...]:
    found = parts.workload
    promoted = found.rollout is not None and not found.rollout.in_progress
    revisions = [
        replace(each.revision, desired=0) if each.retiring and promoted else each.revision for each in parts.revisions
    ]
    ordered = sorted(revisions, key=lambda each: each.number)
    if found.workload.kind in (Kind.STATEFUL_SET, Kind.DAEMON_SET):
        return tuple(_counted(each, found, pods, newest=each is ordered[-1]) for each in ordered)
    return tuple(ordered)


def _counted(revision: Revision, found: SlimWorkload, pods: tuple[Pod, ...], *, newest: bool) -> Revision:
    """A ControllerRevision holds no counts: its pods tell, and where they are not followed, the workload's status."""
    if pods:
        own = [pod for pod in pods if pod.revision == revision.name and pod.deleted is None]
        ready = sum(pod.ready for pod in own)
        return replace(revision, desired=len(own), ready=ready, available=min(ready, found.available))
    if not newest:
        return revision
    if found.updated == found.desired:
        return replace(revision, desired=found.updated, ready=found.ready, available=found.available)
    return replace(revision, desired=found.updated)


def _trouble(parts: Parts, current: int) -> str:
    """Why pods cannot be created whatever their version: said of any ReplicaSet but by its nature, or of an old one."""
    for each in parts.revisions:
        if each.trouble and each.revision.number != current:
            return each.trouble
        if any(reason in each.trouble for reason in _ANY_VERSION):
            return each.trouble
    return ""
