"""Git repositories through the `git` command: clones in a cache, commits made without a work tree, pushes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from watcher.adapters.git.addresses import Address, redacted
from watcher.adapters.git.clones import Clone
from watcher.adapters.git.command import Git
from watcher.adapters.git.credentials import Credentials
from watcher.adapters.git.private_files import PrivateFiles
from watcher.adapters.git.repository import GitRepository
from watcher.adapters.git.signing import Author
from watcher.config.gitops import ConfigRepository, GitOps
from watcher.ports import Rejected


class GitRepositories:
    """The `Repositories` that the thresholds file configures, with their clones in a directory of the cache.

    `configured` gives the section `gitops` as it is now; `now` is the wall clock, Unix seconds.
    """

    def __init__(self, configured: Callable[[], GitOps], cache: Path, now: Callable[[], float]) -> None:
        self._configured, self._cache, self._now = configured, cache, now
        self._git = Git(cache)
        self._files = PrivateFiles(cache / "private")
        self._made: dict[tuple[str, ConfigRepository], GitRepository] = {}

    def repository(self, url: str) -> GitRepository:
        """The one of this URL.  Raises Rejected where no credentials are configured for it."""
        found = self._configured().repository(url)
        if found is None:
            raise Rejected(f"no entry of gitops.repositories fits {redacted(url)}: add one with its credentials")
        if (url, found) not in self._made:
            self._made = {key: each for key, each in self._made.items() if key[0] != url}
            self._made[url, found] = self._make(url, found)
        return self._made[url, found]

    def _make(self, url: str, found: ConfigRepository) -> GitRepository:
        address = Address.of(found.through or url)
        credentials = Credentials(found, address, self._files, self._now)
        return GitRepository(Clone(self._git, self._cache, address, credentials), Author(found, self._files))
