"""What a survey finds: the commits that brought a version, whose they are, and how a revert may come in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.gitops.memory import MemoryRepository
from tests.gitops.world import CHECKOUT, NOW, World
from watcher.config.gitops import Write
from watcher.core.gitops import Application, Deployed, GitSource, Prospect, Route
from watcher.gitops.durations import Durations
from watcher.gitops.surveying import Question, Surveying
from watcher.ports import Forbidden, Rejected, Unavailable
from watcher.ports.git import Protected

GOOD, BAD = ("shop/checkout:2.4",), ("shop/checkout:2.5",)


@pytest.fixture
def world() -> World:
    """In memory only: `test_real_manifests.py` looks at real ones."""
    return World()


def question(world: World, **changes: object) -> Question:
    asked = Question(CHECKOUT, "u1/2", NOW - 60.0, GOOD, BAD, world.application)
    return replace(asked, **changes)  # type: ignore[arg-type]


async def survey(world: World, durations: Durations | None = None, **changes: object) -> Prospect:
    surveying = Surveying(world.means, world.drafting, world.protections, durations or Durations())
    return await surveying.survey(question(world, **changes))


async def test_it_names_the_commit_and_who_made_it_and_a_push_is_the_way(world: World) -> None:
    found = await survey(world)
    assert (found.route, found.why, found.reverted_by, found.automation) == (Route.PUSH, "", "", "")
    assert (found.at, found.release, found.source, found.good) == (NOW, "u1/2", world.source, world.good)
    (note,) = found.commits
    assert (note.sha, note.author, note.subject) == (world.bad, "bob", "Checkout 2.5 [skip ci]")


async def test_nothing_is_written(world: World) -> None:
    before = dict(world.repository.branches)
    await survey(world)
    assert world.repository.branches == before
    assert world.forge is not None
    assert world.forge.texts == []


async def test_commits_elsewhere_do_not_count(world: World) -> None:
    cart = world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    source = replace(world.source, deployed=cart)
    history = (*world.application.history, Deployed((cart,), NOW - 30.0))
    application = replace(world.application, sources=(source,), history=history)
    found = await survey(world, application=application)
    assert ([each.sha for each in found.commits], found.good) == ([world.bad], world.good)


async def test_what_was_synced_since_the_release_began_is_not_taken_back(world: World) -> None:
    """It has left the workload as it was, else there would be another release."""
    scaled = world.repository.commit("Five of them", {"apps/checkout/replicas.yaml": "5"})
    source = replace(world.source, deployed=scaled)
    for later in ((), (Deployed((scaled,), NOW - 30.0),)):  # a commit that changes no object is not synced at all
        application = replace(world.application, sources=(source,), history=(*world.application.history, *later))
        found = await survey(world, application=application)
        assert [each.sha for each in found.commits] == [world.bad]


async def test_what_a_path_is_rendered_from_counts_too(world: World) -> None:
    world.manifests.bases = {"apps/checkout": ("bases/web",)}
    base = world.repository.commit("Base", {"bases/web/app.yaml": "2.5 with more"})
    history = (Deployed((world.good,), NOW - 4000.0), Deployed((base,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=base),), history=history)
    found = await survey(world, application=application)
    assert [each.sha for each in found.commits] == [base, world.bad]


async def test_the_target_may_be_further_back_than_the_version_before(world: World) -> None:
    worse = world.repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"})
    history = (*world.application.history[:1], Deployed((world.bad,), NOW - 2000.0), Deployed((worse,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=worse),), history=history)
    found = await survey(world, application=application, bad_images=("shop/checkout:2.6",))
    assert (found.good, found.route) == (world.good, Route.PUSH)
    assert [each.sha for each in found.commits] == [worse, world.bad]


async def test_a_revert_that_no_sync_tells_of_is_not_taken_back_with_what_came_after_it(world: World) -> None:
    """An undo went first, so that nothing was left to sync."""
    reverted = world.repository.commit("Revert", {"apps/checkout/app.yaml": "2.4"})
    again = world.repository.commit("Checkout 2.5, once more", {"apps/checkout/app.yaml": "2.5 again"})
    history = (*world.application.history, Deployed((again,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=again),), history=history)
    found = await survey(world, application=application)
    assert ([each.sha for each in found.commits], found.good) == ([again], reverted)


@pytest.mark.parametrize("file", ["apps/checkout/app.yaml", "apps/checkout/Deployment-checkout.yaml"])
async def test_a_commit_that_asked_for_the_bad_version_is_none_to_go_back_to_though_a_base_names_the_target(
    world: World, file: str
) -> None:
    world.manifests.bases = {"apps/checkout": ("bases/web",)}
    commit = world.repository.commit
    tuned = commit("Base", {"bases/web/app.yaml": "2.4", "apps/checkout/app.yaml": "", file: "2.4"})
    bad = commit("Checkout 2.5", {file: "2.5"})
    reverted = commit("Revert", {file: "2.4"})  # an undo went first, so no sync tells of it
    base = commit("Base 2.5", {"bases/web/app.yaml": "2.5"})
    history = tuple(Deployed((sha,), NOW - at) for sha, at in ((tuned, 9000.0), (bad, 4000.0), (base, 62.0)))
    application = replace(world.application, sources=(replace(world.source, deployed=base),), history=history)
    found = await survey(world, application=application)
    assert ([each.sha for each in found.commits], found.good) == ([base], reverted)


async def test_with_the_same_images_it_goes_back_to_where_the_target_was_proven(world: World) -> None:
    """The history names the bad commit as the one before: an undo went first, so no sync tells of its revert."""
    reverted = world.repository.commit("Revert", {"apps/checkout/app.yaml": "2.4"})
    again = world.repository.commit("Other settings", {"apps/checkout/app.yaml": "2.4 and settings"})
    history = (Deployed((world.bad,), NOW - 9000.0), Deployed((again,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=again),), history=history)
    found = await survey(world, application=application, bad_images=GOOD, known=(world.good,))
    assert ([each.sha for each in found.commits], found.good) == ([again], reverted)


async def test_without_a_history_it_counts_what_was_noted_when_the_target_ran(world: World) -> None:
    application = replace(world.application, tool="flux-kustomize", history=())
    nothing = await survey(world, application=application)
    assert nothing.route is Route.NONE
    assert "it is not known which commit" in nothing.why
    assert (await survey(world, application=application, known=(world.good,))).route is Route.PUSH
    assert (await survey(world, known=("",))).good == world.good


async def test_what_was_deployed_between_the_proof_and_the_release_stays(world: World) -> None:
    repository = world.repository
    tuned = repository.commit("More memory", {"apps/checkout/app.yaml": "2.5", "apps/checkout/limits.yaml": "1Gi"})
    worse = repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"})
    synced = ((world.bad, NOW - 9000.0), (tuned, NOW - 2000.0), (worse, NOW - 62.0))
    application = replace(
        world.application,
        sources=(replace(world.source, deployed=worse),),
        history=tuple(Deployed((sha,), at) for sha, at in synced),
    )

    async def look(application: Application) -> Prospect:
        target, bad = ("shop/checkout:2.5",), ("shop/checkout:2.6",)
        return await survey(world, application=application, target_images=target, bad_images=bad, known=(world.bad,))

    found = await look(application)
    assert ([each.sha for each in found.commits], found.good) == ([worse], tuned)
    found = await look(replace(application, tool="flux-kustomize", history=()))
    assert ([each.sha for each in found.commits], found.good) == ([worse], tuned)


async def test_with_the_same_images_what_was_deployed_long_before_stays(world: World) -> None:
    repository = world.repository
    tuned = repository.commit("More memory", {"apps/checkout/limits.yaml": "1Gi"})
    worse = repository.commit("Timeouts", {"apps/checkout/timeouts.yaml": "1ms"})
    synced = ((world.bad, NOW - 9000.0), (tuned, NOW - 2000.0), (worse, NOW - 62.0))
    application = replace(
        world.application,
        sources=(replace(world.source, deployed=worse),),
        history=tuple(Deployed((sha,), at) for sha, at in synced),
    )
    images = ("shop/checkout:2.5",)
    found = await survey(world, application=application, target_images=images, bad_images=images, known=(world.bad,))
    assert ([each.sha for each in found.commits], found.good) == ([worse], tuned)


async def test_what_was_deployed_after_the_release_stays(world: World) -> None:
    later = world.repository.commit("More memory", {"apps/checkout/limits.yaml": "1Gi"})
    history = (*world.application.history, Deployed((later,), NOW - 20.0))
    application = replace(world.application, sources=(replace(world.source, deployed=later),), history=history)
    found = await survey(world, application=application)
    assert ([each.sha for each in found.commits], found.good) == ([world.bad], world.good)


async def test_without_a_history_commits_that_are_newer_than_the_release_stay_too(world: World) -> None:
    """A HelmRelease has no history of commits; a colleague's is deployed while the release is under watch."""
    assert isinstance(world.repository, MemoryRepository)
    later = world.repository.commit("More memory", {"apps/checkout/limits.yaml": "1Gi"}, at=NOW - 20.0)
    sources = (replace(world.source, deployed=later),)
    application = replace(world.application, tool="flux-helm", sources=sources, history=())
    found = await survey(world, application=application, known=(world.good,))
    assert ([each.sha for each in found.commits], found.good, found.route) == ([world.bad], world.good, Route.PUSH)
    assert found.source.deployed == world.bad


