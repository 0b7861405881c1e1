"""What becomes of a revert: whether the cluster was brought to a commit that contains it, and its pull request."""

from __future__ import annotations

from watcher.config.gitops import bare
from watcher.core.gitops import Followed, GitSource, PullState
from watcher.gitops.means import Means
from watcher.ports import WatcherError

MOST_REMEMBERED = 1000
"""Pairs of commits of which it is known that one contains the other."""


class Following:
    """Asks repositories and forges.  What contains a commit contains it for good, and is asked once."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._known: dict[tuple[str, str, str], None] = {}

    async def followed(self, source: GitSource, revision: str, deployed: str, link: str = "") -> Followed:
        """Where it stands.  Never raises for what others answer: `problem` tells.

        `revision` is the revert, empty while it is a pull request that waits at `link`; `deployed` is the commit that
        the cluster was last brought to.
        """
        pull: PullState | None = None
        contained: tuple[str, ...] = ()
        merged, problem = "", ""
        try:
            if link:
                found = await self._means.forge(source.repo).state(link)
                pull, merged = found.state, found.merged
            if await self._contains(source, revision or merged, deployed):
                contained = (deployed,)
        except WatcherError as error:
            problem = str(error)
        return Followed(self._means.clock.now(), contained, pull, merged, problem, revision or link)

    async def _contains(self, source: GitSource, revision: str, deployed: str) -> bool:
        if not revision or not deployed:
            return False
        pair = (bare(source.repo), revision, deployed)
        if revision == deployed or pair in self._known:
            return True
        repository = self._means.repositories.repository(source.repo)
        await repository.fetch(await self._means.branch(repository, source))
        if not await repository.contains(revision, deployed):
            return False
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[pair] = None
        return True
