"""Pods that are gone from the API server, told from the series that they left where that is sure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.recorder.facts import PodFacts
from watcher.recorder.names import Names
from watcher.recorder.timeline import Entry

Trace = Sequence[float]
"""Times at which a pod was seen, Unix seconds, sorted."""

_USUAL = 15.0
LONG = 3600.0
"""Seconds after which a revision of a StatefulSet or DaemonSet is taken to be everywhere."""


@dataclass(frozen=True, slots=True)
class Derived:
    """Pods told from their series, and names of those of which it is not sure what they were."""

    pods: tuple[PodFacts, ...]
    unsure: tuple[str, ...]


def derive(
    workload: Workload, names: Names, entries: Sequence[Entry], known: Sequence[PodFacts], traces: Mapping[str, Trace]
) -> Derived:
    """Pods that left traces and are not known.  `entries` are the revisions, oldest first."""
    pods: list[PodFacts] = []
    unsure: list[str] = []
    for name, trace in sorted(traces.items()):
        of_name = [each.created for each in known if each.name == name]
        if workload.kind is not Kind.STATEFUL_SET and of_name:
            continue
        left = _before(trace, min(of_name, default=math.inf))
        if not left:
            continue
        revision = _revision(workload, names, name, entries, left)
        if revision:
            pods.append(ended(PodFacts(name, revision, left[0], ready=((left[0], math.inf),)), left))
        else:
            unsure.append(name)
    return Derived(tuple(pods), tuple(unsure))


def _before(trace: Trace, at: float) -> Trace:
    return [each for each in trace if each < at]


def _revision(workload: Workload, names: Names, name: str, entries: Sequence[Entry], trace: Trace) -> str:
    """The revision of which a pod must have been; empty where that is not sure.

    Names of ReplicaSets tell it.  Those of the other kinds do not: there it is the revision that was in force when the
    pod was seen first, if it had been for long, and if one release at the most came while the pod was seen: the one
    that replaced it.
    """
    wanted = names.revisions_of(name) or set()
    if workload.kind in (Kind.DEPLOYMENT, Kind.ROLLOUT):
        known = {each.revision for each in entries}
        return next(iter(wanted)) if len(wanted) == 1 and wanted <= known else ""
    current = [each for each in entries if each.created <= trace[0]]
    later = [each for each in entries if trace[0] < each.created <= trace[-1] + interval(trace)]
    if "" not in wanted or not current or len(later) > 1:
        return ""
    settled = len(current) == 1 or trace[0] - current[-1].created >= LONG
    return current[-1].revision if settled else ""


def ended(pod: PodFacts, trace: Trace) -> PodFacts:
    """A pod of which only its trace tells when it went: by the time at which it was missed first.

    An earlier time could lie before the release that replaced it.  Without a trace it is left as it is.
    """
    seen = [each for each in trace if each >= pod.created]
    if pod.deleted is not None or not seen:
        return pod
    missed = seen[-1] + interval(trace)
    return replace(pod, terminating=missed if pod.terminating is None else pod.terminating, deleted=missed)


def interval(trace: Trace) -> float:
    """Seconds between two samples, as usual in a trace."""
    gaps = [later - earlier for earlier, later in pairwise(trace) if later > earlier]
    return median(gaps) if gaps else _USUAL


def first_seen(trace: Trace, created: float) -> float | None:
    """When a pod that was made at `created` was seen first."""
    return next((each for each in trace if each >= created), None)