async def test_and_a_clock_that_is_ahead_does_not_hide_the_only_commit(world: World) -> None:
    assert isinstance(world.repository, MemoryRepository)
    bad = world.repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"}, at=NOW + 3600.0)
    sources = (replace(world.source, deployed=bad),)
    application = replace(world.application, tool="flux-helm", sources=sources, history=())
    target, worse = ("shop/checkout:2.5",), ("shop/checkout:2.6",)
    found = await survey(world, application=application, known=(world.bad,), target_images=target, bad_images=worse)
    assert [each.sha for each in found.commits] == [bad]


async def test_a_version_that_no_commit_names_did_not_come_by_one(world: World) -> None:
    found = await survey(world, bad_images=("shop/checkout:9.9",))
    assert (found.route, [each.sha for each in found.commits]) == (Route.NONE, [world.bad])
    assert "no commit has brought shop/checkout:9.9 in place of shop/checkout:2.4" in found.why


async def test_what_is_set_past_git_is_named_with_what_to_do(world: World) -> None:
    application = replace(world.application, overridden="the image parameter shop/checkout")
    found = await survey(world, bad_images=("shop/checkout:9.9",), application=application)
    assert found.route is Route.NONE
    assert "the image parameter shop/checkout is set in argocd argocd/checkout itself; suspend" in found.why
    same_images = await survey(world, bad_images=GOOD, application=application)
    assert same_images.route is Route.NONE


