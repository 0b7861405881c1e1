"""Argo CD elsewhere: its Applications are read and written by its own API, never in this cluster's."""

from __future__ import annotations

from collections.abc import Callable

from tests.e2e.controlplane import ArgoCD, ControlPlane
from tests.e2e.controlplane.argocd import IN_CLUSTER
from tests.e2e.harness import ReplicaSetSequence, ShopInGit
from tests.e2e.harness.stage import Stage
from tests.e2e.through_git import BAD, GOOD, steps, the_revert, with_a_good_version


def test_a_bad_commit_is_reverted_where_no_application_is_in_the_cluster(
    stage: Stage,
    shop_in_git: ShopInGit,
    argocd: ArgoCD,
    control_plane: ControlPlane,
    measured: Callable[[str], None],
) -> None:
    policies = [f"applications, {verb}, default/*, allow" for verb in ("get", "sync", "update")]
    daemon = stage.watch_hub(argocd.url, argocd.role_token(*policies), IN_CLUSTER)
    cart = with_a_good_version(shop_in_git, daemon)
    bad = cart.release(BAD)
    cart.refresh()
    with ReplicaSetSequence(control_plane.admin, shop_in_git.namespace, "cart") as seen:
        decision = daemon.restores(cart.service)
        cart.service.serves(GOOD)
    assert decision["rung"] == "git"
    assert [each["sha"] for each in decision["git"]["commits"]] == [bad]
    cart.settles(the_revert(cart, decision))
    assert not seen.came_back(BAD), seen.recorded

    account = control_plane.users[daemon.user].username
    asked = [each for each in control_plane.audit.entries(account) if each.resource == "applications"]
    assert {each.status for each in asked} <= {403}, asked
    measured(f"by Argo CD's API: {steps(decision)}")
