"""What is known of branches: whether they take a push of ours."""

from __future__ import annotations

from watcher.config.gitops import bare
from watcher.ports import Clock

REMEMBERED = 3600.0
"""Seconds: somebody may lift a protection, and a push finds out."""


TAKEN_FOR_OPEN = 300.0
"""Seconds for which a branch that takes pushes is not asked about again: forges count requests."""


class Protections:
    """Remembers refused pushes, so that the next revert asks for a pull request at once; and that there is no need."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: dict[tuple[str, str], tuple[float, str]] = {}
        self._open: dict[tuple[str, str], float] = {}

    def note(self, url: str, branch: str, why: str) -> None:
        """A push to the branch was refused now, or would be."""
        self._refused[bare(url), branch] = (self._clock.now(), why)

    def why(self, url: str, branch: str) -> str:
        """Why the branch takes no push; empty: nothing is known."""
        at, why = self._refused.get((bare(url), branch), (0.0, ""))
        return why if why and self._clock.now() - at < REMEMBERED else ""

    def note_open(self, url: str, branch: str) -> None:
        """A push to the branch would be taken, as far as can be told beforehand."""
        self._open[bare(url), branch] = self._clock.now()

    def is_open(self, url: str, branch: str) -> bool:
        """Whether that was found lately."""
        at = self._open.get((bare(url), branch))
        return at is not None and self._clock.now() - at < TAKEN_FOR_OPEN
