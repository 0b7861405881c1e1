"""Whether pods can be started in the cluster at all, as workloads other than the one in question show it.

A rollback by new pods needs room, an image registry and the admission of pods.  Where these fail for everybody the old
version would not start either, and the pods that still serve would be taken away for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from watcher.core.judging.availability import PULL_FAILURES
from watcher.core.model import Pod, PodStarts, Workload

SLOW = 60.0
"""Seconds after which a pod that has not started is stuck: scheduling and pulling take some."""

LATELY = 3600.0
"""Seconds: pods that have waited for longer are an old trouble of their workload, and tell nothing of now."""

FRESH = 60.0
"""Seconds for which what was seen holds."""

SEVERAL = 3
"""Other workloads whose pods are stuck, at the least: one or two have their own reasons."""


def pod_starts(
    pending: Iterable[tuple[Workload, Pod]],
    started: Iterable[Workload],
    released: Iterable[Workload],
    besides: Workload,
    now: float,
) -> PodStarts:
    """What the pods that wait tell.

    `started` are workloads with new pods that became Ready lately; `released` those with a release under watch: that
    an image of theirs cannot be pulled is rather their own version's fault.
    """
    new = frozenset(released)
    stuck: dict[Workload, str] = {}
    for workload, pod in pending:
        why = _stuck(pod, now, own=workload in new)
        if workload != besides and why:
            stuck.setdefault(workload, f"{workload}: {why}")
    starting = stuck.keys() | (set(started) - {besides})
    return PodStarts(now, len(starting), len(stuck), stuck[min(stuck)] if stuck else "")


def cannot_start(starts: PodStarts | None, now: float) -> str:
    """Why no pod can be counted on to start now, or an empty string."""
    if starts is None or now - starts.at > FRESH:
        return ""
    if starts.stuck < SEVERAL or 2 * starts.stuck <= starts.starting:
        return ""
    return f"new pods of {starts.stuck} other workloads do not start, such as {starts.example}"


def _stuck(pod: Pod, now: float, *, own: bool) -> str:
    """Why the pod does not start for a reason that is not its version's, or an empty string."""
    if not SLOW <= now - pod.created <= LATELY or pod.terminating is not None:
        return ""
    if not pod.scheduled:
        return "no node takes it"
    if pod.waiting in PULL_FAILURES:
        return "" if own else f"its image cannot be pulled ({pod.waiting})"
    return "its containers are not created" if not pod.waiting and now - pod.created >= 2 * SLOW else ""
