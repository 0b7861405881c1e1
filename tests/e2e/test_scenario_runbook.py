"""By hand where Argo CD heals by itself: the runbook's order leads back, and nothing comes again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.e2e import workloads
from tests.e2e.by_hand import Person
from tests.e2e.controlplane import ControlPlane, GitServer
from tests.e2e.harness import ReplicaSetSequence, ShopInGit

GOOD, BAD = "shop/cart:1", "shop/cart:2"
WHO = {"NAME": "ada", "EMAIL": "ada@example.com"}


def test_revert_push_refresh_undo_by_hand(
    shop_in_git: ShopInGit, forge: GitServer, control_plane: ControlPlane, tools: Mapping[str, Path], tmp_path: Path
) -> None:
    cart = shop_in_git.deploy(workloads.deployment, "cart", GOOD)
    good = shop_in_git.repository.head()
    cart.settles(cart.release(BAD))
    cart.service.serves(BAD)
    person = Person(control_plane, tools["kubectl"], tmp_path, frozenset({"git"}), may_push(forge))
    book = person.reads(cart.service)
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        person.does(book, "take_over", "confirm", "database", "git", "undo", "verify", "file")
        cart.service.serves(GOOD)
        cart.settles(shop_in_git.repository.head())
    assert not seen.came_back(BAD), seen.recorded
    assert cart.repository.read(cart.file, "main") == cart.repository.read(cart.file, good)
    assert cart.repository.log()[0].subject == "Revert cart: incident"


def may_push(forge: GitServer) -> dict[str, str]:
    """Settings of Git for a person who may push, as a credential helper would give them."""
    address = forge.url.replace("://", f"://ada:{forge.token}@")
    settings = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{address}/.insteadOf",
        "GIT_CONFIG_VALUE_0": f"{forge.url}/",
    }
    names = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in WHO.items()}
    return {**settings, **names, "GIT_TERMINAL_PROMPT": "0"}
