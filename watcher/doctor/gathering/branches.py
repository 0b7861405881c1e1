"""Asks repositories and forges whether a revert could come in; nothing is written there.

Each branch is asked once, whatever number of workloads comes from it: fetched, pushed to without doing it, and its
forge asked whether it is protected.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from watcher.config.gitops import ConfigRepository, GitOps
from watcher.core.gitops import Application
from watcher.doctor.git_facts import Branch, Place
from watcher.ports import Unavailable, WatcherError
from watcher.ports.git import Forges, Protected, Repositories, Repository

AT_ONCE = 3
"""Branches that are asked at the same time."""

SECONDS = 300.0
"""That one branch may take; the first fetch of a large repository takes the longest."""

MOST = 100
"""Branches that are asked in one preflight."""

REMEMBERED = 3500.0
"""Seconds for which a branch without fault is not asked again: the daemon looks hourly, and after each change of the
thresholds file."""

_KUSTOMIZATIONS = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
_CHART = "Chart.yaml"


@dataclass(frozen=True, slots=True)
class GitOutside:
    """By what repositories and forges are asked.

    `took` gives the seconds that the way through Git took for an application, None where that was not measured.
    `renderers` are the commands at hand, of kustomize and helm.
    """

    repositories: Repositories
    forges: Forges
    took: Callable[[Application], float | None] = lambda _: None
    renderers: frozenset[str] = frozenset()


class Branches:
    """Remembers the branches without fault, so that a repository is asked to take a push once in an hour at most.

    `now` is the wall clock, Unix seconds.
    """

    def __init__(self, outside: GitOutside, now: Callable[[], float]) -> None:
        self.outside = outside
        self._now = now
        self._known: dict[Place, tuple[float, Branch]] = {}

    async def look(self, configured: GitOps, urls: Mapping[Place, str]) -> dict[Place, Branch]:
        """Each of these branches; `urls` has its repository as the application names it.  Never raises for answers."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(place: Place, url: str) -> Branch:
            async with slots:
                return await self._branch(place, url, configured.repository(url))

        found = await asyncio.gather(*(one(place, url) for place, url in urls.items()))
        return {each.place: each for each in found}

    async def _branch(self, place: Place, url: str, entry: ConfigRepository | None) -> Branch:
        at, known = self._known.get(place, (0.0, None))
        if known is not None and known.entry == entry and self._now() - at < REMEMBERED:
            return known
        found = await self._asked(url, Branch(*place, entry))
        if found.entry is not None and not _faulty(found):
            self._known[place] = (self._now(), found)
        else:
            self._known.pop(place, None)
        return found

    async def _asked(self, url: str, branch: Branch) -> Branch:
        if branch.entry is None:
            return branch
        missing = tuple(each for each in files(branch.entry) if not os.access(each, os.R_OK))
        branch = replace(branch, missing=missing, forge=branch.entry.forge is not None)
        if missing:
            return branch
        try:
            async with asyncio.timeout(SECONDS):
                return await self._of_repository(url, branch)
        except TimeoutError:
            return replace(branch, away=f"it took longer than {SECONDS:.0f} s")

    async def _of_repository(self, url: str, branch: Branch) -> Branch:
        try:
            repository = self.outside.repositories.repository(url)
            head = await repository.fetch(branch.name)
            branch = _with_recipes(branch, await repository.files(head))
        except Unavailable as error:
            return replace(branch, away=str(error))
        except WatcherError as error:
            return replace(branch, refused=str(error))
        return await self._of_forge(url, repository, await _pushed(repository, branch))

    async def _of_forge(self, url: str, repository: Repository, branch: Branch) -> Branch:
        try:
            forge = self.outside.forges.forge(url)
            if forge is None or branch.protected:
                return branch
            name = await repository.default_branch() if branch.name == "HEAD" else branch.name
            return replace(branch, protected=await forge.protected(name))
        except WatcherError as error:
            return replace(branch, forge_problem=str(error))


async def _pushed(repository: Repository, branch: Branch) -> Branch:
    """Whether a push would be taken, as far as the server says without one."""
    try:
        await repository.may_push(branch.name)
    except Protected:
        return replace(branch, protected=True)
    except Unavailable as error:
        return replace(branch, away=str(error))
    except WatcherError as error:
        return replace(branch, read_only=str(error))
    return branch


def _with_recipes(branch: Branch, names: tuple[str, ...]) -> Branch:
    """The directories that kustomize or helm renders."""
    kustomizations, charts = set[str](), set[str]()
    for name in names:
        directory, _, file = name.rpartition("/")
        if file in _KUSTOMIZATIONS:
            kustomizations.add(directory)
        elif file == _CHART:
            charts.add(directory)
    return replace(branch, kustomizations=frozenset(kustomizations), charts=frozenset(charts))


def _faulty(branch: Branch) -> bool:
    return bool(branch.missing or branch.away or branch.refused or branch.read_only or branch.forge_problem)


def files(entry: ConfigRepository) -> Iterator[str]:
    """Those that an entry of gitops.repositories names."""
    auth, forge = entry.auth, entry.forge
    named = [auth.token_file, auth.ssh_key_file, auth.known_hosts_file, entry.ca_file, entry.signing_key_file]
    named.append(auth.github_app.private_key_file if auth.github_app is not None else "")
    named.append(forge.token_file if forge is not None else "")
    yield from dict.fromkeys(each for each in named if each)
