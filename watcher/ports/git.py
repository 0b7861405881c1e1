"""The outside of the way back through Git: repositories, forges, and the objects of Argo CD and Flux."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from watcher.core.gitops import Application, CommitNote, GitSource, PullState
from watcher.core.model import Workload
from watcher.ports import Rejected, WatcherError


class Moved(WatcherError):
    """Somebody else has pushed to the branch since: look again, and do it anew on the new head."""


class Protected(Rejected):
    """The branch takes no push of ours (protection, hook): it needs a pull request.

    Credentials that may write nowhere are Forbidden instead: they could not push the branch of a pull request either.
    """


class NothingToRevert(WatcherError):
    """What was to be reverted is not there any more: fixed or reverted since.  `by`: the commit that did, if known."""

    def __init__(self, message: str, by: str = "") -> None:
        super().__init__(message)
        self.by = by


@dataclass(frozen=True, slots=True)
class Revert:
    """A commit to be made on `head` that takes `commits` (newest first) back, on `paths` only.

    Where that conflicts, or one of them is a merge, or `good` is no ancestor of the newest, the files below `paths`
    that differ between both are put back as they were at `good` instead.  Other files stay as they are at `head`.
    `never_touch` are globs of files that must not be changed: such a revert is refused.
    """

    head: str
    good: str
    commits: tuple[str, ...]
    paths: tuple[str, ...]
    message: str
    never_touch: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A commit that lies ready in the local clone: its id, the files it changes, and whether it restores the tree."""

    commit: str
    files: tuple[str, ...]
    restores: bool


class Repository(Protocol):
    """One remote Git repository, through a clone in the cache.

    Every method raises Unavailable (unreachable, timeout, full disk), Forbidden (credentials), Rejected.
    """

    async def fetch(self, branch: str) -> str:
        """Fetch the branch (HEAD: the default one); the id of its newest commit."""

    async def default_branch(self) -> str:
        """The name of the branch that HEAD stands for."""

    async def commits(self, good: str, bad: str, paths: Sequence[str]) -> tuple[CommitNote, ...]:
        """Commits of `bad` that are not in `good` and change something below `paths`, newest first."""

    async def changed(self, good: str, bad: str, paths: Sequence[str]) -> tuple[str, ...]:
        """Files below `paths` that differ between both."""

    async def contains(self, commit: str, revision: str) -> bool:
        """Whether `revision` is `commit` or a descendant of it."""

    async def carrying(self, trailer: str, value: str, revision: str, since: str) -> str:
        """The newest commit of `since..revision` whose message has this trailer; empty: none."""

    async def trailer(self, commit: str, name: str) -> str:
        """The value of a trailer in a commit's message; empty: it has no such."""

    async def export(self, revision: str, paths: Sequence[str], into: Path) -> None:
        """Write the files below `paths` as they are at `revision` into an empty directory.  No link leads out of it.

        Raises Rejected for more than 20,000 files or 100 MiB.
        """

    async def files(self, revision: str) -> tuple[str, ...]:
        """Names of all files at `revision`."""

    async def read(self, revision: str, path: str) -> bytes | None:
        """One file at `revision` (of a link: where it leads), or None where there is none.

        Raises Rejected beyond a megabyte.
        """

    async def prepare(self, revert: Revert) -> Prepared:
        """Make the commit in the local clone.  Raises NothingToRevert too."""

    async def push(self, commit: str, branch: str, expected: str) -> None:
        """Bring a commit, made on `expected`, into the branch; `expected` empty: a new branch.  Never by force.

        Raises Moved and Protected too, and Unanswered where nobody knows what came of it.  A new branch that is there
        already with another commit has Moved.  Pushing what is there already is done already.
        """

    async def may_push(self, branch: str) -> None:
        """Try a push that changes nothing; raises as `push`.

        The server looks at the credentials, but runs no hook: whether the branch is protected is not asked.
        """


class Repositories(Protocol):
    """All repositories, each by its URL."""

    def repository(self, url: str) -> Repository:
        """The one of this URL.  Raises Rejected where no credentials are configured for it."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What an application's files make at one commit; `objects` is None where no renderer is at hand: `why` says."""

    objects: tuple[Mapping[str, Any], ...] | None
    why: str = ""


class Manifests(Protocol):
    """What an application is rendered from, and to.  Every method raises as those of the repository."""

    async def path_set(self, repository: Repository, revision: str, paths: Sequence[str]) -> tuple[str, ...]:
        """What `paths` are rendered from: they themselves, local kustomize bases, components, value files."""

    async def shared_with(
        self, repository: Repository, revision: str, paths: Sequence[str], files: Sequence[str]
    ) -> tuple[str, ...]:
        """Other directories, outside of `paths`, that are rendered from any of `files` too."""

    async def render(self, repository: Repository, revision: str, paths: Sequence[str]) -> Rendered:
        """The objects that the first of `paths` makes at `revision`; the others are what it is made from."""


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request (merge request) at a forge; `merged` is the commit by which it came into the branch."""

    link: str
    state: PullState
    merged: str = ""


class Forge(Protocol):
    """The forge of one repository.  Every method raises Unavailable, Forbidden, Rejected."""

    async def open(self, branch: str, onto: str, title: str, text: str, *, merge: bool) -> PullRequest:
        """Ask for a pull request from `branch` onto another one; one that was made before is returned as it stands.

        `merge`: let the forge merge it by itself when its checks allow.
        """

    async def state(self, link: str) -> PullRequest:
        """Where it stands."""

    async def protected(self, branch: str) -> bool:
        """Whether the forge would refuse a push of ours to the branch."""


class Forges(Protocol):
    """The forges of all repositories."""

    def forge(self, url: str) -> Forge | None:
        """The one of the repository of this URL; None where none is configured for it."""


class Applications(Protocol):
    """The objects of Argo CD and Flux, written.  Each call carries its preconditions and is safe to repeat.

    Every method raises Unavailable (Unanswered: it may have been written), Forbidden, Rejected (Changed: a precondition
    does not hold).
    """

    async def read(self, application: Application) -> Application | None:
        """The same application as it is now, past the cache; None where it is gone."""

    async def refresh(self, application: Application) -> None:
        """Ask that the sources be looked at now."""

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        """Sync to these commits, one for each of its `sources`.

        Raises Rejected while another operation runs, and where it syncs by itself.
        """

    async def stop_sync(self, application: Application) -> None:
        """End an operation of ours that waits for its window; one of somebody else goes on."""

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        """Follow this commit instead of the branch, until `unpin`.

        Flux cannot do that: there the workload is kept as it is, so that an undo lasts.  Raises Rejected where a
        parent would undo it.
        """

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        """Follow the branch again that was followed before `pin` of this decision."""
