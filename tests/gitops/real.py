"""A real repository, through the adapter, with the same handles for a test as the one in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.e2e.controlplane.repository import Repository as Remote
from watcher.adapters.git import GitRepositories
from watcher.config.gitops import ConfigRepository, GitOps
from watcher.ports import WatcherError


class RealRepository:
    def __init__(self, directory: Path) -> None:
        self.remote = Remote.create(directory / "shop.git", "")
        self.url = self.remote.file_url
        self.refusals: deque[WatcherError] = deque()
        self.before_push: Callable[[], object] = lambda: None
        self.fetches = 0
        config = GitOps((ConfigRepository(("*",)),))
        self._adapter = GitRepositories(lambda: config, directory / "cache", lambda: 1_760_000_000.0).repository(
            self.url
        )

    def commit(
        self, message: str, files: Mapping[str, str | None], *, author: str = "alice", branch: str = "main"
    ) -> str:
        return self.remote.commit(message, files, author=author, branch=branch)

    @property
    def branches(self) -> dict[str, str]:
        return {name: self.remote.head(name) for name in self.remote.branches}

    def protect(self, branch: str) -> None:
        self.remote.protect(branch)

    def unprotect(self) -> None:
        self.remote.unprotect()

    def message(self, sha: str) -> str:
        return self.remote.log(sha)[0].message + "\n"

    def files_of(self, revision: str) -> dict[str, str]:
        return {name: self.remote.read(name, revision) for name in self.remote.files(revision)}

    async def fetch(self, branch: str) -> str:
        self.fetches += 1
        return await self._adapter.fetch(branch)

    async def push(self, commit: str, branch: str, expected: str) -> None:
        self.before_push()
        if self.refusals:
            raise self.refusals.popleft()
        await self._adapter.push(commit, branch, expected)

    async def may_push(self, branch: str) -> None:
        if self.refusals:
            raise self.refusals.popleft()
        await self._adapter.may_push(branch)

    def __getattr__(self, name: str) -> Any:
        """All other methods of the port are the adapter's own."""
        return getattr(self._adapter, name)
