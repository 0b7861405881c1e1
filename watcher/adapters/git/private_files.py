"""Secrets of our own on disk: readable by nobody else."""

from __future__ import annotations

import os
from pathlib import Path

from watcher.ports import Unavailable


class PrivateFiles:
    """A directory for them, made when it is needed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, name: str, content: bytes) -> Path:
        """Put a file in place as a whole; what it holds already is left.  Raises Unavailable."""
        path = self._directory / name
        try:
            if path.is_file() and path.read_bytes() == content:
                return path
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            fresh = path.with_name(f"{name}.{os.getpid()}")
            fresh.unlink(missing_ok=True)
            with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(content)
            fresh.replace(path)
        except OSError as error:
            raise Unavailable(f"{path} cannot be written: {error.strerror}; is the volume full?") from None
        return path

    def copied(self, source: str, purpose: str) -> Path:
        """A copy of a mounted secret as it is now; ssh refuses keys that a group may read.  Raises Unavailable."""
        try:
            content = Path(source).read_bytes()
        except OSError as error:
            raise Unavailable(f"{purpose} {source} cannot be read: {error.strerror}") from None
        name = source.strip("/").replace("%", "%25").replace("/", "%2F")[-200:]
        return self.write(name, content if content.endswith(b"\n") else content + b"\n")
