"""Freeze windows that are open now, as the thresholds file in force has them."""

from __future__ import annotations

from collections.abc import Callable

from watcher.config.freezes import Freeze
from watcher.core.model import Frozen, WorkloadView
from watcher.core.policy import Subject

MINUTE = 60.0
"""Seconds.  A window opens on a full minute, so that one look a minute finds it."""


class Freezes:
    """Asked at each step of each workload: what is open is found once a minute, and after each change of the file."""

    def __init__(self, configured: Callable[[], tuple[Freeze, ...]]) -> None:
        self._configured = configured
        self._looked: tuple[float, tuple[Freeze, ...]] | None = None
        self._found: tuple[tuple[Freeze, Frozen], ...] = ()

    def open(self, now: float) -> tuple[Frozen, ...]:
        """Those that are open at `now` (Unix seconds), whatever workloads they are for."""
        return tuple(found for _, found in self._open(now))

    def on(self, view: WorkloadView, now: float) -> tuple[Frozen, ...]:
        """Those that are open at `now` and for this workload."""
        windows = self._open(now)
        if not windows:
            return ()
        workload = view.workload
        subject = Subject(workload.kind, workload.namespace, workload.name, dict(view.labels))
        return tuple(found for window, found in windows if window.concerns(subject))

    def _open(self, now: float) -> list[tuple[Freeze, Frozen]]:
        looked = (now // MINUTE, self._configured())
        if looked != self._looked:
            found = ((window, window.open_at(now)) for window in looked[1])
            self._looked, self._found = looked, tuple((window, each) for window, each in found if each is not None)
        return [(window, found) for window, found in self._found if now < found.until]
