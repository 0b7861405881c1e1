"""What the way back through Git works with, and what is said where something of it is missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from watcher.config.gitops import ConfigRepository, GitOps, bare
from watcher.core.gitops import GitSource
from watcher.core.orders import RungOrder
from watcher.ports import Clock, Rejected
from watcher.ports.git import Applications, Forge, Forges, Manifests, Repositories, Repository
from watcher.ports.results import Held

SAME_DEFAULT = 600.0
"""Seconds for which the name of a default branch is taken for the same; asking is one more way to the server."""

Holding = Callable[[RungOrder], Awaitable[str]]
"""Asks now what holds an order; an empty answer: nothing.  Raises NotLeading where this process may not write."""


class DefaultBranches:
    """Names of the branches that HEAD stands for."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[float, str]] = {}

    async def name(self, url: str, repository: Repository, now: float) -> str:
        """The one of this repository.  Raises as the repository does."""
        at, name = self._known.get(url, (0.0, ""))
        if not name or now - at >= SAME_DEFAULT:
            name = await repository.default_branch()
            self._known[url] = (now, name)
        return name


@dataclass(frozen=True, slots=True)
class Means:
    """The outside of the way back through Git; `configured` gives the section `gitops` as it is now."""

    repositories: Repositories
    manifests: Manifests
    forges: Forges
    applications: Applications
    configured: Callable[[], GitOps]
    clock: Clock
    defaults: DefaultBranches = field(default_factory=DefaultBranches)

    async def branch(self, repository: Repository, source: GitSource) -> str:
        """The name of the branch that a source follows.  Raises as the repository does."""
        if source.branch != "HEAD":
            return source.branch
        return await self.defaults.name(source.repo, repository, self.clock.now())

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


async def refuse_held(holding: Holding, order: RungOrder) -> None:
    """Raises Held where a hold stands now that the order does not pass, and what `holding` raises."""
    reason = await holding(order)
    if reason:
        raise Held(reason)
