"""What a person should know of a recording: what was derived, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from watcher.adapters.kubernetes.past import Past
from watcher.core.measuring.presence import UP
from watcher.core.words import Kind
from watcher.recorder import living
from watcher.recorder.decision_log import Told
from watcher.recorder.gathering import Samples
from watcher.recorder.labels import Hidden
from watcher.recorder.pods import Pods
from watcher.recorder.selection import Selection
from watcher.recorder.timeline import Entry, Timeline
from watcher.recorder.workload import slim
from watcher.replay.openmetrics import NAME

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Found:
    """Everything that was found for a recording from `start` on; `chosen` is what was asked for of the metrics."""

    start: float
    past: Past
    told: Told
    line: Timeline
    pods: Pods
    samples: Samples
    chosen: Sequence[Selection]
    hidden: Hidden

    def is_open(self, entry: Entry) -> bool:
        """Whether it began in the recording, and nobody knows whether it was ever rolled out."""
        return entry.created > self.start and entry.rolled_out is None

    def returned(self) -> list[str]:
        """Revisions that came back, and of which the decision log does not say when."""
        known: set[str] = set()
        back: list[str] = []
        for each in self.line.entries:
            if each.revision in known and each.number not in self.told.began:
                back.append(each.revision)
            known.add(each.revision)
        return back


def notes(found: Found) -> list[str]:
    """All of it, a line each."""
    lines = [f"derived: {each}" for each in _derived(found)]
    lines += [f"missing: {each}" for each in (*_unknown(found), *_left_out(found), *_without_samples(found))]
    return [" ".join(each.split()) for each in lines]  # what people wrote into annotations may be of several lines


def _derived(found: Found) -> Iterator[str]:
    if found.pods.derived:
        yield f"from the samples of pods that are gone, when they came or went: {_some(found.pods.derived)}"
    if found.pods.readiness:
        yield f"from the first sample, since when these pods were Ready: {_some(found.pods.readiness)}"
    if found.returned():
        yield f"from the first pod that was made again, when these revisions came back: {_some(found.returned())}"
    if not found.told.desired:
        yield f"the number of replicas, {slim(found.past).desired}, is that of now"


def _unknown(found: Found) -> Iterator[str]:
    if found.pods.unsure:
        yield f"pods of which it is not sure what revision they were of: {_some(found.pods.unsure)}"
    if found.line.lost:
        yield f"the return of revision {_some(found.line.lost)}: nobody knows when that was"
    restarts = sum(living.forgotten(raw) for raw in found.past.pods)
    if restarts and not found.told.pods:
        yield f"{restarts} restarts before the last one of their container"
    rollout = slim(found.past).rollout
    if rollout is not None and rollout.routed and not found.told.weights:
        yield "the router's weights: the share of Ready pods counts"
    if found.past.workload.kind is Kind.ROLLOUT and any(map(found.is_open, found.line.entries[:-1])):
        yield "when revisions of the Rollout were promoted: each begun after the start counts as a canary until the end"


def _left_out(found: Found) -> Iterator[str]:
    if found.line.own:
        own = _some(found.line.own)
        yield f"the return of revision {own}, which watcher itself brought about: a replay takes its own way back"
    hold = slim(found.past).hold
    if hold is not None:
        yield f"the hold that the workload carries now, for it may be newer: {hold.text}"
    if found.hidden.labels:
        yield f"values of labels that nothing needs, replaced by numbers: {', '.join(found.hidden.labels)}"


def _without_samples(found: Found) -> Iterator[str]:
    for each in found.chosen:
        if each not in found.samples.answered:
            native = "; native histograms cannot be recorded" if _is_of_buckets(each) else ""
            yield f"samples of {each.selector}: source {each.source} held none{native}"
    if not any(each.labels[NAME] == UP for each in found.samples.series()):
        yield "`up` with namespace and pod: a replay cannot tell what was not scraped from what had no request"


def _is_of_buckets(selection: Selection) -> bool:
    return selection.selector.partition("{")[0].endswith("_bucket")


def _some(names: Sequence[str]) -> str:
    unique = list(dict.fromkeys(names))
    more = f" and {len(unique) - _SHOWN} more" if len(unique) > _SHOWN else ""
    return ", ".join(unique[:_SHOWN]) + more
