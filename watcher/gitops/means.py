"""What the way back through Git works with, and what is said where something of it is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from watcher.config.gitops import ConfigRepository, GitOps, bare
from watcher.core.gitops import GitSource
from watcher.core.model import Workload
from watcher.ports import Clock, Rejected, WatcherError
from watcher.ports.git import Applications, Forge, Forges, Manifests, Repositories, Repository

Holding = Callable[[Workload], Awaitable[str]]
"""Asks now why nothing may be written for a workload; an empty answer: it may."""


class Held(WatcherError):
    """A hold appeared between the decision and the write."""


@dataclass(frozen=True, slots=True)
class Means:
    """The outside of the way back through Git; `configured` gives the section `gitops` as it is now."""

    repositories: Repositories
    manifests: Manifests
    forges: Forges
    applications: Applications
    configured: Callable[[], GitOps]
    clock: Clock

    def entry(self, url: str) -> ConfigRepository:
        """What is configured for this repository.  Raises Rejected, saying what to add."""
        found = self.configured().repository(url)
        if found is None:
            raise Rejected(
                f"no entry of gitops.repositories is for {bare(url)}; "
                f'add one with `url: "{bare(url)}"`, and under `auth` the files of its credentials'
            )
        return found

    def forge(self, url: str) -> Forge:
        """The forge of this repository.  Raises Rejected, saying what to add."""
        found = self.forges.forge(url)
        if found is None:
            raise Rejected(
                f"a pull request is needed and no forge is configured for {bare(url)}; "
                "add `forge` with `kind`, `api` and `tokenFile` to its entry of gitops.repositories"
            )
        return found


async def refuse_held(holding: Holding, workload: Workload) -> None:
    """Raises Held where a hold stands now."""
    reason = await holding(workload)
    if reason:
        raise Held(reason)


async def branch_of(repository: Repository, source: GitSource) -> str:
    """The name of the branch that a source follows.  Raises as the repository does."""
    return await repository.default_branch() if source.branch == "HEAD" else source.branch
