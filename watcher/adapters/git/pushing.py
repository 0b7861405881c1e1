"""Commits brought into a branch, exactly once and over nobody's work.

`--force-with-lease=BRANCH:EXPECTED` forces nothing here, for the commit is a child of what is expected (or the branch
is not there): it makes the server compare and swap.  A plain push would also succeed where the branch had been set
back to an earlier commit, and bring back what somebody removed.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

from watcher.adapters.git.clones import Clone
from watcher.adapters.git.command import Done
from watcher.adapters.git.errors import Damaged, failed
from watcher.adapters.git.objects import REVISION, Objects, fetching
from watcher.ports import Rejected, Unanswered, Unavailable
from watcher.ports.git import Moved

_UNFIT = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|^[-/.]|[/.]$|//|/\.|\.lock(/|$)")

_NOT_SENT = re.compile(r"Could not resolve|Failed to connect|Couldn't connect|Connection refused|unreachable|No route")
"""No connection was made, so nothing can have come of it."""


class Pushing:
    """Pushes from one clone."""

    def __init__(self, clone: Clone) -> None:
        self._clone, self._objects = clone, Objects(clone)
        self._url = clone.address.url

    async def push(self, commit: str, branch: str, expected: str) -> None:
        """Bring the commit into the branch.  Raises Moved, Protected, Unavailable, Unanswered, Forbidden, Rejected."""
        await self._fits(commit, branch, expected)
        try:
            await self._push(commit, branch, expected)
        except Moved:  # perhaps by an earlier attempt of ours
            if not await self._arrived(commit, branch):
                raise
        except Unavailable as error:
            if _NOT_SENT.search(str(error)):
                raise
            arrived = await self._arrived(commit, branch)
            if arrived is None:
                raise Unanswered(f"{error}; nobody knows whether it was carried out") from None
            if not arrived:
                raise

    async def try_push(self, branch: str) -> None:
        """Push what is there, without doing it: the server is asked, and looks at the credentials, but runs no hook."""
        tip = await fetched(self._clone, branch)
        doing = f"push to {branch} of {self._url}"
        await self._clone.remote(doing, "push", "--dry-run", "--porcelain", "origin", f"{tip}:refs/heads/{branch}")

    async def _fits(self, commit: str, branch: str, expected: str) -> None:
        checked(branch)
        if not REVISION.fullmatch(commit) or (expected and not REVISION.fullmatch(expected)):
            raise Rejected("a push is of a commit's id, onto another's")
        try:
            parents = (await self._objects.parents([commit]))[commit]
        except (Damaged, Rejected):
            raise Moved(f"commit {commit} is not in the clone any more: prepare it anew") from None
        if expected and parents != (expected,):
            raise Rejected(f"commit {commit} was not made on {expected}")

    async def _push(self, commit: str, branch: str, expected: str) -> None:
        lease = f"--force-with-lease=refs/heads/{branch}:{expected}"
        doing = f"push {commit[:12]} to {branch} of {self._url}"
        arguments = ("push", "--porcelain", lease, "origin", f"{commit}:refs/heads/{branch}")
        done = await self._clone.remote(doing, *arguments, ok=(0, 1))
        if done.code:
            raise failed(doing, _told(done), str(self._clone.path))

    async def _arrived(self, commit: str, branch: str) -> bool | None:
        """Whether the branch has the commit already; None: that cannot be known now."""
        try:
            tip = await fetched(self._clone, branch)
            return not (await self._clone.local("merge-base", "--is-ancestor", commit, tip, ok=(0, 1))).code
        except (Unavailable, Rejected, Damaged):
            return None


async def fetched(clone: Clone, branch: str) -> str:
    """The newest commit of a branch (HEAD: the default one), fetched now.  Raises as `Clone.remote`."""
    source = "HEAD" if branch == "HEAD" else f"refs/heads/{checked(branch)}"
    ours = f"refs/fetched/{hashlib.sha256(branch.encode()).hexdigest()[:16]}"  # a branch x/y may come where x was
    doing = f"fetch {branch} of {clone.address.url}"
    await clone.remote(doing, *fetching(), "origin", f"+{source}:{ours}")
    return (await clone.local("rev-parse", "--verify", f"{ours}^{{commit}}")).out.decode().strip()


def checked(branch: str) -> str:
    """The branch's name.  Raises Rejected for what cannot be one."""
    if not branch or branch == "@" or _UNFIT.search(branch):
        raise Rejected(f"{branch!r} is no name of a branch")
    return branch


def _told(done: Done) -> Done:
    """What a push says of the branch is in its output, beside what the server's hooks say."""
    refused = [line[1:] for line in done.out.decode("utf-8", "replace").splitlines() if line.startswith("!")]
    return replace(done, err="\n".join([done.err, *refused]))
