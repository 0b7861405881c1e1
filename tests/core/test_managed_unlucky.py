"""A workload that Argo CD keeps as Git says, when things come together badly."""

from __future__ import annotations

from dataclasses import replace

from tests.core.actuator import UNKNOWN_APPLIED
from tests.core.argo import MERGED, Argo, ManagedWorld
from tests.core.cluster import Cluster
from tests.core.rollouts import SimulatedRollout
from tests.core.test_managed import durability, told, with_bridge
from watcher.core.gitops import Application, PullState, Route
from watcher.core.orders import RevertOrder
from watcher.core.words import Durability, Mode, Phase, Rung, Stage


def decisions_of_reverts(world: ManagedWorld) -> set[str]:
    return {each.decision for each in world.orders if isinstance(each, RevertOrder)}


def test_a_hold_after_a_revert_that_failed_once_does_not_keep_the_rollback_from_ending() -> None:
    world = ManagedWorld.under(SimulatedRollout(), down=True)
    world.ship("v2", errors=0.9)
    world.run_until("on_target")
    world.run(30.0)
    world.cluster.hold = "post-mortem"
    world.run(3 * 3600.0)
    assert world.watch.phase is Phase.CLOSED


def test_one_pull_request_though_a_hold_came_between_it_and_the_undo() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.react("applied", "unavailable", "unavailable", "unavailable", "unavailable")
    world.ship("v2", errors=0.3)
    world.run_until("unavailable")
    world.cluster.hold = "look first"
    world.run_until("stood_down")
    world.run(60.0)
    assert world.state is not None
    assert world.state.unsettled is not None  # the pull request is followed
    world.cluster.hold = ""
    world.run_until("restored")
    assert len(decisions_of_reverts(world)) == 1


def test_one_pull_request_per_release_after_a_stand_down() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.react("applied", "unavailable", "unavailable", "unavailable", "unavailable")
    world.ship("v2", errors=0.3)
    world.run_until("unavailable")
    world.cluster.hold = "look first"
    world.run_until("stood_down")
    world.run(60.0)
    world.cluster.hold = ""
    world.run_until("restored")
    assert len(decisions_of_reverts(world)) == 1


def test_a_bridge_that_may_not_be_taken_down_is_an_alarm_too() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.cluster.hold = "look first"
    world.argo.merge()
    world.run(world.policy.bridge_for + 3600.0)
    assert world.argo.pinned
    assert told(world, Stage.BRIDGE_OVERDUE)


def test_a_bridge_whose_end_is_refused_is_an_alarm_too() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.react(*["forbidden"] * 2000)
    world.argo.merge()
    world.run(world.policy.bridge_for + 3600.0)
    assert world.argo.pinned
    assert told(world, Stage.BRIDGE_OVERDUE)


def test_another_workloads_bridge_is_no_mended_git() -> None:
    """Two workloads of one application: this one waits for its pull request, and the other one pins the application."""
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected")
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    world.argo.pin, world.argo.pinned = world.argo.commits[0][0], "other-decision"
    world.run_until("restored")
    assert durability(world) is Durability.CLUSTER_ONLY
    world.run(600.0)
    assert world.argo.pull is PullState.OPEN
    assert not told(world, Stage.DURABLE)
    assert durability(world) is Durability.CLUSTER_ONLY


def test_a_tool_that_calls_itself_ready_without_looking_at_the_cluster_has_not_mended_git() -> None:
    """A HelmRelease without drift detection is Ready whatever runs, and is looked at again on request."""

    class Helm(Argo):
        def application(self) -> Application:
            return replace(super().application(), tool="flux-helm", name="shop/cart", synced=True, syncing=False)

    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.argo.__class__ = Helm
    world.argo.seen = world.argo.deployed
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.run(900.0)
    assert world.argo.pull is PullState.OPEN
    assert durability(world) is Durability.CLUSTER_ONLY


def test_a_pull_request_that_was_merged_with_another_content_is_not_durable() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected", self_heal=False)
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.argo.pull = PullState.MERGED
    world.argo.commits.append((MERGED, "v2"))  # edited before it was merged
    world.run(10.0)
    assert not told(world, Stage.DURABLE)


def test_a_sync_whose_answer_was_lost_is_ended_when_a_hold_comes() -> None:
    world = ManagedWorld.under(Cluster(), automated=False, self_heal=False, window=True)
    world.react(UNKNOWN_APPLIED)
    world.ship("v2", errors=0.3)
    world.run_until("unknown")
    assert world.argo.waiting
    world.cluster.hold = "look first"
    world.run_until("stood_down")
    world.run(60.0)
    world.cluster.hold = ""
    world.cluster.apply("v3", world.now)
    world.run(300.0)
    assert not world.argo.waiting


def test_a_sync_whose_answer_was_lost_is_known_after_a_newer_release() -> None:
    world = ManagedWorld.under(Cluster(), automated=False, self_heal=False, window=True)
    world.react(UNKNOWN_APPLIED)
    world.ship("v2", errors=0.3)
    world.run_until("unknown")
    world.cluster.apply("v3", world.now)
    world.run(300.0)
    assert not world.argo.waiting


