"""What a file holds at one moment, for seeing that it changed."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from watcher.config.problems import ConfigError, Problem
from watcher.config.yaml_tree import MAX_BYTES


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Two are equal when the same file (symbolic links followed) holds the same bytes.

    Kubernetes replaces a mounted ConfigMap by swapping a symbolic link, so the time of the link tells nothing.
    """

    resolved: str
    sha256: str
    mtime_ns: int = field(compare=False)
    size: int = field(compare=False)


def read(path: str | Path) -> tuple[bytes, Fingerprint]:
    """The content of the file (at most a byte more than what is accepted) with its fingerprint.

    Raises ConfigError when it cannot be read.
    """
    try:
        resolved = Path(path).resolve(strict=True)
        with resolved.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
            found = resolved.stat()
    except OSError as error:
        remedy = "give the path of a thresholds file that this process may read"
        raise ConfigError([Problem(str(path), 1, 1, f"cannot be read: {error.strerror}", remedy)]) from error
    except (ValueError, RuntimeError) as error:  # a NUL in the path; a loop of symbolic links before Python 3.13
        raise ConfigError([Problem(str(path), 1, 1, f"cannot be read: {error}", "give another path")]) from error
    return content, Fingerprint(str(resolved), sha256(content).hexdigest(), found.st_mtime_ns, found.st_size)


def fingerprint(path: str | Path) -> Fingerprint:
    """The fingerprint of the file as it is now; an empty one while it cannot be read."""
    try:
        return read(path)[1]
    except ConfigError:
        return Fingerprint("", "", 0, 0)
