"""Reverts on a repository in memory: what is written, when, and what is told of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import count

import pytest

from tests.gitops.world import CART, World
from watcher.config.gitops import Write
from watcher.core.gitops import GitSource, PullState
from watcher.core.model import Result
from watcher.ports import Forbidden, Rejected, Unanswered, Unavailable


async def test_the_commits_are_taken_back_by_one_commit_and_a_look_is_asked_for(world: World) -> None:
    report = await world.perform()
    assert (report.result, report.rung, report.revision) == (Result.APPLIED, "git", world.head)
    assert world.runs == "2.4"
    assert world.applications.calls == [("refresh", "argocd/checkout")]


async def test_the_message_says_what_and_why_and_whose_decision_it_was(world: World) -> None:
    await world.perform()
    assert world.repository.message(world.head) == (
        'Revert "Checkout 2.5"\n\n'
        f"Deployment/shop/checkout, which argocd argocd/checkout keeps as Git says, goes back to {world.good[:12]}.\n\n"
        "errors: new version: 181 of 904 requests failed (20 %), old: 0 of 199 (0 %); allowed is 1 %.\n\n"
        f"Taken back, newest first:\n- {world.bad[:12]} Checkout 2.5 (bob)\n\n"
        f"Watcher-Decision: d1\nWatcher-Workload: Deployment/shop/checkout\nReverts: {world.bad}\n"
    )


async def test_of_several_commits_the_subject_counts_them(world: World) -> None:
    more = world.repository.commit("Checkout 2.5.1", {"apps/checkout/app.yaml": "2.5.1"})
    await world.perform(world.order(commits=(more, world.bad)))
    text = world.repository.message(world.head)
    assert text.startswith("Revert 2 commits of argocd/checkout\n")
    assert text.endswith(f"Reverts: {more}\nReverts: {world.bad}\n")
    assert world.runs == "2.4"


async def test_after_a_crash_behind_the_push_no_second_revert_is_made(world: World) -> None:
    first = await world.perform()
    world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    head = world.head
    again = await world.perform(world.order(tried=2))
    assert (again.result, again.revision, world.head) == (Result.ALREADY, first.revision, head)


async def test_what_somebody_has_brought_back_since_is_not_taken_back_again(world: World) -> None:
    first = await world.perform()
    world.repository.commit('Reapply "Checkout 2.5"', {"apps/checkout/app.yaml": "2.5"}, author="carol")
    again = await world.perform(world.order(tried=2))  # the first answer was lost
    assert (again.result, again.revision, world.runs) == (Result.REFUSED, "", "2.5")
    assert 'of carol (Reapply "Checkout 2.5") brings back what our commit ' + first.revision[:12] in again.message


async def test_another_version_that_came_since_brings_nothing_back(world: World) -> None:
    first = await world.perform()
    world.repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"}, author="carol")
    again = await world.perform(world.order(tried=2))
    assert (again.result, again.revision, world.runs) == (Result.ALREADY, first.revision, "2.6")


async def test_a_commit_that_comes_in_between_is_kept_and_the_revert_made_on_top_of_it(world: World) -> None:
    def quicker() -> None:
        world.repository.before_push = lambda: None
        world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})

    world.repository.before_push = quicker
    report = await world.perform()
    assert report.result == Result.APPLIED
    assert (world.runs, world.repository.files_of("main")["apps/cart/app.yaml"]) == ("2.4", "1.1")


async def test_those_who_push_again_and_again_win_in_the_end() -> None:
    world = World()
    began, versions = world.clock.now(), count(2)
    world.repository.before_push = lambda: world.repository.commit(
        "Cart", {"apps/cart/app.yaml": f"1.{next(versions)}"}
    )
    report = await world.perform()
    assert report.result == Result.UNAVAILABLE
    assert "others pushed first for 30 s" in report.message
    assert 30.0 <= world.clock.now() - began <= 32.0
    assert world.runs == "2.5"


async def test_workloads_of_one_commit_have_one_revert_and_are_told_whose(world: World) -> None:
    first = await world.perform()
    second = await world.perform(world.order("d2", workload=CART))
    assert (second.result, second.revision) == (Result.ALREADY, first.revision)
    assert "of decision d1 has taken it back" in second.message


async def test_two_at_the_same_time_make_one_revert_too(world: World) -> None:
    reports = await asyncio.gather(world.perform(), world.perform(world.order("d2", workload=CART)))
    assert [each.result for each in reports] == [Result.APPLIED, Result.ALREADY]
    assert reports[0].revision == reports[1].revision == world.head


async def test_a_colleagues_fix_is_left_as_it_is_and_named(world: World) -> None:
    fix = world.repository.commit("Back to 2.4", {"apps/checkout/app.yaml": "2.4"}, author="carol")
    report = await world.perform()
    assert (report.result, report.revision, world.head) == (Result.ALREADY, fix, fix)
    assert "of carol (Back to 2.4) has changed it back since" in report.message


async def test_what_a_revert_would_take_back_too_is_for_a_person_to_see(world: World) -> None:
    world.repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"}, author="carol")
    report = await world.perform()
    assert (report.result, world.runs) == (Result.WAITING, "2.6")
    assert "of carol (Checkout 2.6) too, which came later" in report.message


async def test_a_protected_branch_gets_a_pull_request(world: World) -> None:
    assert world.forge is not None
    world.repository.protect("main")
    report = await world.perform()
    assert (report.result, report.link, report.revision) == (Result.WAITING, "https://git.example.com/pulls/1", "")
    assert world.runs == "2.5"
    (branch,) = world.repository.branches.keys() - {"main"}
    assert branch.startswith(f"watcher/revert-{world.bad[:12]}-")
    assert world.repository.files_of(branch)["apps/checkout/app.yaml"] == "2.4"
    ((title, text),) = world.forge.texts
    assert title == 'Revert "Checkout 2.5"'
    assert "Protected branch update failed for refs/heads/main" in text
    assert "181 of 904 requests failed" in text
    assert world.applications.calls == []


async def test_that_it_is_protected_is_not_tried_again(world: World) -> None:
    world.repository.protect("main")
    await world.perform()
    world.repository.unprotect()
    assert (await world.perform(world.order("d2"))).result == Result.WAITING
    world.clock.time += 3600.0
    assert (await world.perform(world.order("d3"))).result == Result.APPLIED


async def test_a_pull_request_is_asked_for_once_however_often_it_is_tried(world: World) -> None:
    assert world.forge is not None
    world.entry = replace(world.entry, write=Write.PULL_REQUEST)
    first = await world.perform()
    world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    again = await world.perform(world.order(tried=2))
    assert (again.result, again.link) == (Result.WAITING, first.link)
    assert len(world.forge.texts) == 1


async def test_one_commit_that_broke_two_workloads_is_one_pull_request(world: World) -> None:
    assert world.forge is not None
    first = await world.perform(world.order(propose=True))
    second = await world.perform(world.order("d2", workload=CART, propose=True))
    assert (second.result, second.link, len(world.forge.pulls)) == (Result.WAITING, first.link, 1)


async def test_on_other_paths_it_is_another_pull_request(world: World) -> None:
    assert world.forge is not None
    both = world.repository.commit("Both", {"apps/checkout/app.yaml": "2.6", "apps/cart/app.yaml": "1.1"})
    for decision, path in (("d1", "apps/checkout"), ("d2", "apps/cart")):
        source = replace(world.source, deployed=both, paths=(path,))
        await world.perform(world.order(decision, source=source, good=world.bad, commits=(both,), propose=True))
    assert len(world.forge.pulls) == 2


@pytest.mark.parametrize("moves", [False, True])
async def test_what_somebody_else_has_pushed_to_our_branch_is_not_merged_by_itself(world: World, moves: bool) -> None:
    """Its name can be told beforehand, and whoever may not push to main may push to other branches."""
    assert world.forge is not None
    world.entry = replace(world.entry, write=Write.PULL_REQUEST, auto_merge=True)
    world.forge.down = Unavailable("connection refused")
    await world.perform()
    (branch,) = world.repository.branches.keys() - {"main"}
    world.repository.commit("Mine", {"apps/cart/app.yaml": "evil"}, branch=branch, author="mallory")
    if moves:
        world.repository.commit("Base", {"bases/web/app.yaml": "1"})
    world.forge.down = None
    report = await world.perform(world.order(tried=2))
    assert world.forge.merging == [False]
    assert f"the branch {branch} holds something else than this revert" in report.message


async def test_what_an_earlier_attempt_has_pushed_there_is(world: World) -> None:
    assert world.forge is not None
    world.entry = replace(world.entry, write=Write.PULL_REQUEST, auto_merge=True)
    world.forge.down = Unavailable("connection refused")
    await world.perform()
    world.repository.commit("Cart 1.1", {"apps/cart/app.yaml": "1.1"})
    world.forge.down = None
    await world.perform(world.order(tried=2))
    assert world.forge.merging == [True]


async def test_a_merged_pull_request_is_done_and_a_closed_one_a_persons_no(world: World) -> None:
    assert world.forge is not None
    order = world.order(propose=True)
    await world.perform(order)
    world.forge.answer(PullState.CLOSED)
    refused = await world.perform(order)
    assert refused.result == Result.REFUSED
    assert "somebody closed pull request https://git.example.com/pulls/1" in refused.message
    world.forge.answer(PullState.MERGED, "abc")
    done = await world.perform(order)
    assert (done.result, done.revision, done.link) == (Result.ALREADY, "abc", refused.link)


@pytest.mark.parametrize("propose", [False, True])
async def test_who_is_to_merge_reads_how_far_it_would_reach(world: World, propose: bool) -> None:
    assert world.forge is not None
    world.manifests.shared = ("apps/cart",)
    assert (await world.perform(world.order(propose=propose))).result == Result.WAITING
    ((_, text),) = world.forge.texts
    assert "This needs a person: the same files go into apps/cart." in text


async def test_who_is_to_merge_reads_why_it_was_not_pushed_also_where_that_was_known_before(world: World) -> None:
    assert world.forge is not None
    world.protections.note(world.source.repo, "main", "the branch main is protected")
    await world.perform(world.order(propose=True))
    ((_, text),) = world.forge.texts
    assert "This needs a person: the branch main is protected." in text


@pytest.mark.parametrize("propose", [False, True])
@pytest.mark.parametrize(("shared", "merges"), [((), True), (("apps/cart",), False)])
async def test_the_forge_may_merge_by_itself_what_is_known_not_to_reach_too_far(
    world: World, propose: bool, shared: tuple[str, ...], merges: bool
) -> None:
    assert world.forge is not None
    world.manifests.shared = shared
    world.entry = replace(world.entry, write=Write.PULL_REQUEST, auto_merge=True)
    await world.perform(world.order(propose=propose))
    assert world.forge.merging == [merges]


async def test_without_a_forge_it_is_said_what_to_configure(world: World) -> None:
    world.forge = None
    report = await world.perform(world.order(propose=True))
    assert report.result == Result.REFUSED
    assert "add `forge` with `kind`, `api` and `tokenFile`" in report.message


async def test_and_why_a_push_will_not_do(world: World) -> None:
    world.forge = None
    world.repository.commit("Checkout 2.6", {"apps/checkout/app.yaml": "2.6"}, author="carol")
    before = dict(world.repository.branches)
    report = await world.perform()
    assert report.result == Result.REFUSED
    assert "of carol (Checkout 2.6) too, which came later; a pull request is needed" in report.message
    assert world.repository.branches == before


@pytest.mark.looptime
@pytest.mark.parametrize("fails", [False, True])
async def test_a_first_fetch_that_takes_longer_than_an_attempt_goes_on_for_the_next_one(fails: bool) -> None:
    world = World()
    fetch, begun = world.repository.fetch, list[str]()

    async def slow(branch: str) -> str:
        begun.append(branch)
        await asyncio.sleep(200.0)
        if fails:
            raise Unavailable("no space is left")
        return await fetch(branch)

    world.repository.fetch = slow  # type: ignore[method-assign]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(world.perform(), 120.0)
    report = await asyncio.wait_for(world.perform(world.order(tried=2)), 120.0)
    assert (report.result, begun) == (Result.UNAVAILABLE if fails else Result.APPLIED, ["main"])


async def test_without_an_entry_too(world: World) -> None:
    source = GitSource("git@other.example.com:team/x.git", "main", world.bad, ("apps/checkout",))
    report = await world.perform(world.order(source=source))
    assert report.result == Result.REFUSED
    assert 'url: "ssh://other.example.com/team/x"' in report.message


async def test_a_hold_that_appears_before_the_push_stops_it(world: World) -> None:
    world.hold = lambda: "freeze until Monday"
    report = await world.perform()
    assert (report.result, report.message, world.runs) == (Result.HELD, "freeze until Monday", "2.5")
    assert (await world.perform(world.order(propose=True))).result == Result.HELD
    assert set(world.repository.branches) == {"main"}


async def test_what_was_done_before_the_hold_is_still_told(world: World) -> None:
    await world.perform()
    world.hold = lambda: "freeze until Monday"
    told = await world.perform()
    assert told.result == Result.ALREADY
    assert told.message.endswith("could not be asked to look now, so it does at its next turn: freeze until Monday")
    assert world.applications.calls == [("refresh", "argocd/checkout")]


async def test_another_process_that_carries_out_the_same_decision_is_found(world: World) -> None:
    def quicker() -> None:
        world.repository.before_push = lambda: None
        world.repository.commit(
            f"Revert\n\nWatcher-Decision: d1\nReverts: {world.bad}", {"apps/checkout/app.yaml": "2.4"}
        )

    world.repository.before_push = quicker
    report = await world.perform()
    assert (report.result, report.revision) == (Result.ALREADY, world.head)


async def test_a_push_without_an_answer_is_looked_for(world: World) -> None:
    world.repository.refusals.append(Unanswered("no answer within 20 s"))
    report = await world.perform()
    assert (report.result, world.runs) == (Result.UNKNOWN, "2.5")


async def test_and_counts_where_it_is_found(world: World) -> None:
    push = world.repository.push

    async def lost(commit: str, branch: str, expected: str) -> None:
        await push(commit, branch, expected)
        raise Unanswered("no answer within 20 s")

    world.repository.push = lost  # type: ignore[method-assign]
    report = await world.perform()
    assert (report.result, report.revision, world.runs) == (Result.APPLIED, world.head, "2.4")


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Unavailable("connection refused"), Result.UNAVAILABLE),
        (Forbidden("this token may not push"), Result.FORBIDDEN),
        (Rejected("the repository is archived"), Result.REFUSED),
    ],
)
async def test_what_is_answered_is_told(world: World, error: Exception, result: str) -> None:
    world.repository.refusals.append(error)  # type: ignore[arg-type]
    report = await world.perform()
    assert (report.result, report.message, world.runs) == (result, str(error), "2.5")


async def test_a_refresh_that_fails_does_not_undo_the_revert(world: World) -> None:
    world.applications.failure = Forbidden("grant the verb `patch` on `applications`")
    report = await world.perform()
    assert report.result == Result.APPLIED
    assert "so it does at its next turn: grant the verb `patch`" in report.message


async def test_files_that_must_not_be_touched_are_not(world: World) -> None:
    world.entry = replace(world.entry, never_touch=("apps/checkout/app.yaml",))
    assert ((await world.perform()).result, world.runs) == (Result.REFUSED, "2.5")


async def test_an_install_that_only_observes_asks_nobody(world: World) -> None:
    world.read_only = True
    assert (await world.perform()).result == Result.FORBIDDEN
    assert world.repository.fetches == 0
