"""What is asked about a branch, how often, and what becomes of the answers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.doctor.of_git import BY_PULL, ENTRY, FORGE
from tests.gitops.memory import MemoryRepository
from tests.gitops.world import MemoryForge
from watcher.config.gitops import ConfigRepository, GitAuth, GitHubApp, GitOps, bare
from watcher.core.gitops import Route
from watcher.doctor.gathering.branches import AT_ONCE, REMEMBERED, SECONDS, Branches, GitOutside, files
from watcher.doctor.git_facts import Branch
from watcher.ports import Forbidden, Rejected, Unavailable, WatcherError
from watcher.ports.git import Protected

pytestmark = pytest.mark.looptime


@dataclass
class Server:
    """Repositories and forges in memory; `slow` is how long a fetch takes, seconds."""

    remote: MemoryRepository = field(default_factory=MemoryRepository)
    forge_of_all: MemoryForge = field(default_factory=MemoryForge)
    entry: ConfigRepository = ENTRY
    time: float = 10_000.0
    slow: float = 0.0
    pushes: int = 0
    at_once: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self.remote.commit("cart 1", {"apps/cart/Chart.yaml": "", "kustomization.yaml": "", "values.yaml": ""})
        self.branches = Branches(GitOutside(self, self), lambda: self.time)

    def repository(self, url: str) -> Remote:
        return Remote(self)

    def forge(self, url: str) -> MemoryForge | None:
        return self.forge_of_all if self.entry.forge is not None else None

    async def look(self, name: str = "main") -> Branch:
        place = (bare(self.remote.url), name)
        return (await self.branches.look(GitOps((self.entry,)), {place: self.remote.url}))[place]


class Remote(MemoryRepository):
    def __init__(self, server: Server) -> None:
        super().__init__(branches=server.remote.branches, made=server.remote.made, refusals=server.remote.refusals)
        self._server = server

    async def fetch(self, branch: str) -> str:
        server = self._server
        server.at_once += 1
        server.most = max(server.most, server.at_once)
        await asyncio.sleep(server.slow)
        server.at_once -= 1
        return await super().fetch("main" if branch == "HEAD" else branch)

    async def may_push(self, branch: str) -> None:
        self._server.pushes += 1
        await super().may_push(branch)


async def test_a_branch_without_fault_takes_a_push_and_is_asked_once_an_hour() -> None:
    server = Server()
    found = await server.look()
    assert found.route is Route.PUSH
    assert (found.kustomizations, found.charts) == (frozenset({""}), frozenset({"apps/cart"}))
    server.time += REMEMBERED - 1.0
    assert await server.look() == found
    assert server.pushes == 1
    server.time += 2.0
    await server.look()
    assert server.pushes == 2


async def test_what_is_configured_anew_or_was_at_fault_is_asked_again() -> None:
    server = Server()
    server.remote.refusals.append(Forbidden("the deploy key is read-only"))
    found = await server.look()
    assert (found.read_only, found.route) == ("the deploy key is read-only", Route.NONE)
    assert (await server.look()).route is Route.PUSH
    server.entry = replace(ENTRY, most_objects=5)
    await server.look()
    assert server.pushes == 3


@pytest.mark.parametrize(
    ("refusal", "expected"),
    [
        (Protected("a hook declined it"), {"protected": True}),
        (Forbidden("no right to write"), {"read_only": "no right to write"}),
        (Rejected("an odd answer"), {"read_only": "an odd answer"}),
        (Unavailable("connection refused"), {"away": "connection refused"}),
    ],
)
async def test_what_a_push_would_meet_is_kept_apart(refusal: WatcherError, expected: dict[str, object]) -> None:
    server = Server()
    server.remote.refusals.append(refusal)
    found = await server.look()
    assert {name: getattr(found, name) for name in expected} == expected


async def test_a_branch_that_is_not_there_is_refused_and_one_that_takes_too_long_is_away() -> None:
    server = Server()
    assert "has no branch staging" in (await server.look("staging")).refused
    server.slow = SECONDS + 1.0
    assert (await server.look()).away == "it took longer than 300 s"


async def test_the_forge_tells_of_a_protection_also_of_the_default_branch() -> None:
    server = Server(entry=replace(ENTRY, forge=FORGE))
    assert (await server.look()).route is Route.PUSH
    server.forge_of_all.takes_no_push.add("main")
    found = await server.look("HEAD")
    assert (found.protected, found.route, str(found)) == (
        True,
        Route.PULL_REQUEST,
        "the default branch of https://git.example.com/team/shop-config",
    )
    server.forge_of_all.down = Unavailable("HTTP 502")
    server.time += REMEMBERED
    found = await server.look()
    assert (found.forge_problem, found.route) == ("HTTP 502", Route.PUSH)


async def test_pull_requests_without_a_forge_are_no_way() -> None:
    found = await Server(entry=BY_PULL).look()
    assert (found.route, found.closed) == (
        Route.NONE,
        "pull requests are asked for (write: pullRequest), and no forge is configured",
    )


async def test_nothing_is_asked_while_a_file_is_missing(tmp_path: Path) -> None:
    key = tmp_path / "id_ed25519"
    key.write_text("key")
    server = Server(entry=replace(ENTRY, auth=GitAuth(ssh_key_file=str(key), known_hosts_file=f"{tmp_path}/hosts")))
    found = await server.look()
    assert (found.missing, found.route) == ((f"{tmp_path}/hosts",), Route.NONE)
    assert server.pushes == 0


def test_every_file_of_an_entry_is_looked_for() -> None:
    app = GitHubApp("1", "2", "app.pem")
    auth = GitAuth(token_file="t", ssh_key_file="k", known_hosts_file="h", github_app=app)
    entry = replace(ENTRY, auth=auth, ca_file="ca", signing_key_file="s", forge=replace(FORGE, token_file="t"))
    assert set(files(entry)) == {"t", "k", "h", "ca", "s", "app.pem"}
    assert list(files(ENTRY)) == []


async def test_a_few_are_asked_at_once_and_all_of_them() -> None:
    server = Server(slow=1.0)
    for number in range(10):
        server.remote.branches[f"team-{number}"] = server.remote.branches["main"]
    places = {(bare(server.remote.url), f"team-{number}"): server.remote.url for number in range(10)}
    found = await server.branches.look(GitOps((ENTRY,)), places)
    assert {each.route for each in found.values()} == {Route.PUSH}
    assert (len(found), server.most) == (10, AT_ONCE)
