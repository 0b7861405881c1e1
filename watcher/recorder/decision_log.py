"""What a decision log tells of a workload: its releases, ways back, known good revisions, and its pods as they were."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeVar

from watcher.adapters.store.documents import Document, decision_document, release_document
from watcher.core import record
from watcher.core.model import Observation, Pod, Workload, WorkloadView
from watcher.core.state import WorkloadState
from watcher.core.words import Provenance, Verdict
from watcher.ports import Rejected, StoreReader
from watcher.recorder.facts import SAME, PodFacts, Restart

_T = TypeVar("_T")
_MOST = 1000
_GOOD = (Provenance.PASSED, Provenance.SOAKED)


@dataclass(frozen=True, slots=True)
class WayBack:
    """An undo that watcher carried out: when, of the release of which number, and to which revision."""

    at: float
    number: int
    revision: str


@dataclass(slots=True)
class Told:
    """What the log holds of one workload; empty without a log.  Times are Unix seconds.

    `began` and `rolled_out` are by revision number.  `pods` are by uid.  `desired` and `weights` hold changes.
    """

    began: dict[int, float] = field(default_factory=dict)
    rolled_out: dict[int, float] = field(default_factory=dict)
    ways_back: list[WayBack] = field(default_factory=list)
    known_good: frozenset[str] = frozenset()
    pods: dict[str, PodFacts] = field(default_factory=dict)
    desired: list[tuple[float, int]] = field(default_factory=list)
    weights: list[tuple[float, int]] = field(default_factory=list)


def told(log: StoreReader, workload: Workload, uid: str, start: float, end: float) -> Told:
    """Everything it tells that concerns [start, end].  Raises Rejected for records of another version."""
    rows = [each for each in log.releases(str(workload), limit=_MOST) if each.id.startswith(f"{uid}/")]
    documents = [release_document(each) for each in rows]
    first = min((each.began for each in rows if each.began > start), default=start)
    found = Told(known_good=frozenset(_known_good(log, documents, uid, first)))
    for each in documents:
        number = _number(str(each["id"]))
        found.began.setdefault(number, float(each["began"]))
        if each.get("rolled_out_at") is not None:
            found.rolled_out[number] = float(each["rolled_out_at"])
    decisions = [decision_document(each) for each in log.decisions(str(workload), limit=_MOST)]
    found.ways_back = list(_ways_back(decisions, uid))
    for row in rows:
        if row.began <= end and (row.ended is None or row.ended >= start):
            for at, view in _views(log, row.id):
                _look(found, at, view)
    return found


def _number(release: str) -> int:
    """The revision's number in a release's id: `<uid>/<number>`, or `<uid>/<number>.<times>`."""
    text = release.rpartition("/")[2].partition(".")[0]
    return int(text) if text.isdecimal() else 0


def _known_good(log: StoreReader, releases: Iterable[Document], uid: str, by: float) -> Iterator[str]:
    """Revisions that had passed or soaked `by` the first release of the recording, of which a whole second is told."""
    for each in releases:
        if each["verdict"] == Verdict.PASS and each["ended"] is not None and math.floor(each["ended"]) <= by:
            yield str(each["revision"])
    for stored in log.states():
        if stored.uid == uid:
            state = _decoded(WorkloadState, stored.state)
            yield from (
                one.revision for one in state.known_good if one.provenance in _GOOD and math.floor(one.since) <= by
            )


def _ways_back(decisions: Iterable[Document], uid: str) -> Iterator[WayBack]:
    for each in decisions:
        undo = next((rung for rung in each.get("rungs") or () if rung["rung"] == "undo" and rung["taken"]), None)
        if undo is not None and each["target"] and str(each["release"]).startswith(f"{uid}/"):
            yield WayBack(float(undo["at"]), _number(str(each["release"])), str(each["target"]["revision"]))


def _views(log: StoreReader, release: str) -> Iterator[tuple[float, WorkloadView]]:
    for each in log.transitions(release):
        view = _decoded(Observation, each.observation).view
        if view is not None:
            yield each.at, view


def _decoded(kind: type[_T], data: bytes) -> _T:
    try:
        found: _T = record.decode(kind, data)
    except record.RecordError as error:
        raise Rejected(
            f"the decision log holds a record that this version cannot read: {error}; record without --store, or with "
            "the version that wrote it"
        ) from error
    return found


def _look(found: Told, at: float, view: WorkloadView) -> None:
    if not found.desired or found.desired[-1][1] != view.desired:
        found.desired.append((at, view.desired))
    weight = view.rollout.canary_weight if view.rollout is not None and view.rollout.routed else None
    if weight is not None and (not found.weights or found.weights[-1][1] != weight):
        found.weights.append((at, weight))
    for pod in view.pods:
        known = found.pods.get(pod.uid) or PodFacts(pod.name, pod.revision, pod.created)
        found.pods[pod.uid] = seen(known, pod, at)


def seen(known: PodFacts, pod: Pod, at: float) -> PodFacts:
    """What is known of a pod after it was seen like this at `at`, Unix seconds."""
    return replace(
        known,
        revision=pod.revision or known.revision,
        node=pod.node or known.node,
        ready=_ready(known, pod, at),
        terminating=pod.terminating if pod.terminating is not None else known.terminating,
        deleted=pod.deleted if pod.deleted is not None else known.deleted,
        restarts=_restarts(known, pod),
    )


def _ready(known: PodFacts, pod: Pod, at: float) -> tuple[tuple[float, float], ...]:
    stretches = list(known.ready)
    open_since = stretches[-1][0] if stretches and stretches[-1][1] == math.inf else None
    if open_since is not None and open_since != pod.ready_since:
        left = pod.unready_since if pod.unready_since is not None else pod.ready_since
        stretches[-1] = (open_since, at if left is None else max(left, open_since))
    if pod.ready_since is not None and open_since != pod.ready_since:
        stretches.append((pod.ready_since, math.inf))
    return tuple(stretches)


def _restarts(known: PodFacts, pod: Pod) -> tuple[Restart, ...]:
    """Each further start of a container, and the wait for one; when the container before had ended is not told."""
    found = list(known.restarts)
    for start in pod.started[1:]:
        if found and found[-1].back is None:
            found[-1] = replace(found[-1], back=start)
        elif all(abs((each.back or each.at) - start) > SAME for each in found):
            found.append(Restart(start, pod.terminated or "Error", start))
    if pod.waiting and not (found and found[-1].back is None):
        last = found[-1].at if found else pod.created
        found.append(Restart(max(last, pod.unready_since or pod.created), pod.waiting))
    return tuple(found)
