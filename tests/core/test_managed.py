"""Ways back for a workload that Argo CD keeps as Git says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.actuator import SILENT, SILENT_APPLIED, UNKNOWN_APPLIED
from tests.core.argo import LINK, MERGED, ManagedWorld
from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from watcher.core.gitops import PullState, Route
from watcher.core.model import PastRollback
from watcher.core.words import Action, Durability, Mode, Outcome, Phase, Rung, Stage

LASTS = 600.0


def rungs(world: ManagedWorld) -> dict[str, bool]:
    return {str(each.rung): each.taken for each in world.decision.rungs}


def durability(world: ManagedWorld) -> Durability | None:
    return world.watch.durability


def writes(world: ManagedWorld) -> list[str]:
    return world.writes


def told(world: ManagedWorld, stage: Stage) -> list[str]:
    return [each.text for each in world.told if each.stage is stage]


def test_the_bad_commit_is_reverted_and_the_sync_followed() -> None:
    world = ManagedWorld.under(Cluster())
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["revert"]
    assert world.ran == ["v1", "v2", "v1"]
    assert durability(world) is Durability.DURABLE
    assert "Git holds it as" in told(world, Stage.RESTORED)[0]


def test_urgent_the_undo_does_not_wait_for_the_sync_and_is_never_put_back() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["revert", "undo"]
    assert world.ran == ["v1", "v2", "v1"]
    assert world.argo.healed == 0
    assert durability(world) is Durability.DURABLE


def test_without_its_revert_an_undo_would_be_fought() -> None:
    """Proof that the simulation shows the fight."""
    world = ManagedWorld.under(Cluster())
    world.ship("v2")
    world.run(60.0)
    world.cluster.apply("v1", world.now)
    world.run(10.0)
    assert world.cluster.current.template == "v2"
    assert world.argo.healed == 1


def test_where_nothing_is_synced_by_itself_it_is_synced_to_what_was_before_and_git_agrees() -> None:
    world = ManagedWorld.under(Cluster(), automated=False, self_heal=False)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["sync", "revert"]
    assert durability(world) is Durability.DURABLE


def test_a_canary_is_aborted_at_once_and_its_commit_reverted() -> None:
    world = ManagedWorld.under(SimulatedRollout())
    world.ship("v2", errors=0.9)
    world.run_until("restored")
    assert world.writes == ["abort", "revert"]
    assert world.cluster.current.template == "v1"
    assert durability(world) is Durability.DURABLE
    world.run(LASTS)
    assert world.watch.outcome is Outcome.RESTORED  # the sync of the revert is no release of its own


def test_an_abort_does_not_wait_until_git_was_looked_at() -> None:
    world = ManagedWorld.under(SimulatedRollout(), unknown=True)
    world.ship("v2", errors=0.9)
    world.run_until("on_target")
    assert world.writes == ["abort"]
    world.argo.unknown = False
    world.run_until("restored")
    assert world.writes == ["abort", "revert"]


def test_a_protected_branch_gets_a_pull_request_and_the_service_waits_for_a_person() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="branch main is protected")
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    assert not rungs(world)["undo"]
    world.run(3600.0)
    assert world.writes == []
    assert world.watch.phase is Phase.CONFIRMING
    assert told(world, Stage.WAITING_FOR_PERSON) == [f"Merge it, nothing else leads back: {LINK}"]
    world.argo.merge()
    world.run_until("restored")
    assert durability(world) is Durability.DURABLE


def test_a_pull_request_that_nobody_merges_is_left_after_a_day() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="branch main is protected")
    world.ship("v2", errors=0.3)
    world.run_until("waiting_for_person", within=90_000.0)
    assert world.watch.outcome is Outcome.WAITING_FOR_PERSON
    assert world.writes == []


def test_a_pull_request_that_is_closed_has_failed() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="branch main is protected")
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    world.argo.pull = PullState.CLOSED
    world.run_until("failed")
    assert "closed without being merged" in world.watch.end_reason


def test_without_self_heal_an_undo_holds_until_the_pull_request_is_merged() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert durability(world) is Durability.CLUSTER_ONLY
    assert f"merge {LINK}" in told(world, Stage.RESTORED)[0]
    world.argo.merge()
    world.run_until("durable")
    assert durability(world) is Durability.DURABLE
    assert told(world, Stage.DURABLE)


def with_bridge(world: ManagedWorld) -> ManagedWorld:
    world.set(rungs=tuple((rung, Mode.ACT) for rung, _ in world.policy.rungs))
    return world


def test_a_bridge_pins_the_application_until_the_pull_request_is_merged() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["pin"]
    assert world.argo.pull is PullState.OPEN
    assert durability(world) is Durability.CLUSTER_ONLY
    world.argo.merge()
    world.run_until("durable")
    assert world.writes == ["pin", "unpin"]
    assert world.argo.deployed == MERGED
    assert world.cluster.current.template == "v1"


def test_a_bridge_that_stands_for_too_long_is_an_alarm_once() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.run_until("bridge_overdue", within=15_000.0)
    world.run(LASTS)
    assert len(told(world, Stage.BRIDGE_OVERDUE)) == 1
    assert world.argo.pinned


def test_a_bridge_is_not_taken_down_under_a_hold() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.cluster.hold = "look first"
    world.argo.merge()
    world.run(LASTS)
    assert world.writes == ["pin"]
    world.cluster.hold = ""
    world.run_until("durable")
    assert world.writes == ["pin", "unpin"]


def under_flux(cluster: Cluster | None = None, **settings: object) -> ManagedWorld:
    kept = {"route": Route.PULL_REQUEST, "why": "protected", "tool": "flux-kustomize", **settings}
    return with_bridge(ManagedWorld.under(cluster or Cluster(), **kept))


def test_flux_is_kept_off_then_the_workload_undone_and_after_the_merge_it_goes_on() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert rungs(world) == {"flag": False, "abort": False, "bridge": True, "undo": False, "git": True, "sync": False}
    assert world.writes == ["pin", "undo"]
    assert world.ran == ["v1", "v2", "v1"]
    assert durability(world) is Durability.CLUSTER_ONLY
    assert f"merge {LINK}" in told(world, Stage.RESTORED)[0]
    world.run(LASTS)
    assert world.ran == ["v1", "v2", "v1"]
    world.argo.merge()
    world.run_until("durable")
    assert world.writes == ["pin", "undo", "unpin"]
    assert world.ran == ["v1", "v2", "v1"]
    assert not world.argo.pinned


def test_a_helm_release_is_suspended_the_workload_undone_and_after_the_merge_resumed() -> None:
    world = under_flux(tool="flux-helm")
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["pin", "undo"]
    assert durability(world) is Durability.CLUSTER_ONLY
    world.run(LASTS)
    assert world.ran == ["v1", "v2", "v1"]
    world.argo.merge()
    world.argo.refresh(world.now)  # its source is not suspended
    world.run_until("durable")
    assert world.writes == ["pin", "undo", "unpin"]
    world.run(LASTS)
    assert world.argo.deployed == MERGED
    assert world.ran == ["v1", "v2", "v1"]


def test_flux_is_let_at_the_workload_again_only_once_it_has_the_merge() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.argo.merge()
    world.run_until("refresh_ordered")
    assert world.argo.pinned
    world.run_until("durable")
    assert world.argo.deployed == MERGED
    assert world.ran == ["v1", "v2", "v1"]


def test_a_merge_before_the_recovery_is_proven_ends_the_bridge_as_well() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("on_target")
    world.argo.merge()
    world.run_until("restored")
    world.run_until("bridge_ends")
    world.run(60.0)
    assert world.writes == ["pin", "undo", "unpin"]
    assert durability(world) is Durability.DURABLE
    assert told(world, Stage.DURABLE) == []
    assert world.ran == ["v1", "v2", "v1"]


@pytest.mark.parametrize("order", range(3))
@pytest.mark.parametrize("reaction", [SILENT, SILENT_APPLIED, UNKNOWN_APPLIED, "unavailable", "conflict"])
def test_an_order_of_the_bridge_that_is_lost_is_given_again(reaction: str, order: int) -> None:
    world = under_flux()
    world.react(*["applied"] * order, reaction)
    world.ship("v2", errors=0.3)
    crashed = 0
    for _ in range(400):
        world.tick()
        if len(world.orders) > order and crashed < 2:
            world.crash()
            crashed += 1
        if world.watch.phase is Phase.CLOSED:
            break
    assert world.watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    assert world.writes.count("undo") == 1
    assert world.ran == ["v1", "v2", "v1"]


def test_what_flux_still_had_in_hand_when_it_was_kept_off_is_undone_once_more() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("on_target")
    world.cluster.apply("v2", world.now)
    world.run_until("restored")
    assert world.writes == ["pin", "undo", "undo"]
    assert "put_back" in world.moved


def test_an_undo_that_cannot_be_made_takes_the_bridge_down_and_leaves_it_to_the_pull_request() -> None:
    world = under_flux()
    world.react("applied", "refused")
    world.ship("v2", errors=0.3)
    world.run_until("bridge_ends")
    world.run(60.0)
    assert world.writes == ["pin", "unpin"]
    assert world.watch.phase is Phase.CONFIRMING
    assert told(world, Stage.WAITING_FOR_PERSON)
    world.argo.merge()
    world.run_until("restored")
    assert durability(world) is Durability.DURABLE


def test_no_bridge_for_flux_where_nothing_may_be_undone() -> None:
    world = under_flux()
    world.set(rungs=tuple((rung, Mode.NONE if rung is Rung.UNDO else Mode.ACT) for rung, _ in world.policy.rungs))
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    assert not rungs(world)["bridge"]
    assert world.writes == []


def test_no_bridge_for_flux_where_only_configuration_has_changed() -> None:
    world = under_flux()
    world.ship("v1+cfg", errors=0.3)
    world.run_until("confirming")
    assert not rungs(world)["bridge"]
    assert world.writes == []


def test_a_bridge_that_keeps_flux_off_for_too_long_is_told_as_what_it_is() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.run_until("bridge_overdue", within=15_000.0)
    assert told(world, Stage.BRIDGE_OVERDUE)[0].startswith("flux-kustomize argocd/cart is kept off since")


def test_a_hold_keeps_the_undo_behind_a_bridge_back() -> None:
    world = under_flux()
    world.ship("v2", errors=0.3)
    world.run_until("bridge")
    world.cluster.hold = "look first"
    world.run(30.0)
    assert "undo" not in world.writes


def test_no_bridge_where_a_parent_would_undo_it() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="p", parent="ApplicationSet/all"))
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    assert not rungs(world)["bridge"]


def test_what_is_managed_elsewhere_is_not_undone() -> None:
    world = ManagedWorld.under(Cluster())
    world.seen = False
    world.ship("v2", errors=0.3)
    world.run_until("hold")
    assert world.guards == ("no_way_back",)
    assert world.writes == []


def test_what_is_refused_says_what_to_do() -> None:
    world = ManagedWorld.under(Cluster(), refused="rendered by a source hydrator: revert the dry commit")
    world.ship("v2", errors=0.3)
    world.run_until("hold")
    assert "source hydrator" in world.decision.rungs[-1].reason
    assert world.writes == []


def test_a_repository_out_of_reach_leaves_an_undo_that_would_be_fought_unsent() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0, down=True)
    world.ship("v2", errors=0.3)
    world.run_until("stood_down")
    assert world.writes == []
    world.argo.down = False
    world.run_until("restored")
    assert world.argo.reverts == 1
    assert durability(world) is Durability.DURABLE


def test_a_repository_out_of_reach_leaves_an_undo_that_holds() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0, down=True, self_heal=False)
    world.ship("v2", errors=0.3)
    world.run_until("restored", "restored_unconfirmed")
    assert world.writes == ["undo"]
    assert durability(world) is Durability.CLUSTER_ONLY
    assert "git revert" in world.told[-1].text


def test_git_comes_back_and_agrees_after_an_abort() -> None:
    world = ManagedWorld.under(SimulatedRollout(), down=True)
    world.ship("v2", errors=0.9)
    world.run_until("on_target")
    world.run(60.0)
    world.argo.down = False
    world.run_until("restored")
    assert world.writes == ["abort", "revert"]
    assert durability(world) is Durability.DURABLE


def test_an_undo_that_is_put_back_is_repeated_once() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    world.cluster.apply("v2", world.now)  # by another hand of the tool
    world.argo.automated = False
    world.run_until("restored")
    assert world.writes == ["revert", "undo", "undo"]
    assert "put_back" in world.moved


@pytest.mark.parametrize("seconds", [5.0, 300.0])
@pytest.mark.parametrize("order", range(3))
@pytest.mark.parametrize("reaction", [SILENT, SILENT_APPLIED, UNKNOWN_APPLIED])
def test_a_crash_at_any_order_leaves_one_revert(reaction: str, order: int, seconds: float) -> None:
    world = ManagedWorld.under(Cluster(), seconds=seconds)
    world.react(*["applied"] * order, reaction)
    world.ship("v2", errors=0.3)
    crashed = 0
    for _ in range(400):
        world.tick()
        if len(world.orders) > order and crashed < 2:
            world.crash()
            crashed += 1
        if world.watch.phase is Phase.CLOSED:
            break
    assert world.watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    assert world.argo.reverts == 1
    assert world.ran == ["v1", "v2", "v1"]


def test_a_configuration_release_goes_back_through_git() -> None:
    world = ManagedWorld.under(Cluster())
    world.ship("v1+cfg", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["revert"]


def test_the_revert_needs_no_revision_in_the_cluster() -> None:
    world = ManagedWorld.under(Cluster())
    world.ship("v2", errors=0.3)
    world.cluster.versions = [each for each in world.cluster.versions if each.template != "v1"]
    world.run_until("restored")
    assert world.writes == ["revert"]


def test_git_proposes_only_then_an_undo_proposes_too() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.set(rungs=((Rung.GIT, Mode.PROPOSE), (Rung.UNDO, Mode.ACT)))
    world.ship("v2", errors=0.3)
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE
    assert world.approve().accepted
    world.run_until("restored")
    assert world.writes == ["revert", "undo"]


def test_git_switched_off_switches_the_undo_off() -> None:
    world = ManagedWorld.under(Cluster())
    world.set(rungs=((Rung.UNDO, Mode.ACT),))
    world.ship("v2", errors=0.3)
    world.run_until("hold")
    assert world.writes == []


def test_the_decision_waits_until_git_was_looked_at() -> None:
    world = ManagedWorld.under(Cluster(), unknown=True)
    world.ship("v2", errors=0.3)
    world.run_until("breach")
    assert world.decisions == []
    world.argo.unknown = False
    world.run_until("restored")
    assert [each.action for each in world.decisions] == [Action.ROLL_BACK]


def test_a_hold_between_revert_and_undo_leaves_it_to_git() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0)
    world.react("applied", "unavailable", "unavailable", "unavailable")
    world.ship("v2", errors=0.3)
    world.run_until("unavailable")
    world.cluster.hold = "hands off"
    world.run_until("restored")
    assert world.writes == ["revert"]
    assert durability(world) is Durability.DURABLE


def comes_back(world: ManagedWorld) -> None:
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.run(LASTS)
    world.argo.automation = "argocd-image-updater"
    world.ship("v2", errors=0.3)
    world.run(60.0)


def test_a_bad_version_that_comes_back_is_an_alarm_and_tried_anew() -> None:
    world = ManagedWorld.under(Cluster())
    comes_back(world)
    assert told(world, Stage.BAD_VERSION_BACK)


def test_where_it_is_allowed_a_bad_version_that_an_automation_brings_back_is_not_tried_again_once() -> None:
    world = ManagedWorld.under(Cluster())
    world.set(repeat=True, cooldown=0.0)
    comes_back(world)
    assert world.writes == ["revert", "revert"]
    assert "argocd-image-updater has brought back" in world.decision.reason
    assert world.watch.outcome is Outcome.RESTORED  # nothing was measured, so the good version has to serve
    world.run(2 * 3600.0)
    world.ship("v2", errors=0.0)
    world.run(60.0)
    assert world.writes == ["revert", "revert"]


def test_a_person_may_bring_it_back() -> None:
    world = ManagedWorld.under(Cluster())
    world.set(repeat=True, cooldown=0.0)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.run(LASTS)
    world.ship("v2", errors=0.0)
    world.run(60.0)
    assert world.writes == ["revert"]


def test_observe_writes_nothing_to_git() -> None:
    world = ManagedWorld.under(Cluster())
    world.policy = replace(world.policy, mode=Mode.OBSERVE)
    world.ship("v2", errors=0.3)
    world.run_until("roll_back")
    world.run(LASTS)
    assert world.writes == []
    assert world.orders == []


def test_what_git_has_taken_back_for_another_workload_is_only_followed_and_no_matter_for_the_breaker() -> None:
    world = ManagedWorld.under(Cluster())
    world.around(rollbacks=tuple(PastRollback(world.now, "shop", f"other/{number}") for number in range(5)))
    world.ship("v2", errors=0.3)
    world.run_until("hold")
    assert world.guards == ("breaker", "namespace_breaker")
    world.argo.reverted_by = world.argo.commit("v1")
    world.argo.looked_at = world.now  # it would not look by itself for a while
    world.run_until("restored")
    assert world.writes == []
    assert world.watch.durability == Durability.DURABLE


def test_a_sync_that_waits_for_its_window_is_ended_when_another_rung_is_taken() -> None:
    world = ManagedWorld.under(Cluster(), automated=False, self_heal=False, window=True)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == ["sync", "revert", "undo", "stop_sync"]
    assert not world.argo.waiting
    assert durability(world) is Durability.DURABLE


def test_a_sync_that_waits_is_ended_when_a_newer_release_takes_over() -> None:
    world = ManagedWorld.under(Cluster(), automated=False, self_heal=False, window=True)
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    world.cluster.apply("v3", world.now)
    world.run(60.0)
    assert world.writes[-1] == "stop_sync"


def test_a_bridge_that_leads_nowhere_is_taken_down() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.cluster.never_ready.add("v1")
    world.run_until("bridge_ends")
    world.run(60.0)
    assert not world.argo.pinned
    assert world.writes[:2] == ["pin", "unpin"]


def test_whoever_mends_git_by_hand_makes_it_durable() -> None:
    world = ManagedWorld.under(Cluster(), seconds=300.0, slow=60.0, down=True, self_heal=False, automated=False)
    world.argo.history.clear()
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert durability(world) is Durability.CLUSTER_ONLY
    world.argo.down = False
    world.argo.commit("v1")
    world.argo.refresh(world.now)
    world.argo.deployed = world.argo.seen
    world.run_until("durable")
    assert durability(world) is Durability.DURABLE
    assert "somebody has mended it there" in told(world, Stage.DURABLE)[0]
