"""The workload as recording.yaml has it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from watcher.adapters.kubernetes import rollouts, workloads
from watcher.adapters.kubernetes.fields import annotations_of, at, labels_of
from watcher.adapters.kubernetes.past import Past
from watcher.adapters.kubernetes.slim import SlimWorkload
from watcher.config.matching import PROTECTING_LABELS
from watcher.core.words import Kind
from watcher.recorder.facts import PodFacts, Restart
from watcher.recorder.timeline import Entry
from watcher.recorder.writing import moment

Document = dict[str, Any]

_PROJECT = {
    Kind.DEPLOYMENT: workloads.deployment,
    Kind.STATEFUL_SET: workloads.stateful_set,
    Kind.DAEMON_SET: workloads.daemon_set,
    Kind.ROLLOUT: rollouts.rollout,
}
_TRACKING = "argocd.argoproj.io/tracking-id"
_FLUX = ("helm.toolkit.fluxcd.io/", "kustomize.toolkit.fluxcd.io/")


def slim(past: Past) -> SlimWorkload:
    """The workload as the daemon projects it."""
    return _PROJECT[past.workload.kind](past.raw)


def workload_document(
    past: Past,
    entries: Iterable[Entry],
    pods: Iterable[PodFacts],
    replicas: Sequence[tuple[float, int]],
    weights: Sequence[tuple[float, int]],
) -> Document:
    """One entry of `workloads`.  Of labels and annotations only those are kept that decide something."""
    labels = {
        name: value
        for name, value in labels_of(past.raw).items()
        if name in PROTECTING_LABELS or name.startswith(_FLUX)
    }
    annotations = {name: value for name, value in annotations_of(past.raw).items() if name == _TRACKING}
    deadline = at(past.raw, "spec", "progressDeadlineSeconds")
    found: Document = {
        "workload": str(past.workload),
        "labels": labels,
        "annotations": annotations,
        "maxUnavailable": slim(past).max_unavailable,
        "progressDeadline": None if deadline is None else f"{deadline}s",
        "replicas": [{"at": moment(when), "desired": desired} for when, desired in replicas],
        "revisions": [_revision(each) for each in entries],
        "pods": [_pod(each) for each in sorted(pods, key=lambda pod: (pod.created, pod.name))],
        "weights": [{"at": moment(when), "canary": weight} for when, weight in weights],
    }
    return {key: value for key, value in found.items() if value not in (None, {}, [])}


def _revision(entry: Entry) -> Document:
    found = {
        "revision": entry.revision,
        "image": entry.image,
        "created": moment(entry.created),
        "rolledOut": _moment(entry.rolled_out),
        "knownGood": entry.known_good or None,
        "commit": entry.commit,
    }
    return {key: value for key, value in found.items() if value not in (None, "")}


def _pod(pod: PodFacts) -> Document:
    found = {
        "pod": pod.name,
        "revision": pod.revision,
        "node": pod.node,
        "created": moment(pod.created),
        "ready": _ready(pod.ready),
        "terminating": _moment(pod.terminating),
        "deleted": _moment(pod.deleted),
        "restarts": [_restart(each) for each in pod.restarts],
    }
    return {key: value for key, value in found.items() if value not in (None, "", [])}


def _ready(stretches: Sequence[tuple[float, float]]) -> str | list[Document]:
    if len(stretches) == 1 and stretches[0][1] == math.inf:
        return moment(stretches[0][0])
    return [
        {"from": moment(begin)} | ({} if until == math.inf else {"to": moment(until)}) for begin, until in stretches
    ]


def _restart(restart: Restart) -> Document:
    found = {"at": moment(restart.at), "reason": restart.reason, "back": _moment(restart.back)}
    return {key: value for key, value in found.items() if value is not None}


def _moment(at_: float | None) -> str | None:
    return None if at_ is None else moment(at_)
