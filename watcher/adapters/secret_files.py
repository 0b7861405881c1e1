"""Secrets in files, read again when they change."""

from __future__ import annotations

from pathlib import Path

from watcher.ports import Unavailable

Stamp = tuple[int, int, int]


class SecretFile:
    """A file's text, read again when the file changes; a ConfigMap or Secret mount replaces it as a whole."""

    def __init__(self, path: str, purpose: str) -> None:
        self._path, self._purpose = path, purpose
        self._stamp: Stamp | None = None
        self._text = ""

    def text(self) -> str:
        """The text without white space around it.  Raises Unavailable when the file cannot be read."""
        try:
            stamp = stamp_of(self._path)
            if stamp != self._stamp:
                self._text, self._stamp = Path(self._path).read_text(encoding="utf-8").strip(), stamp
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise Unavailable(f"{self._purpose} {self._path} cannot be read: {reason}") from None
        return self._text


def stamp_of(path: str) -> Stamp:
    """What changes when a file changes.  Raises OSError."""
    found = Path(path).stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
