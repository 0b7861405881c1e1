"""Room for clones: those that were not used for longest go when all together are too large."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 1024**3
"""All clones together; one that is larger by itself stays nonetheless."""


def make_room(cache: Path, used: Path) -> None:
    """Remove clones until the others fit beside the one that is `used` now.  One that is locked stays."""
    clones = {path: _size(path) for path in cache.glob("*.git")}
    total = sum(clones.values())
    for path in sorted(clones, key=_last_used):
        if total <= MOST_BYTES:
            return
        if path != used and _removed(path):
            total -= clones[path]


def _last_used(path: Path) -> float:
    try:
        return path.with_suffix(".lock").stat().st_mtime
    except OSError:
        return 0.0


def _size(path: Path) -> int:
    total = 0
    for each in path.glob("objects/**/*"):
        with suppress(OSError):
            total += each.stat().st_size
    return total


def _removed(path: Path) -> bool:
    """Whether it could be removed; whoever reads in it meanwhile finds it damaged, and makes it anew."""
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        gone = path.with_suffix(".gone")
        shutil.rmtree(gone, ignore_errors=True)
        path.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(descriptor)
