"""Which revision a sample belongs to whose series names a version or a role, and no pod."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from watcher.core.measuring import patterns
from watcher.core.model import Pod, RolloutStatus
from watcher.core.policy import Identify

HASH_LABELS = ("pod-template-hash", "rollouts-pod-template-hash")
"""Labels of pods whose value is the name of the revision, as long as a ReplicaSet made them."""

LINGER = 120.0
"""Seconds after a pod's end for which requests that bear its version may still be its own: what is in scrapes."""

_ENDINGS = ("version", "revision")


def names_a_version(label: str) -> bool:
    """Whether pods are kept with this label: those that people, Helm, Istio and the like write the version into."""
    return label.rpartition("/")[2].endswith(_ENDINGS) or label in HASH_LABELS


def version_of(pod: Pod, label: str) -> str:
    """What the pod's label says; empty where it has none."""
    return pod.revision if label in HASH_LABELS else dict(pod.versions).get(label, "")


def bearers(pods: Iterable[Pod], label: str, value: str, at: float) -> tuple[str, ...]:
    """Names of the revisions whose pods bear this value of the label at this time (Unix seconds), sorted.

    Where none of them lives then, those that did before.
    """
    known = [pod for pod in pods if pod.created <= at and version_of(pod, label) == value]
    alive = [pod for pod in known if pod.deleted is None or pod.deleted + LINGER >= at]
    return tuple(sorted({pod.revision for pod in alive or known}))


@dataclass(frozen=True, slots=True)
class Roles:
    """What the roles of a release mean: `canary` and `stable` are names of revisions.

    Valid from `since` on, for the canary until the release was aborted, for both until it was promoted (Unix seconds).
    """

    canary: str
    stable: str
    since: float
    aborted: float = math.inf
    promoted: float = math.inf

    def revision(self, identify: Identify, role: str, at: float) -> str:
        """The revision that the role means at this time; empty: none that is known."""
        if not self.since <= at < self.promoted:
            return ""
        if fits(identify.canary, role):
            return self.canary if at < self.aborted else ""
        return self.stable if fits(identify.stable, role) else ""


def roles(rollout: RolloutStatus | None, revision: str, before: str, since: float) -> Roles | None:
    """The roles of the release of `revision` after the revision `before`, begun at `since`; None: there are none.

    Only a Rollout's controller says which version is the canary.  Where it does not say when it promoted one, nothing
    is known of the time before either.  Blue-green has none: its active Service serves the new version already while
    the old one still is the stable one.
    """
    if rollout is None or rollout.strategy != "canary" or not before or before == revision:
        return None
    aborted = math.inf if rollout.aborted is None else rollout.aborted
    if rollout.in_progress:
        return Roles(revision, before, since, aborted) if rollout.current == revision else None
    if rollout.promoted is None:
        return None
    return Roles(revision, before, since, aborted, rollout.promoted)


def fits(pattern: str, value: str) -> bool:
    """Whether a role's label fits a pattern; an empty one: whether the label is absent."""
    return _predicate(pattern)(value) if pattern else not value


_predicate = lru_cache(maxsize=1024)(patterns.predicate)
