"""The repository takes no push, or is not there while a release fails."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e.controlplane import ControlPlane, GitServer, Json, eventually
from tests.e2e.harness import Application, Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import GOOD, reverts, rung, the_revert, with_a_good_version

BAD = "shop/cart:1.10-err20"
WITHIN = 60.0


def releases_bad(cart: Application) -> str:
    sha = cart.release(BAD)
    cart.refresh()
    cart.service.serves(BAD)
    return sha


def finds_no_way(daemon: Daemon, cart: Application) -> Json:
    """The decision that says that the token may not push, and does nothing."""
    decision = daemon.decides(cart.service, action="hold")
    assert not rung(decision, "git")["taken"]
    assert "403" in rung(decision, "git")["reason"]
    assert not rung(decision, "undo")["taken"]
    assert "would put the bad version back" in rung(decision, "undo")["reason"]
    return decision


@alongside
def test_a_token_that_may_only_read_leaves_it_to_a_person(stage: Stage, shop_in_git: ShopInGit) -> None:
    daemon = stage.watch_git(auth=stage.reading_only)
    cart = with_a_good_version(shop_in_git, daemon)
    good = cart.repository.head()
    bad = releases_bad(cart)
    decision = finds_no_way(daemon, cart)
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    assert f"revert to {good[:12]} on main of {cart.url}" in decision["remedy"]
    assert cart.repository.head() == bad


@alongside
def test_a_token_that_may_only_read_opens_no_pull_request_either(stage: Stage, shop_in_git: ShopInGit) -> None:
    """Its branch would have to be pushed first."""
    daemon = stage.watch_git(auth=stage.reading_only, **stage.with_forge)
    cart = with_a_good_version(shop_in_git, daemon)
    bad = releases_bad(cart)
    finds_no_way(daemon, cart)
    assert stage.pull_requests.pulls == []
    assert cart.repository.branches == ["main"]
    assert cart.repository.head() == bad


@alongside
def test_a_git_server_that_is_down_in_an_incident_is_waited_for(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    forge: GitServer,
    control_plane: ControlPlane,
    measured: Callable[[str], None],
) -> None:
    cart = with_a_good_version(shop_in_git, git_watcher)
    bad = releases_bad(cart)
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        forge.stop()
        waiting = git_watcher.decides(cart.service)
        eventually(lambda: time.time() - waiting["at"] > 20.0, WITHIN, "20 s without Git")
        assert (cart.repository.head(), cart.service.image) == (bad, BAD)
        forge.start()
        back = time.time()
        decision = git_watcher.restores(cart.service)
        cart.settles(the_revert(cart, decision))
        cart.service.serves(GOOD)
    assert len(reverts(cart)) == 1
    assert not seen.came_back(BAD), seen.recorded
    measured(f"Git down for 20 s: proven {decision['restored_at'] - back:.1f} s after it was back")
