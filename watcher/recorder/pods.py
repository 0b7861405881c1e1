"""All pods of a recording, from the API server, the decision log and the series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from watcher.adapters.kubernetes.past import Past
from watcher.recorder import living
from watcher.recorder.decision_log import Told
from watcher.recorder.facts import PodFacts, joined
from watcher.recorder.names import Names
from watcher.recorder.selection import LEAD
from watcher.recorder.timeline import Entry
from watcher.recorder.traces import Trace, derive, ended, first_seen


@dataclass(frozen=True, slots=True)
class Known:
    """Pods by uid: those that the API server still has (`here`), and all that are known with their names."""

    here: frozenset[str]
    facts: Mapping[str, PodFacts]


@dataclass(slots=True)
class Pods:
    """The pods of a recording; names of those that were told from series, of which it is not sure what they were, and
    of those whose readiness was told from series."""

    pods: list[PodFacts] = field(default_factory=list)
    derived: list[str] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)
    readiness: list[str] = field(default_factory=list)


def known(past: Past, told: Told) -> Known:
    """What API server and log know."""
    here = dict(each for raw in past.pods if (each := living.facts(raw)) is not None)
    both = {uid: joined(pod, told.pods[uid]) if uid in told.pods else pod for uid, pod in here.items()}
    return Known(frozenset(here), {**told.pods, **both})


def pods(
    past: Past,
    names: Names,
    found: Known,
    entries: Sequence[Entry],
    traces: Mapping[str, Trace],
    period: tuple[float, float],
) -> Pods:
    """The pods of [start, end] (`period`) and of the time before it that is read too."""
    start, end = period
    everything = Pods()
    for uid, pod in found.facts.items():
        everything.pods.append(_completed(pod, traces.get(pod.name, ()), uid in found.here, everything))
    told = derive(past.workload, names, entries, list(found.facts.values()), traces)
    everything.pods += told.pods
    everything.derived = [each.name for each in told.pods]
    everything.unsure = list(told.unsure)
    revisions = {each.revision for each in entries}
    everything.unsure += [each.name for each in everything.pods if each.revision not in revisions]
    everything.pods = list(_within(everything.pods, revisions, start - LEAD, end))
    return everything


def _completed(pod: PodFacts, trace: Trace, here: bool, everything: Pods) -> PodFacts:  # noqa: FBT001 - of the two only
    if any(begin == -math.inf for begin, _ in pod.ready):
        everything.readiness.append(pod.name)
        pod = pod.begun(first_seen(trace, pod.created))
    if not here and pod.deleted is None:
        everything.derived.append(pod.name)
        return ended(pod, trace)
    return pod


def _within(found: Sequence[PodFacts], revisions: set[str], earliest: float, end: float) -> Iterator[PodFacts]:
    seen: set[tuple[str, float]] = set()
    for pod in found:
        gone = pod.deleted is not None and pod.deleted < earliest
        key = (pod.name, pod.created)
        if pod.revision in revisions and pod.created <= end and not gone and key not in seen:
            seen.add(key)
            yield pod.until(end)
