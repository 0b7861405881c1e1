"""Which files of a repository are database migrations, and which of them no valid note names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from watcher.config.migration_notes import WrittenNote, note
from watcher.config.problems import ConfigError

#: Directory, name, and what must stand in the file, of each layout that is known.
_ALEMBIC = re.compile(rb"^(?:down_)?revision\b[^=\n]*=", re.MULTILINE)
_DJANGO = re.compile(r"[0-9]{4}_\w+\.py")
_FLYWAY = re.compile(r"(?:V[0-9][0-9._]*|R)__.+\.sql")
_A_NOTE = re.compile(rb"^rollbackSafe\s*:", re.MULTILINE)
_YAML = (".yaml", ".yml")

Read = Callable[[str], bytes]
"""The content of a file by its name, from the root of what is looked at."""


@dataclass(frozen=True, slots=True)
class Lack:
    """A migration without a valid note, or a note that is none: what is wrong with which file, and what mends it.

    `place` is written LINE:COLUMN where the mistake is in the file.
    """

    file: str
    what: str
    remedy: str
    place: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.place}" if self.place else f"{self.file}:"
        return f"{where} {self.what}; {self.remedy}"


def is_migration(name: str, read: Read, globs: Sequence[str] = ()) -> bool:
    """Whether a file is a migration of Alembic, Django or Flyway by its layout, or fits one of the globs."""
    path = PurePosixPath(name)
    if any(fits(name, glob) for glob in globs):
        return True
    if path.parent.name == "versions" and path.suffix == ".py":
        return len(_ALEMBIC.findall(read(name))) >= 2
    return (path.parent.name == "migrations" and bool(_DJANGO.fullmatch(path.name))) or is_flyway(path.name)


def is_flyway(name: str) -> bool:
    """Whether a file of this name is a migration of Flyway."""
    return _FLYWAY.fullmatch(name) is not None


def runs_again(name: str) -> bool:
    """Whether a change of a migration makes it run once more: Flyway's repeatable ones do."""
    return PurePosixPath(name).name.startswith("R__") and is_flyway(PurePosixPath(name).name)


def is_note(name: str, read: Read, globs: Sequence[str] = ()) -> bool:
    """Whether a file is meant to be a note: it fits one of the globs, or where there are none, says `rollbackSafe`."""
    if not name.endswith(_YAML):
        return False
    return any(fits(name, glob) for glob in globs) if globs else bool(_A_NOTE.search(read(name)))


def fits(name: str, glob: str) -> bool:
    """Whether a file's name fits a glob; `*` also stands for slashes, `**/` for any directory or none."""
    return any(fnmatchcase(name, form) for form in (glob, glob.replace("**/", "")))


def lacks(migrations: Iterable[str], notes: Iterable[str], read: Read, write_to: str) -> Iterator[Lack]:
    """What is missing; `write_to` is the directory in which a new note is proposed."""
    written: dict[str, WrittenNote] = {}
    broken: dict[str, bytes] = {}
    for file in notes:
        content = read(file)
        try:
            written[file] = note(content, file)
        except ConfigError as error:
            broken[file] = content
            for each in error.problems:
                yield Lack(file, each.what, each.remedy, f"{each.line}:{each.column}")
    yield from _namesakes(written)
    for file in migrations:
        if any(_names(each, file) for each in written.values()):
            continue
        meant = [name for name, content in broken.items() if PurePosixPath(file).name.encode() in content]
        path = PurePosixPath(write_to, PurePosixPath(file).stem).with_suffix(".yaml")
        write = f"write one: watcher migrations new {path} --forward {file}"
        yield Lack(file, "no valid note names it", f"mend {' and '.join(meant)}" if meant else write)


def _namesakes(written: Mapping[str, WrittenNote]) -> Iterator[Lack]:
    first: dict[str, str] = {}
    for file, each in written.items():
        before = first.setdefault(each.note.name, file)
        if before != file:
            yield Lack(file, f"{before} is called {each.note.name} too", "give each migration a name of its own")


def _names(written: WrittenNote, file: str) -> bool:
    return any(is_meant(file, each) for each in written.forward)


def is_meant(file: str, forward: str) -> bool:
    """Whether a note with this under `forward` names the file: by its path, or by the end of that."""
    return file == forward or file.endswith(f"/{forward}")


def template(name: str, forward: Sequence[str]) -> str:
    """A note to fill in.  It is no valid one before somebody has decided."""
    files = "".join(f"\n  - {each}" for each in forward) if forward else " the migration's file, or what it does"
    return f"""\
# What happens to the version before this migration, if it comes back while the schema stays as it is.
name: {name}
forward:{files}
# safe: the version before works on the schema after it (a new table, a nullable column, an index).
# unsafe: it does not, or data are lost (a column dropped or renamed that it reads).
# after-down: it does once the down migration has run; then fill in `down`.
rollbackSafe: DECIDE
reason: WHY
# down:
#   job: CRONJOB            # a suspended CronJob in the workload's namespace; the Job is made of its template
#   args: [downgrade, REV]  # in place of its arguments
#   when: before            # before, or after the earlier version is back
#   automatic: false        # true: without a person's approval; only where nothing else reads what it takes away
#   deadline: 10m
reviewer: WHO
"""
