"""Incidents with a decision log: simulated workloads, whose steps are recorded as the daemon records them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from tests.core.argo import ManagedWorld
from tests.core.world import World
from watcher.adapters.store.memory import MemoryStore
from watcher.config import Thresholds, loads
from watcher.core.model import Observation
from watcher.core.state import WorkloadState
from watcher.core.turn import Step
from watcher.daemon.journal import Taken, as_commit
from watcher.daemon.notices import Notices
from watcher.daemon.telemetry import Telemetry
from watcher.ports import DELIVERED, Commit, Told

THRESHOLDS = """
version: 1
cluster: prod-eu-1
mode: act
sources: {main: {url: "http://prometheus.monitoring:9090"}}
checks: {errors: {total: requests_total, bad: {code: "5.."}, max: 1%, increase: 2x}}
services: [{match: {namespace: shop}, checks: {errors: {}}}]
notifications: {oncall: {webhook: {url: "https://events.example.com/watcher", secretFile: /etc/watcher/secret}}}
"""


@dataclass
class Recording:
    """What the daemon would have written into its log."""

    log: MemoryStore = field(default_factory=MemoryStore)
    thresholds: Thresholds = field(default_factory=lambda: loads(THRESHOLDS))

    def keep(self, taken: Taken) -> None:
        """Record a step with its notifications, which are delivered at once."""
        if not taken.step.moved:
            return
        notices = Notices(lambda: self.thresholds, Telemetry()).of(taken)
        self.log.commit(replace(as_commit([taken]), notifications=notices))
        self.log.commit(Commit(told=tuple(Told(each.key, DELIVERED, each.at) for each in notices)))


class Recorded(World):
    """A workload that nobody manages."""

    recording: Recording

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        super().check(before, observation, taken)
        if not hasattr(self, "recording"):
            self.recording = Recording()
        self.recording.keep(Taken(before, observation, self.now, self.policy, taken))

    @property
    def log(self) -> MemoryStore:
        return self.recording.log


class RecordedManaged(ManagedWorld):
    """A workload that Argo CD keeps as Git says."""

    recording: Recording

    def check(self, before: WorkloadState | None, observation: Observation, taken: Step) -> None:
        super().check(before, observation, taken)
        if not hasattr(self, "recording"):
            self.recording = Recording()
        self.recording.keep(Taken(before, observation, self.now, self.policy, taken))

    @property
    def log(self) -> MemoryStore:
        return self.recording.log
