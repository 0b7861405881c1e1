"""What becomes of a revert: where the cluster is, and where the pull request stands."""

from __future__ import annotations

from tests.gitops.world import NOW, World
from watcher.core.gitops import Followed, PullState
from watcher.gitops.following import Following
from watcher.ports import Unavailable


async def test_the_commit_itself_and_those_after_it_contain_it(world: World) -> None:
    revert = (await world.perform()).revision
    later = world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    following = Following(world.means)
    assert await following.followed(world.source, revert, world.bad) == Followed(NOW, of=revert)
    assert await following.followed(world.source, revert, revert) == Followed(NOW, (revert,), of=revert)
    assert await following.followed(world.source, revert, later) == Followed(NOW, (later,), of=revert)


async def test_what_is_known_is_not_asked_again(world: World) -> None:
    revert = (await world.perform()).revision
    later = world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    following = Following(world.means)
    await following.followed(world.source, revert, later)
    fetches = world.repository.fetches
    assert (await following.followed(world.source, revert, later)).contained_in == (later,)
    assert world.repository.fetches == fetches


async def test_a_pull_request_is_followed_until_the_cluster_has_what_was_merged(world: World) -> None:
    assert world.forge is not None
    link = (await world.perform(world.order(propose=True))).link
    following = Following(world.means)
    assert await following.followed(world.source, "", world.bad, link) == Followed(NOW, pull=PullState.OPEN, of=link)
    merged = world.repository.commit("Merged", {"apps/checkout/app.yaml": "2.4"})
    world.forge.answer(PullState.MERGED, merged)
    waiting = await following.followed(world.source, "", world.bad, link)
    assert waiting == Followed(NOW, pull=PullState.MERGED, merged=merged, of=link)
    assert (await following.followed(world.source, "", merged, link)).contained_in == (merged,)


async def test_what_cannot_be_asked_is_a_problem(world: World) -> None:
    assert world.forge is not None
    link = (await world.perform(world.order(propose=True))).link
    world.forge.down = Unavailable("git.example.com: no answer within 20 s")
    found = await Following(world.means).followed(world.source, "", world.bad, link)
    assert found == Followed(NOW, problem="git.example.com: no answer within 20 s", of=link)
