"""What the preflight is given to ask with, and how far it may go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.keeping import ControlPlanes
from watcher.adapters.prometheus.about import About
from watcher.config import Thresholds
from watcher.core.model import Workload, WorkloadView
from watcher.core.policy import Policy, Source, Subject
from watcher.core.state import KnownGood
from watcher.doctor.gathering.branches import Branches
from watcher.ports import MetricsSource
from watcher.ports.flags import Flags

DAY = 86400.0


class Questioned(MetricsSource, Protocol):
    """A metrics source that tells of itself, too."""

    async def about(self) -> About:
        """Version, retention, clock.  Raises Unavailable, Rejected."""

    async def close(self) -> None:
        """Let go of connections."""


Tell = Callable[[str], None]
"""Is told what is being asked now."""


async def _at_once() -> None:
    """Go on."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom to ask, and about what.

    `namespaces`: those that are watched; none: all.  `only`: the workloads to look at, by a predicate.  `account`: the
    ServiceAccount whose permissions are asked for, as namespace/name; empty: our own.  `known_good`: what the decision
    log holds; None where there is none to read.  `since`: seconds of ordinary operation to look back on.  `pause` is
    awaited before each check that a source is asked about.  `git`: by what repositories are asked; None: they are not.
    `flags`: by what providers of feature flags are asked; None: they are not.  `without_flag`: workloads of which it is
    known that they run with their flag off.  `planes`: where Argo CD and Flux are.
    """

    client: Client
    connect: Callable[[Source], Questioned]
    thresholds: Thresholds
    now: Callable[[], float]
    namespaces: tuple[str, ...] = ()
    own_namespace: str = ""
    account: str = ""
    read_only: bool = False
    only: Callable[[Workload], bool] = lambda _: True
    known_good: Mapping[Workload, tuple[KnownGood, ...]] | None = None
    store: Path | None = None
    since: float = DAY
    git: Branches | None = None
    flags: Flags | None = None
    without_flag: frozenset[Workload] = frozenset()
    planes: ControlPlanes = ControlPlanes()  # noqa: RUF009 - frozen
    tell: Tell = lambda _: None
    pause: Callable[[], Awaitable[None]] = _at_once

    @property
    def file(self) -> str:
        """Name of the thresholds file."""
        return self.thresholds.document.file

    def subject(self, view: WorkloadView) -> Subject:
        """The workload as the thresholds file sees it."""
        workload = view.workload
        return Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))

    def policy_of(self, view: WorkloadView) -> Policy | None:
        """What holds for it; None: no entry matches."""
        return self.thresholds.policy_for(self.subject(view))
