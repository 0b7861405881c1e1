"""Killed on the way through Git, the daemon goes on where it was: one revert, and the service is restored.

Where it is killed is told by a request to the Git server that is held back meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.controlplane import ControlPlane, GitServer, eventually
from tests.e2e.controlplane.held_requests import is_push
from tests.e2e.harness import Application, Daemon, ReplicaSetSequence, ShopInGit, alongside
from tests.e2e.harness.shop import WITHIN
from tests.e2e.through_git import BAD, GOOD, reverts, steps, the_revert, with_a_good_version


@dataclass
class Trial:
    """A service whose bad version is to be taken back, and who is killed amid that."""

    cart: Application
    daemon: Daemon
    plane: ControlPlane
    good: str = ""
    ordered: frozenset[str] = frozenset()  # decisions

    def breaks(self, until: Callable[[], object]) -> None:
        """The bad version is released; the daemon is killed once this returns."""
        self.good = self.cart.repository.head()
        self.cart.release(BAD)
        self.cart.refresh()
        until()
        self.daemon.kill()
        self.ordered = frozenset(each["decision"] for each in self.daemon.log_lines("rung_ordered"))

    def goes_on(self) -> str:
        """Started again, it takes the bad version back, once; says how long that took."""
        with ReplicaSetSequence(self.plane.admin, self.cart.service.namespace, "cart") as seen:
            self.daemon.start()
            decision = self.daemon.restores(self.cart.service)
            self.cart.service.serves(GOOD)
        assert [each["id"] for each in self.daemon.decisions(self.cart.service)] == [decision["id"]]
        assert self.ordered == {decision["id"]}
        revert = the_revert(self.cart, decision)
        repository = self.cart.repository
        assert repository.head() == revert
        assert repository.read(self.cart.file, revert) == repository.read(self.cart.file, self.good)
        self.cart.settles(revert)
        assert not seen.came_back(BAD), seen.recorded
        return steps(decision)


@alongside
def test_killed_before_the_commit_is_made(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    control_plane: ControlPlane,
    forge: GitServer,
    measured: Callable[[str], None],
) -> None:
    trial = Trial(with_a_good_version(shop_in_git, git_watcher), git_watcher, control_plane)
    fetch = forge.hold(lambda asked: asked.may_push and bool(git_watcher.log_lines("rung_ordered")))
    trial.breaks(fetch.wait)
    fetch.let_go()
    assert reverts(trial.cart) == []
    measured(f"killed before the commit: {trial.goes_on()}")


@alongside
def test_killed_before_the_push_which_arrives_late(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    control_plane: ControlPlane,
    forge: GitServer,
    measured: Callable[[str], None],
) -> None:
    """The Git that pushes is a process of its own, so it may well outlive the daemon: what it sends comes too late."""
    trial = Trial(with_a_good_version(shop_in_git, git_watcher), git_watcher, control_plane)
    push = forge.hold(is_push)
    trial.breaks(push.wait)
    assert reverts(trial.cart) == []
    measured(f"killed before the push: {trial.goes_on()}")
    head = trial.cart.repository.head()
    push.let_go()
    push.wait_answered()
    assert trial.cart.repository.head() == head
    assert len(reverts(trial.cart)) == 1


@alongside
def test_killed_after_the_push_before_it_knows(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    control_plane: ControlPlane,
    forge: GitServer,
    measured: Callable[[str], None],
) -> None:
    trial = Trial(with_a_good_version(shop_in_git, git_watcher), git_watcher, control_plane)
    push = forge.hold(is_push, done=True)
    trial.breaks(push.wait)
    push.let_go()
    assert len(reverts(trial.cart)) == 1
    measured(f"killed after the push: {trial.goes_on()}")


@alongside
def test_killed_during_the_sync(
    shop_in_git: ShopInGit,
    git_watcher: Daemon,
    control_plane: ControlPlane,
    forge: GitServer,
    measured: Callable[[str], None],
) -> None:
    trial = Trial(with_a_good_version(shop_in_git, git_watcher), git_watcher, control_plane)
    cart = trial.cart
    look = forge.hold(lambda asked: not asked.may_push and bool(reverts(cart)))  # of Argo CD, at the revert

    def knows_of_its_push() -> bool:
        look.wait()
        (decision,) = git_watcher.decisions(cart.service)
        return bool(decision["git"]["revision"])

    trial.breaks(lambda: eventually(knows_of_its_push, WITHIN, "the push is known, and Argo CD looks"))
    assert cart.service.image == BAD
    look.let_go()
    measured(f"killed during the sync: {trial.goes_on()}")
