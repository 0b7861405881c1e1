"""The adapter against the stand-in that merges in a real repository, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.forge import ForgeServer
from tests.e2e.controlplane.repository import Repository
from watcher.adapters.forges import ConfiguredForges
from watcher.config.gitops import ConfigRepository, ForgeAccess, ForgeKind, GitOps
from watcher.core.gitops import PullState
from watcher.ports.git import Forge, PullRequest


@pytest.fixture
def shop(tmp_path: Path) -> Repository:
    made = Repository.create(tmp_path / "team" / "shop.git", "https://git.test/team/shop.git")
    made.commit("Checkout 2.4", {"apps/checkout.yaml": "2.4\n"})
    made.commit("Checkout 2.5", {"apps/checkout.yaml": "2.5\n"})
    return made


@pytest.fixture
async def server(shop: Repository) -> AsyncIterator[ForgeServer]:
    async with ForgeServer.serve(shop) as running:
        yield running


@pytest.fixture
def forge(server: ForgeServer, shop: Repository, tmp_path: Path) -> Forge:
    (tmp_path / "token").write_text(server.token)
    access = ForgeAccess(ForgeKind.GITEA, server.api, str(tmp_path / "token"))
    found = ConfiguredForges(lambda: GitOps((ConfigRepository(("*",), forge=access),)), lambda: 0.0).forge(shop.url)
    assert found is not None
    return found


async def test_a_pull_request_is_merged_in_the_repository(server: ForgeServer, shop: Repository, forge: Forge) -> None:
    shop.commit("Revert", {"apps/checkout.yaml": "2.4\n"}, branch="watcher/revert-d1")
    pull = await forge.open("watcher/revert-d1", "main", "Revert", "errors", merge=False)
    shop.commit("Cart", {"apps/cart.yaml": "1.0\n"})
    sha = server.merge()
    assert await forge.state(pull.link) == PullRequest(pull.link, PullState.MERGED, sha)
    assert shop.head() == sha
    assert (shop.read("apps/checkout.yaml"), shop.read("apps/cart.yaml")) == ("2.4\n", "1.0\n")


async def test_one_that_is_closed_changes_nothing(server: ForgeServer, shop: Repository, forge: Forge) -> None:
    shop.commit("Revert", {"apps/checkout.yaml": "2.4\n"}, branch="watcher/revert-d1")
    pull = await forge.open("watcher/revert-d1", "main", "Revert", "errors", merge=False)
    server.close()
    assert (await forge.state(pull.link)).state is PullState.CLOSED
    assert shop.read("apps/checkout.yaml") == "2.5\n"


async def test_a_branch_is_protected_as_the_repository_has_it(shop: Repository, forge: Forge) -> None:
    assert not await forge.protected("main")
    shop.protect()
    assert await forge.protected("main")
