"""How long the way through Git takes: as measured for an application, or as assumed."""

from __future__ import annotations

from collections import defaultdict, deque
from statistics import median

from watcher.core.gitops import ASSUMED, Application

KEPT = 5
"""Ways of an application that are remembered."""


class Durations:
    """Remembers the last ways of each application, from the push until the cluster was as Git says."""

    def __init__(self) -> None:
        self._measured: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))

    def note(self, application: Application, seconds: float) -> None:
        """It took this long just now."""
        self._measured[str(application)].append(seconds)

    def seconds(self, application: Application) -> float:
        """As long as it mostly takes."""
        measured = self.measured(application)
        return ASSUMED if measured is None else measured

    def measured(self, application: Application) -> float | None:
        """The same where it was measured, None where it was not."""
        measured = self._measured.get(str(application))
        return median(measured) if measured else None
