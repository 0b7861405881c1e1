"""Disk space that is kept back, so that the log can still be written when the disk is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import structlog

from watcher.adapters.store.files import beside

DEFAULT_SIZE = 4 * 1024 * 1024

_log = structlog.get_logger(__name__)


class Reserve:
    """A preallocated file next to the log.  Removed when a write finds no space, made again when there is some.

    `size` in bytes; 0 keeps no reserve.
    """

    def __init__(self, path: Path, size: int = DEFAULT_SIZE) -> None:
        self._log_file = path
        self._file = beside(path, ".reserve")
        self._size = size
        self._trouble = ""
        self.restore()

    @property
    def trouble(self) -> str:
        """Why the log is in danger, or an empty string."""
        return self._trouble

    def release(self, why: str) -> bool:
        """Give the space back to the disk.  False when there was none to give."""
        self._trouble = f"the disk of the decision log {self._log_file} is full ({why}); free space on that volume"
        try:
            self._file.unlink()
        except FileNotFoundError:
            _log.error("store_disk_full", path=str(self._log_file), why=why, reserve="used up")
            return False
        _log.error("store_disk_full", path=str(self._log_file), why=why, reserve="released", bytes=self._size)
        return True

    def restore(self) -> None:
        """Allocate the space if it is not held; keep `trouble` set as long as the disk has none to give."""
        if self._held():
            return
        try:
            self._allocate()
        except OSError as error:
            self._file.unlink(missing_ok=True)
            if not self._trouble:
                self._trouble = f"cannot keep {self._size} bytes in reserve at {self._file}: {error.strerror}"
                _log.error("store_reserve_missing", path=str(self._file), bytes=self._size, why=error.strerror)
            return
        if self._trouble:
            _log.info("store_disk_recovered", path=str(self._log_file), bytes=self._size)
        self._trouble = ""

    def _held(self) -> bool:
        if self._size == 0:
            return not self._trouble
        return self._file.exists() and self._file.stat().st_size >= self._size

    def _allocate(self) -> None:
        space = os.statvfs(self._file.parent)
        if space.f_bavail * space.f_frsize < 2 * self._size:  # the log itself needs space first
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if self._size == 0:
            return
        reserve = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(reserve, 0, self._size)
        finally:
            os.close(reserve)
