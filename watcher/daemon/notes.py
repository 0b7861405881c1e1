"""Writes the post-incident note of each rollback that has ended into a folder.

It is made from the decision log after the fact, and nothing waits for it: a note that cannot be written is logged,
counted, and tried again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path

import structlog

from watcher.adapters.store.worker import LogReader
from watcher.daemon.telemetry import Telemetry
from watcher.incident.files import MARKDOWN, PICTURE, write
from watcher.incident.note import note, written_at
from watcher.ports import Clock, DecisionRow, StoreReader

LOOK_BACK = 86400.0
"""Seconds for which a note that is missing is written, and one whose decision changed written anew."""

LOOK_EVERY = 3600.0
"""Seconds between two looks when no rollback ends."""

SOON = 1.0
"""Seconds after the end of a rollback: several that end together are looked at once."""

MOST = 2000
"""Notes that are kept, the newest."""

WRITTEN, FAILED = "written", "failed"

log = structlog.get_logger("watcher.notes")


@dataclass(frozen=True, slots=True)
class Folder:
    """Where notes are written to, and for how many seconds each is kept."""

    path: Path
    keep: float


class Notes:
    """Keeps the folder as the log is."""

    def __init__(self, folder: Folder, log: LogReader, telemetry: Telemetry, clock: Clock) -> None:
        self._folder, self._log, self._telemetry, self._clock = folder, log, telemetry, clock
        self._news = asyncio.Event()
        self._written: dict[str, str] | None = None  # decision: what its row was when its note was written

    def wake(self) -> None:
        """A rollback has ended, or something of one that had: look soon."""
        self._news.set()

    async def run(self) -> None:
        """For ever.  A fault here must take nothing else down: a note is no part of going back."""
        while True:
            try:
                await self.round()
            except Exception as error:
                self._telemetry.notes.labels(FAILED).inc()
                log.exception("notes_not_looked_after", folder=str(self._folder.path), error=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY):
                    await self._news.wait()
                    await self._clock.sleep(SOON)
            self._news.clear()

    async def round(self) -> None:
        """Write what is missing or has changed, and remove what is too old.  Raises WatcherError, OSError."""
        now = self._clock.now()
        ended = await self._log.read(lambda log: _ended(log, now - LOOK_BACK))
        known = await self._known(ended)
        self._written = {row.id: known[row.id] for row in ended if row.id in known}
        for row in ended:
            if self._written.get(row.id) != _digest(row):
                await self._write(row)
        await asyncio.to_thread(_expire, self._folder, now)

    async def _known(self, ended: list[DecisionRow]) -> dict[str, str]:
        """What was written; of an earlier process those whose note is there: nobody changed the log since."""
        if self._written is not None:
            return self._written
        there = {path.stem.rpartition("-")[2] for path in await asyncio.to_thread(_notes, self._folder.path)}
        return {row.id: _digest(row) for row in ended if row.id in there}

    async def _write(self, row: DecisionRow) -> None:
        try:
            made = await self._log.read(lambda log: note(log, row.id))
            path = await asyncio.to_thread(write, self._folder.path, made.name, made.markdown, made.picture)
        except Exception as error:  # whatever it is: the others are to be written all the same
            self._telemetry.notes.labels(FAILED).inc()
            log.exception("note_not_written", decision=row.id, folder=str(self._folder.path), error=str(error))
            return
        assert self._written is not None  # noqa: S101 - set by the round that this is of
        self._written[row.id] = _digest(row)
        self._telemetry.notes.labels(WRITTEN).inc()
        log.info("note_written", decision=row.id, path=str(path))


def _ended(log: StoreReader, since: float) -> list[DecisionRow]:
    """Decisions whose rollback has an outcome."""
    return [row for row in log.decided(since) if row.outcome]


def _digest(row: DecisionRow) -> str:
    return hashlib.sha256(row.body).hexdigest()


def _notes(folder: Path) -> list[Path]:
    """The notes in it, oldest first: names begin with the time.  What is called otherwise is somebody else's."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.suffix == MARKDOWN and written_at(path.name) is not None)


def _expire(folder: Folder, now: float) -> None:
    found = _notes(folder.path)
    surplus = set(found[: max(0, len(found) - MOST)])
    for path in found:
        if path in surplus or now - (written_at(path.name) or now) > folder.keep:
            for each in (path, path.with_suffix(PICTURE)):
                each.unlink(missing_ok=True)
