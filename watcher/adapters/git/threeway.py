"""What a commit did to one file, taken back from what the file is now."""

from __future__ import annotations

from pathlib import Path

from watcher.adapters.git.clones import Clone
from watcher.adapters.git.objects import Change, Entry, Objects

_LARGEST = 4 * 1024 * 1024
"""Bytes of a file that is merged; a larger one is no manifest."""


class Conflict(Exception):
    """It cannot be taken back from what the file is now."""


class ThreeWay:
    """Takes changes back; `directory` is for the files of a merge."""

    def __init__(self, clone: Clone, objects: Objects, directory: Path) -> None:
        self._clone, self._objects, self._directory = clone, objects, directory

    async def without(self, change: Change, now: Entry | None) -> Entry | None:
        """The file without the change.  Raises Conflict."""
        if now == change.after:
            return change.before
        if now == change.before:
            return now
        before, after = change.before, change.after
        if before is None or after is None or now is None:
            raise Conflict
        if not (before.regular and after.regular and now.regular):
            raise Conflict
        mode = before.mode if now.mode == after.mode else now.mode
        return Entry(mode, await self._content(now.oid, after.oid, before.oid))

    async def _content(self, now: str, after: str, before: str) -> str:
        """The object of the merged content: from `after` to `before`, done to `now`."""
        if now == after:
            return before
        if before in (now, after):
            return now
        sizes = await self._objects.sizes([now, after, before])
        if max(sizes.values()) > _LARGEST:
            raise Conflict
        files = {}
        async for oid, content in self._objects.contents(sizes):
            files[oid] = self._directory / oid
            files[oid].write_bytes(content)
        paths = [str(files[each]) for each in (now, after, before)]
        done = await self._clone.local("merge-file", "-p", "--quiet", *paths, ok=tuple(range(256)))
        if done.code:  # the number of conflicts, or that it is no text
            raise Conflict
        return (await self._clone.local("hash-object", "-w", "--stdin", stdin=done.out)).out.decode().strip()
