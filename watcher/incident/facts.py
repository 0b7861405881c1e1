"""What a note is made of: plain values, read from the decision log.  Times are Unix seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from watcher.core.judging.course import Course
from watcher.core.policy import Policy
from watcher.core.state import Decision, Watch

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline: what `moved`, in the words of the log, and what it came to."""

    at: float
    moved: str
    text: str


@dataclass(frozen=True, slots=True)
class Notified:
    """Something that was told to people: over which channel, and whether it arrived (empty: it still waits)."""

    at: float
    channel: str
    title: str
    result: str


@dataclass(frozen=True, slots=True)
class Incident:
    """All that the log holds of a decision.

    `document` is the decision as the HTTP API gives it.  `watch` and `decision` are as the newest record has them, None
    where the log keeps none any more; `policy` what was in force then.  `cluster` is the name by which people
    were told.
    """

    document: Document
    watch: Watch | None = None
    decision: Decision | None = None
    policy: Policy | None = None
    timeline: tuple[Event, ...] = ()
    left_out: int = 0  # events, where there are too many
    notified: tuple[Notified, ...] = ()
    cluster: str = ""
    residue: tuple[str, ...] = field(default=())  # what attempts said of what they leave behind

    @property
    def id(self) -> str:
        """Id of the decision."""
        return str(self.document["id"])

    @property
    def workload(self) -> str:
        """Kind/namespace/name."""
        return str(self.document["workload"])

    @property
    def decided_at(self) -> float:
        """When it was decided."""
        return float(self.document["at"])

    @property
    def bad_since(self) -> float | None:
        """Start of the first bad block."""
        return self.document.get("first_bad_at")

    @property
    def began(self) -> float | None:
        """When the release began."""
        return self.watch.release.began if self.watch is not None else None

    @property
    def ended_at(self) -> float | None:
        """When the watch ended, be it recovered or not."""
        return self.watch.ended_at if self.watch is not None else self.document.get("restored_at")

    @property
    def courses(self) -> tuple[Course, ...]:
        """How each check went over time."""
        return self.watch.courses if self.watch is not None else ()
