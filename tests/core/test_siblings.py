"""Releases of one change stand together; what merely happens to be alike does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.world import World
from watcher.core.deciding.siblings import known_origins, origins, released_together
from watcher.core.gitops import CommitNote, GitSource, Prospect, Route
from watcher.core.model import Fleet, Revision, Suspect, Workload
from watcher.core.record import decode, encode
from watcher.core.state import Decision, Mark, Release, Watch
from watcher.core.telling.report import decision_body
from watcher.core.words import Action, Kind

COMMIT = "9d41e07ab3c5f0e1d2c3b4a5968778695a4b3c2d"
SEARCH = Workload(Kind.DEPLOYMENT, "shop", "search")
BEFORE = Mark(1, "hash-v1", "t1", "t1", ("cart:1", "proxy:7"), 0.0)


def revision(*images: str, commit: str = "") -> Revision:
    return Revision(2, "hash-v2", "t2", "t2", images, 10.0, commit=commit)


def test_an_image_that_was_there_before_is_no_origin() -> None:
    assert origins(BEFORE, revision("cart:2", "proxy:7")) == ("image cart:2",)
    assert origins(BEFORE, revision("cart:1", "proxy:8", commit="3f9a")) == ("commit 3f9a", "image proxy:8")
    assert origins(BEFORE, revision("cart:1", "proxy:7")) == ()


def prospect(release: Release, route: Route = Route.PUSH) -> Prospect:
    """What a revert would take back."""
    source = GitSource("https://git.example.com/shop.git", "main", COMMIT, ("shop",))
    return Prospect(0.0, release.id, source, "8" * 40, (CommitNote(COMMIT, "ada", "shop 2", 0.0),), route)


def breached(*suspect_origins: str, in_git: bool = False) -> World:
    """A bad release without old pods, while another one came under suspicion at the same time."""
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    since = world.now
    suspect = Suspect(SEARCH, suspect_origins, since, compared=False, earliest=since - 120)
    known = prospect(world.watch.release) if in_git else None
    world.around(suspects=(suspect,), fleet=Fleet(since, 20), prospect=known)
    world.run_until("hold", "roll_back")
    return world


def test_a_sibling_is_no_reason_to_hold_and_is_named() -> None:
    world = breached("commit 3f9a", "image cart:v2")

    assert world.decision.action is Action.ROLL_BACK
    assert world.decision.siblings == ("Deployment/shop/search",)
    assert world.decision.reason.endswith("Released by the same change, and suspected too: Deployment/shop/search.")
    assert decision_body(world.watch, world.decision)["siblings"] == ["Deployment/shop/search"]
    assert decode(Decision, encode(world.decision)) == world.decision


@pytest.mark.parametrize("other", ["image search:2", "commit 77c2"])
def test_a_stranger_is_a_reason_to_hold_and_no_sibling(other: str) -> None:
    world = breached(other)

    assert (world.decision.action, world.guards) == (Action.HOLD, ("several_releases",))
    assert world.decision.siblings == ()


def test_one_commit_in_git_that_brought_several_images_makes_siblings() -> None:
    assert breached(f"commit {COMMIT}", "image search:2").guards == ("several_releases",)

    world = breached(f"commit {COMMIT}", "image search:2", in_git=True)

    assert world.decision.action is Action.ROLL_BACK
    assert world.decision.siblings == ("Deployment/shop/search",)


def test_commits_are_origins_only_of_the_release_that_they_would_take_back() -> None:
    release = breached("image cart:v2").watch.release
    known = prospect(release)

    assert known_origins(release, known) == (*release.origins, f"commit {COMMIT}")
    assert known_origins(release, prospect(release, Route.NONE)) == release.origins
    assert known_origins(replace(release, id="another"), known) == release.origins


def test_what_is_under_watch_by_the_same_change_stands_apart_from_the_fleet() -> None:
    world = breached("image cart:v2")
    own = world.watch
    cart = own.release.workload

    def other(name: str, *suspect_origins: str) -> tuple[Workload, Watch]:
        workload = replace(SEARCH, name=name)
        return workload, replace(own, release=replace(own.release, workload=workload, origins=suspect_origins))

    watches = dict([(cart, own), other("search", "image cart:v2"), other("pay", "image pay:2"), other("config")])

    assert {each.name for each in released_together(cart, watches, {})} == {"cart", "search"}
    assert released_together(SEARCH, {}, {}) == {SEARCH}
    assert {each.name for each in released_together(replace(SEARCH, name="config"), watches, {})} == {"config"}

    by_commit = {name: prospect(watch.release) for name, watch in watches.items() if name.name in ("pay", "config")}
    assert {each.name for each in released_together(replace(SEARCH, name="pay"), watches, by_commit)} == {
        "pay",
        "config",
    }
