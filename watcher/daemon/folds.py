"""What is counted of one workload under watch: its pods, the scrapes of each source, one fold a check."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from watcher.core.measuring.counting import Counting
from watcher.core.measuring.podtable import PodTable
from watcher.core.measuring.presence import Presence
from watcher.core.model import Block, Workload, WorkloadView
from watcher.core.policy import By, CounterCheck, Identify, Policy, QueryCheck

HISTORY = 1800.0
"""Seconds before the release that are counted too, to compare with."""

LINGER = 900.0
"""Seconds of sample time that must have been counted since a pod was deleted before it is forgotten."""

FORGET_EVERY = 60.0
"""Seconds of sample time between two looks for pods to forget."""

GRACE = 60.0
"""Seconds for which a deleted pod's last samples may still be read."""


@dataclass(slots=True, eq=False)
class Folds:
    """The counting state of one watch.  Blocks stay in `outbox` until a poll has handed them over."""

    workload: Workload
    since: float
    pods: PodTable = field(default_factory=PodTable)
    presences: dict[str, Presence] = field(default_factory=dict)
    countings: dict[str, Counting] = field(default_factory=dict)
    outbox: list[Block] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)  # checks that cannot be counted, and why
    live_pods: bool = False
    forgotten: float = -math.inf  # pods deleted before this time are forgotten, Unix seconds

    def update(self, view: WorkloadView, policy: Policy, intervals: Mapping[str, float | None]) -> None:
        """Take over the pods as they are now, and the checks as configured now; a changed check begins anew."""
        self.pods.update(view.pods)
        self.live_pods = any(pod.deleted is None for pod in view.pods)
        wanted = {check.name: check for check in policy.checks if not isinstance(check, QueryCheck)}
        self.refused = []
        for name in self.countings.keys() - wanted.keys():
            del self.countings[name]
        for name, check in wanted.items():
            if name not in self.countings or self.countings[name].check != check:
                self._begin(check, intervals.get(check.source))

    def forget(self) -> None:
        """Let go of pods that are long gone and counted to their end by all checks: a watch may last for days.

        Only a check that is configured anew would want them again; of it nothing from so long ago is known then.
        """
        before = min((each.read_from() for each in self.countings.values()), default=-math.inf) - LINGER
        if before < self.forgotten + FORGET_EVERY:
            return
        self.forgotten = before
        gone = self.pods.forget(before)
        if not gone:
            return
        names = frozenset(pod.name for pod in gone)
        for presence in self.presences.values():
            presence.forget_pods(self.workload.namespace, names, self.pods, before)
        for counting in self.countings.values():
            counting.forget(gone, before)

    def _begin(self, check: CounterCheck, interval: float | None) -> None:
        self.presences.setdefault(check.source, Presence())
        try:
            self.countings[check.name] = Counting(check, self.workload.namespace, self.since - HISTORY, interval)
        except ValueError as error:
            self.countings.pop(check.name, None)
            self.refused.append(str(error))

    def of_source(self, source: str) -> list[Counting]:
        """What is counted from this source; what needs pods only once there are pods."""
        found = (each for each in self.countings.values() if each.check.source == source)
        return [each for each in found if self.pods or not each.check.identify.needs_pods]

    def due(self, source: str, at: float) -> list[Counting]:
        """What could have a new block at `at`."""
        return [each for each in self.of_source(source) if each.due(at)]

    def subjects(self, identify: Identify, since: float) -> list[str]:
        """Values of the label that names this workload's series: its pods, or the workload as the label spells it."""
        if identify.by is By.POD:
            return self.pods.names(since - GRACE)
        return label_values(identify, self.workload.name) if identify.by is not By.FIXED else []

    def problems(self) -> Iterator[str]:
        """What a person who asks `why` should know of the numbers."""
        yield from self.refused
        for name, counting in sorted(self.countings.items()):
            for text in _problems(counting):
                yield f"{name}: {text}"


_SHOWN = 5  # named in a problem, at the most


def _problems(counting: Counting) -> Iterator[str]:
    pods = sorted(counting.unresolved)
    if pods:
        more = f" and {len(pods) - _SHOWN} more" if len(pods) > _SHOWN else ""
        yield f"series that cannot be resolved are left out: {', '.join(pods[:_SHOWN])}{more}"
    yield from counting.contract.notes()
    odd = counting.oddities
    if odd.joined:
        yield f"{odd.joined} series are second readings of a counter (two jobs, an HA pair): joined, not added"
    if odd.regressions:
        yield f"{odd.regressions} lower values without a restart: taken for older readings"
    if odd.late:
        yield f"{odd.late} samples came after their block was closed: counted with the next sample of their series"


def label_values(identify: Identify, workload: str) -> list[str]:
    """What the label that names the workload may say for this one, sorted: `workload_of` turned round."""
    translated = dict(identify.map)
    names = {value for value, name in translated.items() if name == workload}
    if workload not in translated:
        names.add(workload)
    return sorted(names | {name + suffix for name in names for suffix in identify.strip})


def workload_of(identify: Identify, value: str) -> str:
    """The workload's name that a label value stands for."""
    suffix = next((each for each in identify.strip if value.endswith(each)), "")
    name = value.removesuffix(suffix)
    return dict(identify.map).get(name, name)
