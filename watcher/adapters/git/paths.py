"""Names of files in a repository: any bytes but NUL, relative to its root, as Python's file system names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from watcher.core.keepers.paths import within
from watcher.ports import Rejected


def cleaned(paths: Sequence[str]) -> tuple[str, ...] | None:
    """Paths as Git takes them; None: the whole repository.  Raises Rejected for one that leads out of it."""
    found = []
    for path in paths:
        parts = [each for each in path.split("/") if each not in ("", ".")]
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise Rejected(f"{path!r} is no path in a repository")
        found.append("/".join(parts))
    return None if "" in found else tuple(found)


def below(name: str, paths: tuple[str, ...] | None) -> bool:
    """Whether a file is one of the paths, or is in one."""
    return paths is None or any(within(name, each) for each in paths)


def untouchable(names: Iterable[str], globs: Sequence[str]) -> list[str]:
    """Those that one of the globs fits; `**/` stands for any directory or none, and a directory for what is in it."""
    patterns = {form for each in globs for form in (each, each.removeprefix("**/"), f"{each.rstrip('/')}/*")}
    return [name for name in names if any(fnmatchcase(name, each) for each in patterns)]


def text(name: bytes) -> str:
    """A name from Git's output."""
    return os.fsdecode(name)


def raw(name: str) -> bytes:
    """A name for Git's input.  Raises Rejected for one that cannot be one."""
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:
        raise Rejected(f"{name!r} is no name of a file") from None
