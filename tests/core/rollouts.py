"""A simulated Argo Rollout: canary with or without traffic routing, blue-green."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from tests.core.cluster import Cluster
from watcher.core.model import RolloutStatus
from watcher.core.words import Kind


@dataclass
class SimulatedRollout(Cluster):
    """Stops at `weight` percent until somebody promotes it, or it is aborted."""

    kind: Kind = Kind.ROLLOUT
    strategy: str = "canary"
    routed: bool = False
    stable: str = ""  # template
    weight: int = 25
    aborted: bool = False
    idle_when_aborted: bool = False  # spec.paused: an abort is taken and basic ReplicaSets do not move
    promote_full: bool = False
    analysis: str = ""
    invalid_spec: bool = False
    deaf: int = 0  # aborts and promotions that are answered and lost

    def apply(self, template: str, now: float) -> None:
        super().apply(template, now)
        self.aborted = self.promote_full = False

    def settle(self, now: float) -> None:
        super().settle(now)
        self.stable = self.current.template

    def abort(self) -> None:
        """The status says abort; the controller may lose it."""
        if self.deaf:
            self.deaf -= 1
        elif self.in_progress:
            self.aborted = True

    def retry(self) -> None:
        """Somebody sets it going again after an abort, or changes its steps."""
        self.aborted = False

    def promote(self) -> None:
        """All steps at once."""
        if self.deaf:
            self.deaf -= 1
        elif self.in_progress:
            self.promote_full, self.aborted = True, False

    @property
    def in_progress(self) -> bool:
        return bool(self.stable) and self.stable != self.current.template

    def tick(self, now: float) -> None:
        self.pods = [self._started(pod, now) for pod in self.pods]
        canaries = self._canaries()
        self._scale(self.current.template, canaries, now)
        if not self.in_progress:
            self.pods = self.of(self.current.template)
        elif self.strategy == "canary" and not self.routed:
            self._scale(self.stable, self.desired - canaries, now)
        fresh = [pod for pod in self.of(self.current.template) if pod.ready]
        if self.promote_full and len(fresh) >= self.desired:
            self.stable, self.promote_full = self.current.template, False
            self.pods = fresh

    def status(self) -> RolloutStatus:
        active = self.stable
        return RolloutStatus(
            strategy=self.strategy,
            stable=f"hash-{self.stable}" if self.stable else "",
            current=self.current.name,
            abort=self.aborted,
            aborted_at="2026-01-01T00:00:00Z" if self.aborted else "",
            promote_full=self.promote_full,
            invalid_spec=self.invalid_spec,
            analysis=self.analysis,
            routed=self.routed,
            canary_weight=self._weight() if self.routed else None,
            active_selector=f"hash-{active}" if self.strategy == "blueGreen" else "",
        )

    def _weight(self) -> int:
        if not self.in_progress or self.aborted:
            return 0
        return 100 if self.promote_full else self.weight

    def _canaries(self) -> int:
        if not self.in_progress or self.promote_full:
            return self.desired
        if self.aborted and not self.idle_when_aborted:
            return 0
        return self.desired if self.strategy == "blueGreen" else math.ceil(self.desired * self.weight / 100)

    def _scale(self, template: str, wanted: int, now: float) -> None:
        have = self.of(template)
        for pod in have[wanted:]:
            self.delete(pod.name, pod.uid)
        for _ in range(wanted - len(have)):
            self.pods.append(replace(self._pod(now, self.made, template)))
