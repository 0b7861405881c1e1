"""Which pod, and so which revision, a sample belongs to: by name and time.

A StatefulSet gives the same name to one pod after another, so the name alone does not tell.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace

from watcher.core.measuring.versions import Roles, bearers
from watcher.core.model import Pod

CLOCKS = 10.0
"""Seconds by which a sample may seem older than its pod: API server and metrics source have clocks of their own."""


class PodTable:
    """The pods of one workload that were seen, also those deleted meanwhile until they are forgotten."""

    def __init__(self) -> None:
        self.roles: Roles | None = None
        self._by_name: dict[str, list[Pod]] = {}
        self._forgotten = -math.inf  # pods deleted before this time (Unix seconds) are not taken up again

    def update(self, pods: Iterable[Pod]) -> None:
        """Take over what is known now; start times and the first readiness of a pod are kept."""
        for pod in pods:
            if pod.deleted is not None and pod.deleted < self._forgotten:
                continue
            known = self._by_name.setdefault(pod.name, [])
            before = next((each for each in known if each.uid == pod.uid), None)
            if before is pod:
                continue
            others = [each for each in known if each.uid != pod.uid]
            self._by_name[pod.name] = sorted([*others, _merged(before, pod)], key=lambda each: (each.created, each.uid))

    def forget(self, before: float) -> list[Pod]:
        """Let go of the pods that were deleted before this time (Unix seconds); they are returned."""
        self._forgotten = max(self._forgotten, before)
        gone = [
            pod for pods in self._by_name.values() for pod in pods if pod.deleted is not None and pod.deleted < before
        ]
        for pod in gone:
            left = [each for each in self._by_name[pod.name] if each.uid != pod.uid]
            if left:
                self._by_name[pod.name] = left
            else:
                del self._by_name[pod.name]
        return gone

    def at(self, name: str, time: float) -> Pod | None:
        """The pod that bore this name at this time (Unix seconds), or None."""
        pods = self._by_name.get(name, ())
        if len(pods) == 1 and pods[0].created <= time:
            return pods[0]
        began = [pod for pod in pods if pod.created <= time]
        if began:
            return began[-1]
        return pods[0] if pods and time >= pods[0].created - CLOCKS else None

    def __bool__(self) -> bool:
        return bool(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def bearing(self, label: str, value: str, at: float) -> tuple[str, ...]:
        """Revisions whose pods bear this value of a label at this time (Unix seconds)."""
        return bearers((pod for pods in self._by_name.values() for pod in pods), label, value, at)

    def youngest(self, revision: str, at: float) -> float | None:
        """When the youngest pod of a revision became Ready, of those that were by then (Unix seconds)."""
        ready = (pod.ready_since for pods in self._by_name.values() for pod in pods if pod.revision == revision)
        return max((each for each in ready if each is not None and each <= at), default=None)

    def names(self, since: float) -> list[str]:
        """Names of pods that existed at `since` or later, sorted."""
        return sorted(
            name
            for name, pods in self._by_name.items()
            if any(pod.deleted is None or pod.deleted >= since for pod in pods)
        )

    def of_revision(self) -> dict[str, list[Pod]]:
        """Pods by the name of their revision."""
        found: dict[str, list[Pod]] = {}
        for pods in self._by_name.values():
            for pod in pods:
                found.setdefault(pod.revision, []).append(pod)
        return found


def _merged(before: Pod | None, pod: Pod) -> Pod:
    if before is None:
        return pod
    ready = [each for each in (before.ready_since, pod.ready_since) if each is not None]
    return replace(
        pod,
        started=tuple(sorted({*before.started, *pod.started})),
        ready_since=min(ready, default=None),
        deleted=pod.deleted if pod.deleted is not None else before.deleted,
    )
