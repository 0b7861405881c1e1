"""Which forge belongs to which repository, what it is called there, and with whose token."""

from __future__ import annotations

from pathlib import Path

import pytest
import respx

from watcher.adapters.forges import ConfiguredForges
from watcher.adapters.forges.configured import repository_path
from watcher.config.gitops import ConfigRepository, ForgeAccess, ForgeKind, GitOps
from watcher.ports import Unavailable

GITHUB = ForgeAccess(ForgeKind.GITHUB, "https://api.github.test")
GITLAB = ForgeAccess(ForgeKind.GITLAB, "https://gitlab.test/api/v4")
BELOW = ForgeAccess(ForgeKind.GITLAB, "https://test/gitlab/api/v4")
GITEA = ForgeAccess(ForgeKind.GITEA, "https://test/git/api/v1")


@pytest.mark.parametrize(
    ("url", "access", "path"),
    [
        ("https://github.test/acme/shop-config.git", GITHUB, "acme/shop-config"),
        ("git@github.test:acme/shop-config.git", GITHUB, "acme/shop-config"),
        ("ssh://git@github.test:22/acme/shop-config", GITHUB, "acme/shop-config"),
        ("https://gitlab.test/acme/platform/shop/", GITLAB, "acme/platform/shop"),
        ("https://test/gitlab/acme/platform/shop.git", BELOW, "acme/platform/shop"),
        ("git@test:acme/platform/shop.git", BELOW, "acme/platform/shop"),
        ("https://test/git/acme/shop.git", GITEA, "acme/shop"),
    ],
)
def test_what_a_repository_is_called(url: str, access: ForgeAccess, path: str) -> None:
    assert repository_path(url, access) == path


def test_without_an_entry_or_without_its_forge_there_is_none() -> None:
    forges = ConfiguredForges(lambda: GitOps((ConfigRepository(("https://github.test/*",)),)), lambda: 0.0)
    assert forges.forge("https://github.test/acme/shop") is None
    assert forges.forge("https://elsewhere.test/acme/shop") is None


@respx.mock
async def test_the_token_is_read_at_each_use(respx_mock: respx.MockRouter, tmp_path: Path) -> None:
    file = tmp_path / "token"
    entry = ConfigRepository(("*",), forge=ForgeAccess(ForgeKind.GITEA, "https://gitea.test/api/v1", str(file)))
    forge = ConfiguredForges(lambda: GitOps((entry,)), lambda: 0.0).forge("https://gitea.test/team/shop")
    assert forge is not None
    branch = respx_mock.get("https://gitea.test/api/v1/repos/team/shop/branches/release/1.0")
    branch.respond(json={"protected": True, "user_can_push": True})
    for token in ("first", "second-one"):
        file.write_text(f"{token}\n")
        assert not await forge.protected("release/1.0")
        assert branch.calls.last.request.headers["authorization"] == f"token {token}"
    file.write_text("two words")
    with pytest.raises(Unavailable, match="one word is expected"):
        await forge.protected("main")
    file.unlink()
    with pytest.raises(Unavailable, match="cannot be read: No such file"):
        await forge.protected("main")


async def test_an_authority_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    for name, text in (("token", "word"), ("ca.pem", "no certificate")):
        (tmp_path / name).write_text(text)
    access = ForgeAccess(ForgeKind.GITEA, "https://gitea.test/api/v1", str(tmp_path / "token"))
    entry = ConfigRepository(("*",), forge=access, ca_file=str(tmp_path / "ca.pem"))
    forge = ConfiguredForges(lambda: GitOps((entry,)), lambda: 0.0).forge("https://gitea.test/team/shop")
    assert forge is not None
    with pytest.raises(Unavailable, match=r"ca\.pem cannot be used as an authority"):
        await forge.protected("main")
