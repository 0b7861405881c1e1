"""Tells people what is wrong with the daemon itself: an Event in its own namespace, and notifications."""

from __future__ import annotations

import structlog

from watcher.core.stages import TOLD
from watcher.core.words import Stage
from watcher.daemon.executing import Executing
from watcher.daemon.journal import Journal
from watcher.daemon.notices import Notices
from watcher.daemon.status import Status
from watcher.ports import Clock, Notification, WatcherError

BLIND_FOR = 300.0
"""Seconds without a usable answer of a source, after which people are told."""

log = structlog.get_logger("watcher.troubles")


class Troubles:
    """Tells of each trouble once, and again when it comes back.  `notices` is None where nobody is notified."""

    def __init__(
        self, executing: Executing, journal: Journal, notices: Notices | None, status: Status, clock: Clock
    ) -> None:
        self._executing, self._journal, self._notices = executing, journal, notices
        self._status, self._clock = status, clock
        self._blind_since: dict[str, float] = {}
        self._blind_told: set[str] = set()

    async def config_rejected(self, file: str, problems: str) -> None:
        """The thresholds file was changed and is refused, a problem a line."""
        count = len(problems.splitlines())
        text = f"The thresholds file is refused, the running one is kept; {count} problem(s): {problems}"
        self._executing.warn(TOLD[Stage.CONFIG_REJECTED].reason, text)
        if self._notices is not None:
            await self._tell(self._notices.config_rejected(file, problems, self._clock.now()))

    async def look_at_sources(self) -> None:
        """Look at the sources that releases under watch ask, as they are now."""
        now = self._clock.now()
        blind = {each.name: each.problem for each in self._status.sources() if not each.healthy}
        self._blind_since = {name: self._blind_since.get(name, now) for name in blind}
        self._blind_told &= blind.keys()
        for name, problem in sorted(blind.items()):
            if name not in self._blind_told and now - self._blind_since[name] >= BLIND_FOR:
                self._blind_told.add(name)
                await self._source_blind(name, problem, now)

    async def _source_blind(self, name: str, problem: str, now: float) -> None:
        text = f"no usable answer for {BLIND_FOR / 60:.0f} min while releases are under watch: {problem}"
        self._executing.warn(TOLD[Stage.SOURCE_BLIND].reason, f"Source {name}: {text}")
        if self._notices is not None:
            await self._tell(self._notices.source_blind(name, text, now))

    async def _tell(self, notifications: tuple[Notification, ...]) -> None:
        try:
            await self._journal.tell(notifications)
        except WatcherError as error:
            log.warning("notification_not_recorded", error=str(error))
