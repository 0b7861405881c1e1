"""Branches that were found to take no push of ours."""

from __future__ import annotations

from watcher.config.gitops import bare
from watcher.ports import Clock

REMEMBERED = 3600.0
"""Seconds: somebody may lift a protection, and a push finds out."""


class Protections:
    """Remembers refused pushes, so that the next revert asks for a pull request at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._refused: dict[tuple[str, str], tuple[float, str]] = {}

    def note(self, url: str, branch: str, why: str) -> None:
        """A push to the branch was refused now, or would be."""
        self._refused[bare(url), branch] = (self._clock.now(), why)

    def why(self, url: str, branch: str) -> str:
        """Why the branch takes no push; empty: nothing is known."""
        at, why = self._refused.get((bare(url), branch), (0.0, ""))
        return why if why and self._clock.now() - at < REMEMBERED else ""
