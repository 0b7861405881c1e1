"""The files of the log: private to their owner, written by one process."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
from pathlib import Path

from watcher.adapters.store.errors import StoreInUse
from watcher.ports import Unavailable


def beside(path: Path, suffix: str) -> Path:
    """The file next to the log that has this suffix behind the log's whole name."""
    return path.with_name(path.name + suffix)


def create_private(path: Path) -> None:
    """Create the file (0600) and its directory (0700) where they do not exist; what exists keeps its mode."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise Unavailable(
            f"cannot open {path} for writing: {error.strerror}. Give --store a path that user {os.geteuid()} may write"
        ) from error


def refuse_unwritable(path: Path) -> None:
    """Raise Unavailable for a log that is there and cannot be written.  Changes nothing on disk."""
    if path.exists():
        create_private(path)


class Lock:
    """Held by the one process that writes; the system frees it when that process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        """Take the lock.  Raises StoreInUse when another process holds it."""
        sidecar = beside(path, ".lock")
        create_private(sidecar)
        self._file = os.open(sidecar, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._file, 300).decode(errors="replace").strip()
            os.close(self._file)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise Unavailable(f"cannot lock {sidecar}: {error.strerror}. Put the log on another volume") from error
            raise _in_use(path, holder) from error
        self._sign()

    def _sign(self) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)

    def release(self) -> None:
        """Let others have it."""
        os.close(self._file)


def refuse_if_written(path: Path) -> None:
    """Raise StoreInUse while a process writes the log.  Changes nothing on disk."""
    sidecar = beside(path, ".lock")
    if not sidecar.exists():
        return
    with sidecar.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _in_use(path, file.read(300).decode(errors="replace").strip()) from error


def _in_use(path: Path, holder: str) -> StoreInUse:
    return StoreInUse(
        f"the decision log {path} is being written by {holder or 'another process'}; only one process may. Stop that "
        f"one, ask it with --server URL, or give this one a file of its own with --store"
    )
