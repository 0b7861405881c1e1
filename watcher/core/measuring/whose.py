"""Whose requests a sample counts: a pod's, a version's, a role's, or the workload's as a whole."""

from __future__ import annotations

from typing import NamedTuple

from watcher.core.measuring.intake import Event
from watcher.core.measuring.podtable import PodTable
from watcher.core.model import Pod
from watcher.core.policy import By, Identify


class Whose(NamedTuple):
    """A pod; or a version or role, which stands for all pods of it.

    `name` and `revision` are empty where versions are not told apart.
    """

    name: str
    revision: str
    pod: Pod | None = None


def whose_of(identify: Identify, namespace: str, event: Event, pods: PodTable) -> tuple[Whose | None, str]:
    """Whose sample this is; None where that is not known, with what is not known, for a person who asks."""
    if identify.by is By.POD:
        return _pod(namespace, event, pods)
    if identify.by is By.VERSION:
        return _version(identify, event, pods)
    if identify.by is By.ROLE:
        return _role(identify, event, pods)
    return Whose("", ""), ""


def _pod(namespace: str, event: Event, pods: PodTable) -> tuple[Whose | None, str]:
    target = event.key.target
    pod = pods.at(target.subject, event.at) if target.namespace == namespace else None
    if pod is None:
        return None, f"pod {target.namespace}/{target.subject}"
    return Whose(pod.name, pod.revision, pod), ""


def _version(identify: Identify, event: Event, pods: PodTable) -> tuple[Whose | None, str]:
    """A value that pods of several revisions bear tells nothing: the release did not change it."""
    value = event.series.labels.get(identify.version, "")
    found = pods.bearing(identify.pod_label, value, event.at) if value else ()
    if len(found) == 1:
        return Whose(f"{identify.version}={value}", found[0]), ""
    why = f"pods of {' and '.join(found)} bear it" if found else f"no pod's label {identify.pod_label} says so"
    return None, f'{identify.version}="{value}" ({why})'


def _role(identify: Identify, event: Event, pods: PodTable) -> tuple[Whose | None, str]:
    value = event.series.labels.get(identify.role, "")
    revision = pods.roles.revision(identify, value, event.at) if pods.roles is not None else ""
    if revision:
        return Whose(f"{identify.role}={value}", revision), ""
    return None, f'{identify.role}="{value}" (says nothing unless a Rollout is in progress)'