async def test_a_change_of_configuration_is_found_without_images(world: World) -> None:
    assert (await survey(world, bad_images=GOOD)).route is Route.PUSH


async def test_a_release_long_after_the_last_sync_is_of_somebody_elses_making(world: World) -> None:
    history = (Deployed((world.good,), NOW - 9000.0), Deployed((world.bad,), NOW - 2000.0))
    found = await survey(world, bad_images=GOOD, application=replace(world.application, history=history))
    assert (found.route, found.commits) == (Route.NONE, ())
    assert "the version came another way" in found.why
    synced_since = await survey(world, bad_images=GOOD, known=(world.bad,))
    assert synced_since.route is Route.NONE


async def test_an_image_automation_is_named(world: World) -> None:
    automated = world.repository.commit(
        "build: automatic update", {"apps/checkout/app.yaml": "2.6"}, author="argocd-image-updater"
    )
    history = (*world.application.history[:1], Deployed((automated,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=automated),), history=history)
    found = await survey(world, application=application, bad_images=("shop/checkout:2.6",))
    assert found.automation == "argocd-image-updater"


async def test_what_is_reverted_already_is_told(world: World) -> None:
    assert (await world.perform()).revision == world.head
    assert (await survey(world)).reverted_by == world.head


async def test_several_sources_at_once_are_for_a_person(world: World) -> None:
    both = world.repository.commit("Both 2.5", {"apps/checkout/app.yaml": "2.5 ", "apps/cart/app.yaml": "2.5"})
    world.repository.commit("Next", {"apps/cart/app.yaml": "2.4"})
    sources = tuple(GitSource(world.repository.url, "HEAD", both, (path,)) for path in ("apps/checkout", "apps/cart"))
    history = (Deployed((world.good, world.good), NOW - 4000.0), Deployed((both, both), NOW - 62.0))
    application = replace(world.application, sources=sources, history=history)
    found = await survey(world, application=application, bad_images=GOOD)
    assert found.route is Route.NONE
    assert "commits in several sources came with it" in found.why


async def test_a_source_that_stayed_the_same_does_not_matter(world: World) -> None:
    chart = GitSource("https://charts.example.com/chart.git", "main", "c1", ("chart",))
    history = (Deployed((world.good, "c1"), NOW - 4000.0), Deployed((world.bad, "c1"), NOW - 62.0))
    application = replace(world.application, sources=(world.source, chart), history=history)
    found = await survey(world, application=application)
    assert (found.route, found.source) == (Route.PUSH, world.source)


def _asks_for_pull_requests(world: World) -> None:
    world.entry = replace(world.entry, write=Write.PULL_REQUEST)


def _is_protected(world: World) -> None:
    assert world.forge is not None
    world.forge.takes_no_push.add("main")


def _refuses_a_push(world: World) -> None:
    world.repository.refusals.append(Protected("read-only token"))


def _shares_files(world: World) -> None:
    world.manifests.shared = ("apps/cart",)


def _adds_a_claim(world: World) -> None:
    claim = world.repository.commit("Claim", {"apps/checkout/PersistentVolumeClaim-data.yaml": "2.5"})
    world.bad = claim


