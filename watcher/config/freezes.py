"""A freeze window as the process takes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from watcher.config import cron
from watcher.config.matching import Entry
from watcher.config.models_match import MatchSpec
from watcher.config.values import Duration
from watcher.core.model import Frozen
from watcher.core.words import Rung

if TYPE_CHECKING:
    from watcher.config.models_freezes import FreezeSpec
    from watcher.core.policy import Subject

UTC = "UTC"


@dataclass(frozen=True, slots=True, eq=False)
class Freeze:
    """One window: `start` and `lasts` (seconds) of one that comes again, `begin` and `end` of a single one."""

    name: str
    zone: ZoneInfo
    start: str
    lasts: float
    begin: datetime | None
    end: datetime | None
    rungs: tuple[Rung, ...]
    reason: str
    entry: Entry

    def concerns(self, subject: Subject) -> bool:
        """Whether it is for this workload."""
        return self.entry.matches(subject)

    def open_at(self, now: float) -> Frozen | None:
        """The window as it stands open at `now` (Unix seconds), or None."""
        since, until = self._newest(now)
        if since is None or not since <= now < until:
            return None
        return Frozen(self.name, until, self.reason, self.rungs)

    def _newest(self, now: float) -> tuple[float | None, float]:
        """From when till when it was open last, or is now."""
        if self.begin is not None and self.end is not None:
            return self.begin.timestamp(), self.end.timestamp()
        since = cron.last_due(self.start, self.zone, now)
        return since, (since or 0.0) + self.lasts

    def __str__(self) -> str:
        when = f"{self.start} for {Duration(self.lasts)}"
        if self.begin is not None and self.end is not None:
            when = f"{self.begin:%Y-%m-%dT%H:%M} until {self.end:%Y-%m-%dT%H:%M}"
        rungs = f", except {', '.join(self.rungs)}" if self.rungs else ""
        return f"{when} in {self.zone.key}{rungs}"


def freeze(name: str, spec: FreezeSpec) -> Freeze:
    """Compile a window without problems."""
    zone = ZoneInfo(spec.time_zone or UTC)
    exceptions = spec.exceptions.rungs if spec.exceptions is not None else None
    return Freeze(
        name=name,
        zone=zone,
        start=spec.start or "",
        lasts=float(spec.lasts or 0.0),
        begin=moment(spec.begin or "", zone),
        end=moment(spec.until or "", zone),
        rungs=tuple(Rung(each) for each in exceptions or ()),
        reason=spec.reason or "",
        entry=Entry.of(spec.match if spec.match is not None else MatchSpec()),
    )


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """A time to the minute, written as 2026-12-20T18:00, or None where it is written otherwise."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=zone)
    except ValueError:
        return None
