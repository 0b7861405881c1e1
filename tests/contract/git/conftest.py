from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.contract.git.people import People
from tests.e2e.controlplane.git_server import GitServer
from tests.e2e.controlplane.repository import Repository as Remote
from watcher.adapters.git import GitRepositories
from watcher.config.gitops import ConfigRepository, GitAuth, GitOps
from watcher.ports.git import Repository


@dataclass
class Place:
    """A repository on a server, and how it is reached."""

    remote: Remote
    url: str
    entry: ConfigRepository
    cache: Path
    server: GitServer

    def open(self, cache: Path | None = None, **changes: object) -> Repository:
        """The adapter's, as a process has it that has just started; `changes` are of its entry in the configuration."""
        entry = replace(self.entry, **changes)  # type: ignore[arg-type]
        config = GitOps(repositories=(entry,))
        return GitRepositories(lambda: config, cache or self.cache, lambda: 1_700_000_000.0).repository(self.url)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    server = GitServer(tmp_path_factory.mktemp("git"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def place_by(server: GitServer, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Place]:
    """A new repository, reached by `file` or by `http` with a token."""

    def place(transport: str) -> Place:
        remote = server.repository(f"{tmp_path.name}-{transport}")
        token = tmp_path / "token"
        token.write_text(server.token + "\n")
        url = remote.file_url if transport == "file" else remote.url
        auth = GitAuth() if transport == "file" else GitAuth(token_file=str(token))
        return Place(remote, url, ConfigRepository(("*",), auth=auth), tmp_path / "cache", server)

    return place


@pytest.fixture(params=["file", "http"])
def place(request: pytest.FixtureRequest, place_by: Callable[[str], Place]) -> Place:
    return place_by(request.param)


@pytest.fixture
def file(place_by: Callable[[str], Place]) -> Place:
    return place_by("file")


@pytest.fixture
def http(place_by: Callable[[str], Place]) -> Place:
    return place_by("http")


@pytest.fixture
def people(place: Place) -> People:
    return People(place.remote)