def test_a_bridge_that_has_led_back_after_all_stays_until_the_merge() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.cluster.never_ready.add("v1")
    world.run_until("bridge_ends", within=3600.0)
    world.argo.pin, world.argo.pinned = world.argo.commits[0][0], world.decision.id  # its end was lost
    world.react(*["unavailable"] * 200)
    world.cluster.never_ready.clear()
    world.run_until("restored")
    world.actuator.reactions.clear()
    world.run(600.0)
    assert world.argo.pinned
    assert world.cluster.current.template == "v1"
    world.argo.merge()
    world.run_until("durable")
    assert not world.argo.pinned


def test_the_revert_beside_an_approved_abort_was_seen_by_whoever_approved() -> None:
    world = ManagedWorld.under(SimulatedRollout(), unknown=True)
    world.set(rungs=((Rung.ABORT, Mode.PROPOSE), (Rung.GIT, Mode.PROPOSE)))
    world.ship("v2", errors=0.9)
    world.run_until("roll_back")
    assert world.decision.commits == ()
    assert world.approve().accepted
    world.run_until("on_target")
    world.argo.unknown = False
    world.run(300.0)
    assert "revert" not in world.writes


def test_the_bridge_of_flux_leads_back_to_the_known_good_version() -> None:
    """It only keeps Flux off: somebody has to put the version back."""

    class Flux(Argo):
        def application(self) -> Application:
            return replace(super().application(), tool="flux-kustomize", name="shop/cart")

        def tick(self, now: float) -> None:
            if not self.pinned:
                super().tick(now)

    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.argo.__class__ = Flux
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    world.run(300.0)
    assert world.cluster.current.template == "v1"


def test_what_became_of_another_pull_request_takes_no_bridge_down() -> None:
    """While a newer release is rolled back it is that one's pull request that is followed."""
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    assert world.state is not None
    assert world.state.unsettled is not None
    assert world.state.unsettled.revert is not None
    earlier = replace(world.state.unsettled.revert, link="https://git.example.com/shop/pulls/1")
    world.state = replace(world.state, unsettled=replace(world.state.unsettled, revert=earlier))
    world.argo.pull = PullState.MERGED  # that of LINK
    world.run(60.0)
    assert world.argo.pinned


def test_a_bridge_is_taken_down_though_the_workload_was_made_anew_meanwhile() -> None:
    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.ship("v2", errors=0.3)
    world.run_until("restored")
    world.cluster.uid = "uid-2"  # as `kubectl replace --force`, or a changed selector
    world.run(60.0)
    world.argo.merge()
    world.run(600.0)
    assert not world.argo.pinned


def test_a_pull_request_whose_answer_was_lost_is_not_opened_twice() -> None:
    world = ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected")
    world.react(UNKNOWN_APPLIED, "unavailable", "unavailable", "unavailable")
    world.ship("v2", errors=0.3)
    world.run_until("unknown")
    world.cluster.hold = "look first"
    world.run_until("stood_down")
    world.cluster.hold = ""
    world.actuator.reactions.clear()
    world.run_until("confirming")
    assert len(decisions_of_reverts(world)) == 1


def test_a_hold_set_while_nothing_could_be_reverted_and_then_mode_observe_still_ends() -> None:
    """The same with the mode lowered for good."""
    world = ManagedWorld.under(SimulatedRollout(), down=True)
    world.ship("v2", errors=0.9)
    world.run_until("on_target")
    world.run(30.0)
    world.policy = replace(world.policy, mode=Mode.OBSERVE)
    world.run(3 * 3600.0)
    assert world.watch.phase is Phase.CLOSED


def test_a_revert_that_somebody_takes_back_before_it_is_synced_is_not_durable() -> None:
    """The version that runs is the one that the abort has brought, and Git asks for the bad one again."""
    world = ManagedWorld.under(SimulatedRollout(), slow=20.0)
    world.ship("v2", errors=0.9)
    world.run_until("revert_applied")
    world.argo.commit("v2")
    world.argo.refresh(world.now)
    world.argo.slow = 10_000.0
    world.run_until("restored", "restored_unconfirmed")
    assert durability(world) is Durability.CLUSTER_ONLY


def test_an_undo_that_was_switched_off_does_not_follow_a_bridge() -> None:
    """The file is reloaded between the bridge of Flux and the undo that it is for."""

    class Flux(Argo):
        def application(self) -> Application:
            return replace(super().application(), tool="flux-kustomize", name="shop/cart")

        def tick(self, now: float) -> None:
            if not self.pinned:
                super().tick(now)

    world = with_bridge(ManagedWorld.under(Cluster(), route=Route.PULL_REQUEST, why="protected"))
    world.argo.__class__ = Flux
    world.ship("v2", errors=0.3)
    world.run_until("confirming")
    assert "undo" not in world.writes
    world.set(rungs=tuple((rung, mode) for rung, mode in world.policy.rungs if rung is not Rung.UNDO))
    world.run(60.0)
    assert "undo" not in world.writes
