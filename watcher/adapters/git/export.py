"""Files of a revision written into a directory, so that nothing in it leads out of it."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from pathlib import Path

from watcher.adapters.git.objects import LINK, MODULE, Entry, Objects
from watcher.adapters.git.paths import raw
from watcher.ports import Rejected, Unavailable

MOST_BYTES = 100 * 1024 * 1024
MOST_FILES = 20_000
_AT_ONCE = 2_000
"""Files whose sizes are asked for at a time: what is too large is found before all of it was fetched."""


async def export(objects: Objects, revision: str, paths: tuple[str, ...] | None, into: Path) -> None:
    """Write the files below the paths.

    A link that leads out becomes a file that holds where it leads to, as Git does it where there are no links.  Raises
    Rejected for more than 20,000 files or 100 MiB, and for names that a directory cannot hold.
    """
    found = {name: each for name, each in await objects.entries(revision, paths) if each.mode != MODULE}
    if len(found) > MOST_FILES:
        raise Rejected(f"{len(found)} files at {revision}: no more than {MOST_FILES} are written; name narrower paths")
    for name in found:
        _check(name)
    named: dict[str, list[str]] = {}
    for name, entry in found.items():
        named.setdefault(entry.oid, []).append(name)
    links: dict[str, bytes] = {}
    async for oid, content in objects.contents(await _sizes(objects, named, revision)):
        links |= {name: content for name in named[oid] if found[name].mode == LINK}
        files = {name: found[name] for name in named[oid] if found[name].mode != LINK}
        await asyncio.to_thread(_write, into, files, content)
    await asyncio.to_thread(_link, into, links)  # last, so that no file is written through one


async def _sizes(objects: Objects, named: dict[str, list[str]], revision: str) -> dict[str, int]:
    sizes: dict[str, int] = {}
    oids, total = list(named), 0
    for start in range(0, len(oids), _AT_ONCE):
        sizes |= await objects.sizes(oids[start : start + _AT_ONCE])
        total = sum(size * len(named[oid]) for oid, size in sizes.items())
        if total > MOST_BYTES:
            raise Rejected(f"more than {MOST_BYTES >> 20} MiB at {revision} are not written; name narrower paths")
    return sizes


def _check(name: str) -> None:
    parts = name.split("/")
    if any(each in ("", ".", "..") or each.lower() == ".git" for each in parts):
        raise Rejected(f"{name!r} is a name that no directory should hold")


def _write(into: Path, files: dict[str, Entry], content: bytes) -> None:
    """The same content under one name or several.  Raises Rejected, Unavailable."""
    for name, entry in files.items():
        path = os.path.join(os.fsencode(into), raw(name))  # noqa: PTH118 - names are bytes
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            mode = 0o755 if entry.mode == "100755" else 0o644
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode), "wb") as file:
                file.write(content)
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise Rejected(f"{name!r} is there already, or is two things at once") from None
        except OSError as error:
            raise Unavailable(f"cannot write {name!r} into {into}: {error.strerror}") from None


def _link(into: Path, links: dict[str, bytes]) -> None:
    """Make the links, then look where they lead, all in place: one can lead through another."""
    made: list[str] = []
    for name, target in links.items():
        path = os.path.join(os.fsencode(into), raw(name))  # noqa: PTH118
        leads = os.path.normpath(os.path.join(os.path.dirname(raw(name)), target))  # noqa: PTH118, PTH120
        if os.path.isabs(target) or leads.split(b"/")[0] == b".." or b"\0" in target or not target:  # noqa: PTH117
            _write(into, {name: Entry("100644", "")}, target)
            continue
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
            os.symlink(target, path)  # noqa: PTH211
        except FileExistsError:
            raise Rejected(f"{name!r} is there already, or is two things at once") from None
        except OSError as error:
            raise Unavailable(f"cannot make the link {name!r} in {into}: {error.strerror}") from None
        made.append(name)
    root = os.path.realpath(os.fsencode(into))
    for name in made:
        path = os.path.join(root, raw(name))  # noqa: PTH118
        real = os.path.realpath(path)
        if real != root and not real.startswith(root + b"/"):
            with suppress(FileNotFoundError):
                os.unlink(path)  # noqa: PTH108
            _write(into, {name: Entry("100644", "")}, links[name])
