"""Projects Flagger's Canaries: another controller that decides on releases of the workload that each names."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes.fields import Json, at, count
from watcher.core.model import Canary, Workload
from watcher.core.words import Kind

_KINDS = {"Deployment": Kind.DEPLOYMENT, "DaemonSet": Kind.DAEMON_SET}

THRESHOLD = 1
"""Failed checks at which Flagger rolls back where the Canary does not say."""


@dataclass(frozen=True, slots=True)
class SlimCanary:
    """A Canary, and the workload that it governs."""

    workload: Workload
    canary: Canary


def canary(raw: Json) -> SlimCanary | None:
    """Project a Canary; None for one that governs nothing that is watched, or is suspended: it decides nothing."""
    kind = _KINDS.get(at(raw, "spec", "targetRef", "kind") or "")
    name = at(raw, "spec", "targetRef", "name")
    if kind is None or not name or at(raw, "spec", "suspend"):
        return None
    metadata = raw["metadata"]
    found = Canary(
        name=metadata["name"],
        phase=at(raw, "status", "phase") or "",
        failed=count(raw, "status", "failedChecks"),
        threshold=_threshold(raw),
    )
    return SlimCanary(Workload(kind, metadata["namespace"], name), found)


def _threshold(raw: Json) -> int:
    """Of the analysis, under its present or its former name."""
    found = (count(raw, "spec", part, "threshold") for part in ("analysis", "canaryAnalysis"))
    return next((each for each in found if each > 0), THRESHOLD)
