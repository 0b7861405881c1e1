"""What can be wrong with the file of the decision log, each with what a person can do about it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from watcher.ports import Rejected, Unavailable


class StoreMissing(Unavailable):
    """There is no file to read."""


class StoreInUse(Unavailable):
    """Another process writes the log."""


class StoreFull(Unavailable):
    """The disk is full, and the reserve is used up."""


class StoreDamaged(Rejected):
    """The file is damaged, or is no decision log."""


class StoreTooNew(Rejected):
    """The file was written by a newer version."""


class StoreTooOld(Rejected):
    """The file was written by an older version, and was opened for reading only."""


_DAMAGE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT)

# Besides SQLITE_FULL: how a file system that finds out late (quotas, delayed allocation, NFS) says the same.
# A write that failed so may be tried again: the transaction was rolled back and writes all its pages anew.
_NO_SPACE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR_WRITE,
    sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE,
)


def says_full(error: sqlite3.Error) -> bool:
    """Whether this error can mean that there is no space left."""
    return error_code(error) in _NO_SPACE


def error_code(error: sqlite3.Error) -> int:
    """SQLite's extended result code; 0 for an error of the Python module itself."""
    return getattr(error, "sqlite_errorcode", 0)


def damaged(path: Path, why: str) -> StoreDamaged:
    """The error for a file that SQLite cannot make sense of."""
    return StoreDamaged(
        f"the decision log {path} is damaged: {why}. Save what can be read with `watcher store recover {path}` "
        f"(it does not touch the file), then move the damaged file away and the recovered one in its place"
    )


def translated(path: Path, error: sqlite3.Error, doing: str) -> Rejected | Unavailable:
    """The port's error for one of SQLite."""
    if error_code(error) & 0xFF in _DAMAGE:
        return damaged(path, str(error))
    if says_full(error):
        return StoreFull(
            f"cannot {doing} the decision log {path}: {error}. Free space on that volume or make it larger; nothing "
            f"is acted on while decisions cannot be recorded"
        )
    return Unavailable(f"cannot {doing} the decision log {path}: {error}. Check the volume and the file's permissions")
