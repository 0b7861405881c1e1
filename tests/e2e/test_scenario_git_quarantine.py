"""An image updater commits an image again that was taken back: an alarm at once, or a second revert without a trial."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e.controlplane import Json, eventually
from tests.e2e.harness import Application, Daemon, ShopInGit, alongside
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import GOOD, reverts, with_a_good_version

BAD = "shop/cart:1.10-err20"
UPDATER = "argocd-image-updater"
METRIC = "watcher_bad_versions_back"
WITHIN = 60.0


def once_reverted(shop: ShopInGit, daemon: Daemon) -> Application:
    """A service whose bad version was taken back by a revert."""
    cart = with_a_good_version(shop, daemon)
    cart.release(BAD)
    cart.refresh()
    daemon.restores(cart.service)
    cart.service.serves(GOOD)
    return cart


def comes_again(cart: Application, build: str) -> tuple[str, float]:
    """The updater commits the image in another template; returns the sha, and when it was deployed."""
    sha = cart.release(BAD, {"build": build}, author=UPDATER)
    cart.refresh()
    eventually(lambda: cart.service.image == BAD, WITHIN, "the bad image is back")
    return sha, time.time()


def alarms(cart: Application) -> list[str]:
    return [each["message"] for each in cart.service.events if each["reason"] == "BadVersionBack"]


def decides_again(daemon: Daemon, cart: Application, known: set[str]) -> Json:
    """The decision on the version that came back, once the service has recovered."""

    def restored() -> Json | None:
        newest = daemon.restores(cart.service)
        return newest if newest["id"] not in known else None

    return eventually(restored, 2 * WITHIN, "another decision")


def decides_anything(daemon: Daemon, application: Application, known: set[str]) -> Json:
    """Wait for another decision, be it that it is only proposed: so soon after a rollback little was seen of it."""

    def decided() -> Json | None:
        newest = daemon.decisions(application.service)[0]
        return newest if newest["id"] not in known else None

    return eventually(decided, WITHIN, "another decision, of whatever mode")


def checks(decision: Json) -> set[str]:
    return {each["check"] for each in decision["verdicts"] if each["verdict"] == "breach"}


@alongside
def test_a_bad_image_that_comes_back_raises_an_alarm_at_once(
    shop_in_git: ShopInGit, git_watcher: Daemon, measured: Callable[[str], None]
) -> None:
    cart = once_reverted(shop_in_git, git_watcher)
    first = git_watcher.decisions(cart.service)[0]
    assert not alarms(cart)
    assert not git_watcher.metric(METRIC, cart.service)

    _, deployed = comes_again(cart, "7")
    (alarm,) = eventually(lambda: alarms(cart), WITHIN, "an alarm")
    told = time.time()
    assert first["id"] in alarm
    eventually(lambda: git_watcher.metric(METRIC, cart.service) == 1.0, WITHIN, "the metric says so")
    again = decides_again(git_watcher, cart, {first["id"]})
    assert "quarantine" not in checks(again)  # it was tried like any other
    assert again["durability"] == "durable"
    assert len(reverts(cart)) == 2
    measured(f"a bad image is back: alarm {told - deployed:.1f} s after it was deployed")


@alongside
def test_one_that_an_automation_brings_back_is_reverted_once_without_a_trial(
    stage: Stage, shop_in_git: ShopInGit, measured: Callable[[str], None]
) -> None:
    daemon = stage.watch_git(service={"quarantine": "rollBack"})
    cart = once_reverted(shop_in_git, daemon)
    first = daemon.decisions(cart.service)[0]

    sha, deployed = comes_again(cart, "7")
    second = decides_again(daemon, cart, {first["id"]})
    assert checks(second) == {"quarantine"}
    assert f"{UPDATER} has brought back" in second["reason"]
    assert [each["sha"] for each in second["git"]["commits"]] == [sha]
    assert second["durability"] == "durable"
    cart.service.serves(GOOD)

    comes_again(cart, "8")
    third = decides_anything(daemon, cart, {first["id"], second["id"]})
    assert "quarantine" not in checks(third)
    assert len(alarms(cart)) == 2
    measured(f"a bad image is back, rollBack: decided {second['decided_at'] - deployed:.1f} s after it was deployed")
