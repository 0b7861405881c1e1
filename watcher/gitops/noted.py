"""Migration notes as they are found in one place, and what is made of those that cannot be read."""

from __future__ import annotations

from dataclasses import dataclass

from watcher.config.migration_notes import note
from watcher.config.problems import ConfigError
from watcher.core.migrations import MigrationNote, Safety

MOST = 50
"""Notes that are looked at for one release."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What one place holds, newest first.

    `unnoted` are clauses on what has no note though it should.  `complete`: the place tells of every release that lies
    between, so that what it does not name is no migration.  `told` are numbers of revisions that tell of themselves.
    `hooks` are clauses on hook Jobs that changed.
    """

    notes: tuple[MigrationNote, ...] = ()
    unnoted: tuple[str, ...] = ()
    complete: bool = False
    told: frozenset[int] = frozenset()
    hooks: tuple[str, ...] = ()


def read(content: bytes, file: str, where: str) -> MigrationNote:
    """The note of a file.  One that cannot be read counts as unsafe: somebody has written that there is something."""
    try:
        return note(content, file, where).note
    except ConfigError as error:
        reason = f"the note cannot be read: {error.problems[0]}"
        return MigrationNote(file, Safety.UNSAFE, reason[:500], reviewer="", where=where)


def distinct(notes: tuple[MigrationNote, ...]) -> tuple[MigrationNote, ...]:
    """Without those that say the same of the same migration again."""
    kept: dict[tuple[str, Safety, object], MigrationNote] = {}
    for each in notes:
        kept.setdefault((each.name, each.safety, each.down), each)
    return tuple(kept.values())
