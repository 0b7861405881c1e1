"""What is said of workloads that come from Git: the way back, and who is named in findings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.doctor.healthy import CART, GOOD, facts, workload
from tests.doctor.of_git import (
    BY_HAND,
    BY_PULL,
    FORGE,
    PLAIN,
    SHOP,
    a_branch,
    an_application,
    cart,
    git,
    policy,
    shop,
)
from watcher.core.gitops import Application, GitSource
from watcher.core.model import RolloutStatus, Workload
from watcher.core.words import Kind, Mode
from watcher.doctor.examine import examine
from watcher.doctor.facts import Facts
from watcher.doctor.git_facts import Branch
from watcher.doctor.ways import WayBack

WHERE = "main of https://git.example.com/team/shop"
PROTECTED = replace(PLAIN, protected=True, forge=True)
NO_HEAL = replace(SHOP, self_heal=False)


def way(of: Facts) -> WayBack:
    (summary,) = examine(of).workloads
    return summary.way


def found(of: Facts) -> set[str]:
    return {each.kind.id for each in examine(of).findings}


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (shop(), f"through argocd argocd/shop: revert on {WHERE}, about 60 s (assumed)"),
        (
            shop(SHOP, PLAIN, took={"argocd argocd/shop": 12.0}),
            f"through argocd argocd/shop: revert on {WHERE}, about 12 s",
        ),
        (
            shop(SHOP, PROTECTED),
            f"through argocd argocd/shop: pull request onto {WHERE}; a person must merge it",
        ),
        (
            shop(SHOP, PROTECTED, bridge=Mode.ACT),
            (
                "through argocd argocd/shop: pinned to the last good commit until a person merges the pull request onto"
                f" {WHERE}, about 60 s (assumed)"
            ),
        ),
        (
            shop(NO_HEAL, PROTECTED),
            f"through argocd argocd/shop: undo with a pull request onto {WHERE}, about 30 s",
        ),
        (shop(BY_HAND), "through argocd argocd/shop: sync to the commit before, about 60 s (assumed)"),
        (
            shop(replace(BY_HAND, history=())),
            f"through argocd argocd/shop: undo with a revert on {WHERE}, about 30 s",
        ),
        (
            shop(git=Mode.PROPOSE),
            (
                f"through argocd argocd/shop: revert on {WHERE}, about 60 s (assumed);"
                " the rung in mode propose: not by itself"
            ),
        ),
        (shop(git=Mode.NONE), "no automatic way back: managed by argocd argocd/shop, and rungs.git is none"),
        (
            a_branch(entry=None),
            "no automatic way back: no entry of gitops.repositories fits https://git.example.com/team/shop",
        ),
        (a_branch(read_only="the key is read-only"), "no automatic way back: the key is read-only"),
        (a_branch(entry=BY_PULL), "no automatic way back: pull requests are asked for (write: pullRequest), and no"),
        (an_application(refused="it is fixed to v1"), "no automatic way back: managed by argocd shop: it is fixed"),
        (an_application(sources=()), "no automatic way back: argocd argocd/shop has no source in Git"),
        (shop(None), "no automatic way back: managed by argocd shop, which is not to be seen from here"),
    ],
)
def test_the_way_back_through_git_is_told_with_its_duration_or_why_there_is_none(of: Facts, said: str) -> None:
    assert str(way(of)).startswith(said)


def test_a_way_on_which_a_person_must_merge_is_not_automatic() -> None:
    assert way(shop()).automatic
    assert not way(shop(SHOP, PROTECTED)).automatic
    assert not way(shop(git=Mode.PROPOSE)).automatic


def test_where_nobody_looked_into_git_the_ladder_of_a_push_is_told() -> None:
    assert str(way(facts(cart()))).startswith(f"through argocd argocd/shop: revert on {WHERE}")


def test_a_managed_workload_needs_a_proven_target_too_and_no_kept_revision() -> None:
    unproven = replace(cart(), known_good=())
    assert str(way(facts(unproven, git=git()))) == "no automatic way back: nothing is known good yet"
    pruned = replace(cart(), known_good=(GOOD,), history_limit=0)
    assert way(facts(pruned, git=git())).rung == "git"


def test_a_managed_rollout_is_aborted_while_in_progress() -> None:
    rollout = workload(
        Workload(Kind.ROLLOUT, "shop", "cart"),
        policy(),
        manager=cart().view.manager,
        application=SHOP,
        rollout=RolloutStatus("canary", "b", "b"),
    )
    said = str(way(facts(rollout, git=git())))
    assert said.startswith("abort about 5 s (while in progress; once promoted: through argocd argocd/shop: revert on")


def test_the_source_with_the_least_of_a_way_counts() -> None:
    values = GitSource("https://git.example.com/team/values", "HEAD", "3" * 40, ("cart",))
    both = replace(SHOP, sources=(*SHOP.sources, values))
    closed = Branch("https://git.example.com/team/values", "HEAD", PLAIN.entry, read_only="the token may only read")
    several = replace(git(), branches={PLAIN.place: PLAIN, closed.place: closed})
    assert str(way(facts(cart(both), git=several))) == "no automatic way back: the token may only read"
    opened = replace(several, branches={PLAIN.place: PLAIN, closed.place: replace(closed, read_only="")})
    assert f"revert on {WHERE} or the default branch of https://git.example.com/team/values" in str(
        way(facts(cart(both), git=opened))
    )


def test_a_branch_is_looked_up_while_the_application_is_pinned_to_a_commit() -> None:
    (source,) = SHOP.sources
    pinned = replace(SHOP, pinned="d1", pinned_from="main", sources=(replace(source, branch="9" * 40),))
    assert "branch-protected" in found(shop(pinned, PROTECTED))
    assert f"onto {WHERE}" in str(way(shop(pinned, PROTECTED)))


def test_a_finding_on_a_branch_names_what_comes_from_it_once() -> None:
    several = [replace(cart(), view=replace(cart().view, workload=replace(CART, name=f"cart-{n}"))) for n in range(7)]
    report = examine(facts(*several, git=git(PROTECTED)))
    (protected,) = [each for each in report.findings if each.kind.id == "branch-protected"]
    assert protected.subject == WHERE
    assert "the bridge is off: Deployment/shop/cart-0," in protected.what
    assert "and 2 more" in protected.what


@pytest.mark.parametrize(
    ("modes", "said"),
    [((Mode.ACT, Mode.ACT), "on"), ((Mode.ACT, Mode.NONE), "on for some"), ((Mode.PROPOSE, Mode.NONE), "off")],
)
def test_whether_a_bridge_holds_until_somebody_merges_is_said(modes: tuple[Mode, Mode], said: str) -> None:
    one, other = (cart(bridge=mode) for mode in modes)
    other = replace(other, view=replace(other.view, workload=replace(CART, name="search")))
    report = examine(facts(one, other, git=git(PROTECTED)))
    (protected,) = [each for each in report.findings if each.kind.id == "branch-protected"]
    assert f"the bridge is {said}:" in protected.what


def test_the_same_repository_without_an_entry_is_told_once_for_all_its_branches() -> None:
    (source,) = SHOP.sources
    staging = replace(SHOP, name="argocd/staging", sources=(replace(source, branch="staging"),))
    branches = (replace(PLAIN, entry=None), replace(PLAIN, entry=None, name="staging"))
    other = replace(cart(staging), view=replace(cart(staging).view, workload=replace(CART, name="search")))
    report = examine(facts(cart(), other, git=replace(git(), branches={each.place: each for each in branches})))
    (unknown,) = [each for each in report.findings if each.kind.id == "repository-unknown"]
    assert "from which Deployment/shop/cart, Deployment/shop/search come" in unknown.what
    assert 'url: "https://git.example.com/team/shop"' in unknown.mend


@pytest.mark.parametrize(
    ("history", "kept", "forgets"),
    [(SHOP.history, {}, False), ((), {}, True), ((), {"argocd argocd/shop": 10}, True)],
)
def test_without_automation_one_sync_before_must_be_remembered(
    history: tuple[object, ...], kept: dict[str, int], forgets: bool
) -> None:
    application: Application = replace(BY_HAND, history=history)  # type: ignore[arg-type]
    assert ("sync-forgets" in found(shop(application, kept=kept))) is forgets
    assert "sync-forgets" not in found(shop(replace(SHOP, history=())))  # it syncs by itself


def test_what_is_set_past_git_in_the_application_is_told() -> None:
    assert "images-written" in found(an_application(overridden="kustomize.images shop/cart:1.2.0"))


def test_where_the_forge_is_needed_and_there_nothing_is_wrong() -> None:
    served = replace(PLAIN, entry=replace(BY_PULL, forge=FORGE), forge=True)
    assert found(shop(SHOP, served)) == {"managed-by-git", "branch-protected"}
    assert found(shop()) == {"managed-by-git"}


def test_what_never_goes_through_git_asks_for_nothing_there() -> None:
    assert found(shop(SHOP, replace(PLAIN, protected=True), git=Mode.NONE)) == {"managed-by-git", "git-not-by-itself"}
