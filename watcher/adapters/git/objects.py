"""What a clone knows: commits, trees and files, read without asking the server but for what is missing."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from watcher.adapters.git.clones import Clone
from watcher.adapters.git.errors import Damaged
from watcher.adapters.git.paths import text
from watcher.ports import Rejected

REVISION = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
LINK, MODULE = "120000", "160000"
_CHUNK = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in a tree: its mode as Git writes it, and the object that holds its content."""

    mode: str
    oid: str

    @property
    def regular(self) -> bool:
        """Whether it is neither a link nor a submodule."""
        return self.mode in ("100644", "100755")


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to a file between two trees; None: it was not, or is not there."""

    name: str
    before: Entry | None
    after: Entry | None


class Objects:
    """The objects of a clone."""

    def __init__(self, clone: Clone) -> None:
        self._clone = clone

    async def known(self, *revisions: str) -> None:
        """See to it that these commits are here.  Raises Rejected where the server has none."""
        for each in revisions:
            if not REVISION.fullmatch(each):
                raise Rejected(f"{each!r} is no id of a commit of {self._clone.address.url}")
        asked = [each for each in revisions if each not in self._clone.seen]
        absent = await self._missing(asked)
        for each in absent:
            await self._clone.remote(f"fetch commit {each} of {self._clone.address.url}", *fetching(), "origin", each)
        if strange := await self._missing(absent):
            raise Rejected(f"{self._clone.address.url} has no commit {strange[0]}; was its history rewritten?")
        self._clone.seen.update(asked)

    async def _missing(self, revisions: Sequence[str]) -> list[str]:
        if not revisions:
            return []
        asked = "".join(f"{each}^{{commit}}\n" for each in revisions).encode()
        lines = (await self._clone.local("cat-file", "--batch-check", stdin=asked)).out.decode().splitlines()
        return [each for each, line in zip(revisions, lines, strict=True) if line.endswith(" missing")]

    async def entries(self, revision: str, paths: tuple[str, ...] | None) -> Iterator[tuple[str, Entry]]:
        """All files below the paths at a revision; None: all files."""
        arguments = ("ls-tree", "-r", "-z", "--full-tree", revision, "--", *(paths or ()))
        return _entries((await self._clone.local(*arguments)).out)

    async def differing(self, old: str, new: str, paths: tuple[str, ...] | None) -> list[Change]:
        """Files below the paths that differ between two commits or trees."""
        arguments = ("diff-tree", "-r", "-z", "--no-renames", "--raw", old, new, "--", *(paths or ()))
        return [each for _, each in _changes((await self._clone.local(*arguments)).out)]

    async def changes(self, commits: Sequence[str], paths: tuple[str, ...] | None) -> dict[str, list[Change]]:
        """What each of the commits did below the paths; a merge does nothing."""
        arguments = ("diff-tree", "--stdin", "--root", "-r", "-z", "--no-renames", "--raw", "--", *(paths or ()))
        asked = "".join(f"{each}\n" for each in commits).encode()
        found: dict[str, list[Change]] = {each: [] for each in commits}
        for commit, change in _changes((await self._clone.local(*arguments, stdin=asked)).out):
            found[commit].append(change)
        return found

    async def parents(self, commits: Sequence[str]) -> dict[str, tuple[str, ...]]:
        """The parents of each commit."""
        asked = "".join(f"{each}\n" for each in commits).encode()
        done = await self._clone.local("rev-list", "--parents", "--no-walk=unsorted", "--stdin", stdin=asked)
        lines = [line.split() for line in done.out.decode().splitlines()]
        return {each[0]: tuple(each[1:]) for each in lines}

    async def sizes(self, oids: Iterable[str]) -> dict[str, int]:
        """How many bytes these files have; those that are not here are fetched, all at once."""
        wanted = list(dict.fromkeys(oids))
        if absent := [oid for oid, size in (await self._sizes(wanted)).items() if size is None]:
            asked = "".join(f"{each}\n" for each in absent).encode()
            await self._clone.remote(
                f"fetch {len(absent)} files of {self._clone.address.url}",
                *("-c", "fetch.negotiationAlgorithm=noop", *fetching(), "--stdin", "origin"),
                stdin=asked,
            )
        found = {oid: size for oid, size in (await self._sizes(wanted)).items() if size is not None}
        if len(found) < len(wanted):
            raise Damaged(f"the clone {self._clone.path} is damaged: files of it are nowhere to be had")
        return found

    async def _sizes(self, oids: Sequence[str]) -> dict[str, int | None]:
        asked = "".join(f"{each}\n" for each in oids).encode()
        lines = (await self._clone.local("cat-file", "--batch-check", stdin=asked)).out.decode().splitlines()
        return {line.split()[0]: None if line.endswith(" missing") else int(line.split()[2]) for line in lines}

    async def contents(self, sizes: dict[str, int]) -> AsyncIterator[tuple[str, bytes]]:
        """Files that are here, by their ids and sizes, a few megabytes at a time."""
        for chunk in _chunks(sizes):
            asked = "".join(f"{each}\n" for each in chunk).encode()
            room = sum(sizes[each] + 200 for each in chunk)
            out = (await self._clone.local("cat-file", "--batch", stdin=asked, most=room)).out
            at = 0
            for oid in chunk:
                start = out.index(b"\n", at) + 1
                at = start + sizes[oid] + 1
                yield oid, out[start : at - 1]


def fetching() -> tuple[str, ...]:
    """The command that fetches just what it is told to: no tags, no contents of files by themselves."""
    return ("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--filter=blob:none")


def _entries(out: bytes) -> Iterator[tuple[str, Entry]]:
    for record in out.split(b"\0"):
        if record:
            about, _, name = record.partition(b"\t")
            mode, _, oid = about.decode().split()
            yield text(name), Entry(mode, oid)


def _changes(out: bytes) -> Iterator[tuple[str, Change]]:
    """Changes, each with the commit named before it (if one is)."""
    commit, tokens = "", iter(out.split(b"\0"))
    for token in tokens:
        if token.startswith(b":"):
            old, new, before, after, _ = token[1:].decode().split()
            yield commit, Change(text(next(tokens)), _entry(old, before), _entry(new, after))
        elif token:
            commit = token.decode()


def _entry(mode: str, oid: str) -> Entry | None:
    return None if mode == "000000" else Entry(mode, oid)


def _chunks(sizes: dict[str, int]) -> Iterator[list[str]]:
    chunk: list[str] = []
    room = 0
    for oid, size in sizes.items():
        if chunk and (room + size > _CHUNK or len(chunk) >= 1000):
            yield chunk
            chunk, room = [], 0
        chunk.append(oid)
        room += size
    if chunk:
        yield chunk