def _renders_nothing(world: World) -> None:
    world.manifests.unrendered = "there is no helm on PATH"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_asks_for_pull_requests, "write: pullRequest"),
        (_is_protected, "the branch main is protected"),
        (_refuses_a_push, "read-only token"),
        (_shares_files, "the same files go into apps/cart"),
        (_adds_a_claim, "it would remove PersistentVolumeClaim shop/data"),
        (_renders_nothing, "how far it would reach cannot be told: there is no helm on PATH"),
    ],
)
async def test_why_it_needs_a_pull_request(world: World, change: Callable[[World], None], why: str) -> None:
    change(world)
    found = await survey(world)
    assert found.route is Route.PULL_REQUEST
    assert why in found.why
    world.forge = None
    without = await survey(world)
    assert without.route is Route.NONE
    assert why in without.why
    assert "add `forge`" in without.why


async def test_values_that_are_not_in_the_repository_leave_it_open_how_far_it_would_reach(world: World) -> None:
    source = replace(world.source, beyond="helm.values")
    found = await survey(world, application=replace(world.application, sources=(source,)))
    assert found.route is Route.PULL_REQUEST
    assert "how far it would reach cannot be told: it is rendered with helm.values too" in found.why


async def test_a_changed_tag_needs_no_renderer(world: World) -> None:
    world.manifests.unrendered = "there is no helm on PATH"
    good = world.repository.commit("4", {"apps/checkout/values.yaml": "image:\n  tag: 2.4\nreplicas: 3\n"})
    bad = world.repository.commit("5", {"apps/checkout/values.yaml": 'image:\n  tag: "2.5"\nreplicas: 3\n'})
    history = (Deployed((good,), NOW - 4000.0), Deployed((bad,), NOW - 62.0))
    application = replace(world.application, sources=(replace(world.source, deployed=bad),), history=history)
    assert (await survey(world, application=application)).route is Route.PUSH


async def test_a_forge_that_does_not_answer_is_no_protection(world: World) -> None:
    assert world.forge is not None
    world.forge.down = Forbidden("the token may not read branch protections")
    assert (await survey(world)).route is Route.PUSH


async def test_files_that_must_not_be_touched_leave_no_way(world: World) -> None:
    world.entry = replace(world.entry, never_touch=("apps/checkout/app.yaml",))
    found = await survey(world)
    assert (found.route, found.why) == (
        Route.NONE,
        "the revert would change apps/checkout/app.yaml, which neverTouch keeps",
    )


async def test_without_an_entry_it_is_said_what_to_add() -> None:
    world = World()
    world.entry = replace(world.entry, urls=("https://elsewhere.example.com/*",))
    found = await survey(world)
    assert found.route is Route.NONE
    assert 'add one with `url: "https://git.example.com/team/shop-config"`' in found.why


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (Unavailable("connection refused"), "could not be looked at: connection refused"),
        (Forbidden("the token is not accepted"), "the token is not accepted"),
        (Rejected("there is no such repository"), "there is no such repository"),
    ],
)
async def test_what_cannot_be_looked_at_is_no_way(world: World, error: Exception, why: str) -> None:
    async def fetch(branch: str) -> str:
        raise error

    world.repository.fetch = fetch  # type: ignore[method-assign]
    found = await survey(world)
    assert (found.route, found.why) == (Route.NONE, why)


async def test_commits_that_nobody_lets_it_take_back_are_named_for_people(world: World) -> None:
    world.repository.refusals.append(Forbidden("the token may only read"))
    found = await survey(world)
    assert (found.route, found.why) == (Route.NONE, "the token may only read")
    assert ([each.sha for each in found.commits], found.good) == ([world.bad], world.good)


async def test_an_application_that_takes_no_way_back_says_why(world: World) -> None:
    application = replace(world.application, refused="it is hydrated: revert in the dry source")
    assert (await survey(world, application=application)).why == "it is hydrated: revert in the dry source"


async def test_how_long_it_takes_is_measured(world: World) -> None:
    durations = Durations()
    assert (await survey(world, durations)).seconds == 60.0
    for seconds in (4.0, 200.0, 5.0):
        durations.note(world.application, seconds)
    assert (await survey(world, durations)).seconds == 5.0


async def test_while_it_is_pinned_its_branch_counts(world: World) -> None:
    pinned = replace(world.source, branch="a" * 40)
    application = replace(world.application, sources=(pinned,), pinned="d0", pinned_from="main")
    found = await survey(world, application=application)
    assert (found.route, found.source.branch) == (Route.PUSH, "main")


async def test_a_branch_that_takes_pushes_is_not_asked_about_for_a_while(world: World) -> None:
    assert (await survey(world)).route is Route.PUSH
    _is_protected(world)
    assert (await survey(world)).route is Route.PUSH
    world.clock.time += 300.0
    assert (await survey(world)).route is Route.PULL_REQUEST
