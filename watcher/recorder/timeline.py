"""Revisions in the order in which the workload's spec asked for them, with an old template that came back again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from watcher.adapters.kubernetes import marks
from watcher.adapters.kubernetes.fields import Json, annotations_of, at, condition, seconds
from watcher.adapters.kubernetes.past import Past
from watcher.adapters.kubernetes.revisions import NUMBER, controller_revision, replica_set
from watcher.core.model import Revision
from watcher.core.words import Kind
from watcher.recorder.decision_log import Told
from watcher.recorder.facts import PodFacts

_SETS = (Kind.STATEFUL_SET, Kind.DAEMON_SET)


@dataclass(frozen=True, slots=True)
class Entry:
    """The spec asked for this revision from `created` on, Unix seconds; `number` is the controller's."""

    revision: str
    image: str
    created: float
    number: int
    rolled_out: float | None = None
    known_good: bool = False
    commit: str = ""


@dataclass(slots=True)
class Timeline:
    """All entries, oldest first.

    `own` are returns that watcher itself brought about and that are left out, `lost` those of which nobody knows when.
    """

    entries: list[Entry] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A revision as its controller keeps it, with all the numbers that it has had and watcher's mark on it."""

    revision: Revision
    numbers: tuple[int, ...]
    undo: str


def timeline(past: Past, told: Told, pods: Sequence[PodFacts], end: float) -> Timeline:
    """The entries up to `end`; `pods` are those that are known, by which a return is found."""
    found = Timeline()
    kept = sorted(_kept(past), key=lambda each: each.revision.created)
    for each in kept:
        found.entries.append(_entry(each, min(each.numbers), each.revision.created))
    returns = [(number, each) for each in kept for number in each.numbers if number != min(each.numbers)]
    explained: set[str] = set()
    for number, each in sorted(returns, key=lambda one: one[0]):
        _add_return(found, each, number, told, pods, explained)
    found.entries = [_completed(each, past, told) for each in found.entries if each.created <= end]
    return found


def replica_sets(past: Past) -> dict[str, str]:
    """Names of the ReplicaSets with the revision of their pods; empty for kinds without any."""
    if past.workload.kind in _SETS:
        return {}
    projected = ((each["metadata"]["name"], replica_set(each)) for each in past.revisions)
    return {name: slim.revision.name for name, slim in projected if slim is not None}


def _kept(past: Past) -> Iterator[_Kept]:
    project = controller_revision if past.workload.kind in _SETS else replica_set
    projected = [(raw, slim.revision) for raw in past.revisions if (slim := project(raw)) is not None]
    for raw, revision in projected:
        others = [one for _, one in projected if one.number < revision.number]
        undo = annotations_of(raw).get(marks.UNDO, "")
        if past.workload.kind in _SETS:
            back = any(one.created > revision.created for one in others)
            numbers = (0, revision.number) if back else (revision.number,)
            yield _Kept(revision, numbers, annotations_of(past.raw).get(marks.UNDO, ""))
        else:
            yield _Kept(revision, _numbers(raw, past, revision.number), undo)


def _numbers(raw: Json, past: Past, number: int) -> tuple[int, ...]:
    """The number in force and those that it had before, which the controller keeps beside it."""
    former = annotations_of(raw).get(f"{NUMBER[past.workload.kind]}-history", "")
    return (*(int(each) for each in former.split(",") if each.isdecimal() and int(each) < number), number)


def _entry(kept: _Kept, number: int, created: float) -> Entry:
    images = kept.revision.images
    return Entry(kept.revision.name, images[0] if images else "", created, number, commit=kept.revision.commit)


def _add_return(
    found: Timeline, kept: _Kept, number: int, told: Told, pods: Sequence[PodFacts], explained: set[str]
) -> None:
    name = kept.revision.name
    if number not in told.began and _is_own(kept, number, told, explained):
        found.own.append(name)
        return
    before = max((each.created for each in found.entries if each.number < number), default=kept.revision.created)
    after = min((each.created for each in found.entries if each.number > number), default=math.inf)
    made = [each.created for each in pods if each.revision == name and before < each.created < after]
    created = told.began.get(number, min(made, default=None))
    if created is None:
        found.lost.append(name)
        return
    found.entries.append(_entry(kept, number, created))
    found.entries.sort(key=lambda each: each.created)


def _is_own(kept: _Kept, number: int, told: Told, explained: set[str]) -> bool:
    """Whether watcher put it back: by the log, or by the first return that bears the mark of an undo."""
    if told.began or told.ways_back:
        return any(each.revision == kept.revision.name and each.number < number for each in told.ways_back)
    if not kept.undo or kept.undo in explained:
        return False
    explained.add(kept.undo)
    return True


def _completed(entry: Entry, past: Past, told: Told) -> Entry:
    """With what is known of its end and standing."""
    rolled_out = told.rolled_out.get(entry.number)
    if rolled_out is None and past.workload.kind is Kind.ROLLOUT:
        rolled_out = _promoted(entry, past.raw)
    if rolled_out is not None and rolled_out < entry.created:
        rolled_out = None
    return replace(entry, rolled_out=rolled_out, known_good=entry.revision in told.known_good)


def _promoted(entry: Entry, raw: Json) -> float | None:
    """When the stable revision of a Rollout was promoted, as the Rollout itself says."""
    state = condition(raw, "Completed")
    if at(raw, "status", "stableRS") != entry.revision or state.get("status") != "True":
        return None
    return seconds(state.get("lastTransitionTime"))
