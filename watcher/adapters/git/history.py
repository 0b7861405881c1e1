"""Which commits lie between two, and what they carry."""

from __future__ import annotations

import re

from watcher.adapters.git.clones import Clone
from watcher.core.gitops import CommitNote
from watcher.ports import Rejected

_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LOG = ("log", "-z", "--no-mailmap", "--no-show-signature", "--no-color", "--no-decorate", "--topo-order")


async def notes(clone: Clone, good: str, bad: str, paths: tuple[str, ...] | None) -> tuple[CommitNote, ...]:
    """Commits of `bad` that are not in `good` and change something below the paths, newest first."""
    told = "--format=tformat:%H%x00%an%x00%ct%x00%s"
    done = await clone.local(*_LOG, "--encoding=UTF-8", told, bad, f"^{good}", "--", *(paths or ()))
    fields = [_printable(each.decode("utf-8", "replace")) for each in done.out.split(b"\0")]
    return tuple(
        CommitNote(sha, author, subject, float(at))
        for sha, author, at, subject in zip(fields[::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
    )


async def newest_since(clone: Clone, since: str, revision: str, paths: tuple[str, ...] | None) -> str:
    """The newest commit of `since..revision` that changes something below the paths; empty: none."""
    done = await clone.local(*_LOG, "-1", "--format=tformat:%H", revision, f"^{since}", "--", *(paths or ()))
    return done.out.decode().strip("\0\n")


async def carrying(clone: Clone, trailer: str, value: str, revision: str, since: str) -> str:
    """The newest commit of `since..revision` whose message has just this trailer; empty: none."""
    if not _TRAILER.fullmatch(trailer) or not value.strip() or "\n" in value:
        raise Rejected(f"{trailer!r}: {value!r} is no trailer of a commit")
    told = f"--format=tformat:%H%x00%(trailers:key={trailer},valueonly,unfold,separator=%x01)"
    found = ("--fixed-strings", f"--grep={value}")  # quick; whether it is the trailer is looked at below
    done = await clone.local(*_LOG, "--encoding=UTF-8", told, *found, revision, *([f"^{since}"] if since else []))
    fields = done.out.decode("utf-8", "replace").split("\0")
    pairs = zip(fields[::2], fields[1::2], strict=False)
    return next((sha for sha, values in pairs if value.strip() in [each.strip() for each in values.split("\x01")]), "")


async def trailer(clone: Clone, commit: str, name: str) -> str:
    """The value of a trailer in a commit's message, the last where there are several; empty: none."""
    if not _TRAILER.fullmatch(name):
        raise Rejected(f"{name!r} is no name of a trailer")
    told = f"--format=tformat:%(trailers:key={name},valueonly,unfold,separator=%x01)"
    done = await clone.local(*_LOG, "--no-walk", "--encoding=UTF-8", told, commit)
    return done.out.decode("utf-8", "replace").strip("\0").split("\x01")[-1].strip()


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
