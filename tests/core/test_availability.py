"""What Kubernetes itself says: shortage, progress deadline, and what else may explain either."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.cluster import Cluster
from tests.core.world import World
from watcher.core.policy import Bake
from watcher.core.words import Action, Kind, Lane, Mode, Outcome, Verdict


def without_traffic(kind: Kind = Kind.DEPLOYMENT, **settings: object) -> World:
    """Only Kubernetes can tell how this one fares."""
    world = World.of(kind, **settings)
    world.set(checks=())
    return world


def short(world: World, pods: int = 3, waiting: str = "CrashLoopBackOff") -> None:
    """Pods of the running version stop serving, all on their own nodes."""
    cluster = world.cluster
    cluster.never_ready.add(cluster.current.template)
    cluster.pods = [
        replace(pod, ready_since=None, waiting=waiting, restarts=int(bool(waiting))) if index < pods else pod
        for index, pod in enumerate(cluster.pods)
    ]


def rolled_out(kind: Kind = Kind.DEPLOYMENT, **settings: object) -> World:
    world = without_traffic(kind, **settings)
    world.release("v2")
    world.run_until("rolled_out")
    world.run(10)
    return world


def test_too_few_replicas_are_a_breach_after_a_while() -> None:
    world = rolled_out()
    short(world)
    world.run(20)
    assert world.decisions == []
    world.run_until("ordered")

    finding = world.decision.findings[0]
    assert finding.lane is Lane.AVAILABILITY
    assert "1 of 4 replicas available for 30 s, 3 are needed; 3 new pods: CrashLoopBackOff" in finding.sentence
    world.run_until("restored")
    assert world.serves("v1")


def test_a_shortage_within_what_the_strategy_allows_is_none() -> None:
    world = rolled_out()
    short(world, pods=1)
    world.run(250)
    assert world.decisions == []


def test_a_shortage_that_heals_is_none() -> None:
    world = rolled_out()
    short(world)
    world.run(20)
    world.cluster.never_ready.clear()
    world.run(400)
    assert world.decisions == []
    assert world.watch.verdict is Verdict.PASS


def test_a_shortage_blocks_a_pass() -> None:
    world = rolled_out()
    world.run(265)
    short(world, waiting="")
    world.run(40)
    assert "pass" not in world.moved


def test_pods_that_are_just_starting_are_not_failing() -> None:
    """Three nodes were reclaimed: new pods take their time, longer than a shortage is borne."""
    world = rolled_out()
    world.cluster.never_ready.add("v2")
    for pod in world.cluster.ready[:3]:
        world.cluster.delete(pod.name, pod.uid)
    world.run(50)
    world.cluster.never_ready.clear()
    world.run(100)
    assert world.decisions == []


def test_pods_that_never_become_ready_are() -> None:
    world = rolled_out()
    world.cluster.never_ready.add("v2")
    for pod in world.cluster.ready[:3]:
        world.cluster.delete(pod.name, pod.uid)
    world.run_until("ordered")
    assert "3 new pods: not Ready" in world.decision.reason


def test_a_deployment_past_its_progress_deadline_is_undone() -> None:
    world = without_traffic(never_ready={"v2"})
    world.release("v2")
    world.run(115)
    assert world.decisions == []
    world.run_until("ordered")
    assert "not rolled out" in world.decision.reason
    world.run_until("restored")


def test_a_deadline_of_the_release_before_is_not_blamed_on_this_one() -> None:
    world = without_traffic(never_ready={"v2"})
    world.set(mode=Mode.OBSERVE)
    world.release("v2")
    world.run_until("breach")
    world.set(mode=Mode.ACT)
    world.cluster.apply("v3", world.now)
    world.cluster.idle = True
    world.cluster.moved_at = 0.0  # the controller has not taken the condition away yet
    world.step()
    assert world.moved[-1] == "release"
    world.run(5)
    assert world.moved[-1] == "hold"


def quota_raised_after_the_deadline() -> World:
    """No pod could be made until the deadline had passed; its condition stands until all is rolled out."""
    world = without_traffic()
    world.cluster.idle, world.cluster.trouble = True, "exceeded quota: pods=4"
    world.release("v2")
    world.run_until("hold")
    assert world.guards == ("not_its_fault",)
    world.cluster.idle, world.cluster.trouble, world.cluster.deadline = False, "", -1.0
    world.cluster.never_ready.add("v2")
    return world


def test_pods_that_came_after_the_deadline_have_their_time_to_start() -> None:
    world = quota_raised_after_the_deadline()
    world.run(40)
    world.cluster.never_ready.clear()
    world.run(60)
    assert world.serves("v2")
    assert [each.action for each in world.decisions if each.action is not Action.HOLD] == []


def test_pods_that_came_after_the_deadline_and_never_become_ready_are_late() -> None:
    world = quota_raised_after_the_deadline()
    world.run_until("restored")
    assert "not Ready" in world.decision.reason
    assert world.serves("v1")


@pytest.mark.parametrize("kind", [Kind.DEPLOYMENT, Kind.STATEFUL_SET, Kind.DAEMON_SET])
def test_pods_that_waited_for_a_node_have_their_time_once_it_is_there(kind: Kind) -> None:
    world = without_traffic(kind)
    world.cluster.full = True
    world.release("v2")
    world.run_until("hold")
    assert world.guards == ("not_its_fault",)
    world.cluster.never_ready.add("v2")  # for as long as it takes to pull the image
    world.cluster.deadline = -1.0
    world.cluster.node_comes(world.now)
    world.run(40)
    world.cluster.never_ready.clear()
    world.run(60)
    assert world.serves("v2")
    assert [each.action for each in world.decisions if each.action is not Action.HOLD] == []


@pytest.mark.parametrize("kind", [Kind.STATEFUL_SET, Kind.DAEMON_SET])
def test_pods_that_are_taken_away_before_they_are_ready_have_had_their_time(kind: Kind) -> None:
    """Evicted, or refused by the kubelet: their controller makes new ones, and none of them is ever old."""
    world = without_traffic(kind, never_ready={"v2"})
    world.release("v2")
    for _ in range(6):
        world.run(25)
        for pod in [each for each in world.cluster.of("v2") if each.ready_since is None]:
            world.cluster.delete(pod.name, pod.uid)
            world.strays = (*world.strays, replace(pod, deleted=world.now))
        if world.decisions:
            break
    assert world.decision.action is Action.ROLL_BACK, world.decision
    assert "not rolled out" in world.decision.reason


def test_that_a_young_pod_stopped_to_be_ready_excuses_it_as_well() -> None:
    """What the new pods depend on is down: one of them came a moment before."""
    world = without_traffic(never_ready={"v2"})
    world.set(mode=Mode.OBSERVE)
    world.release("v2")
    world.run_until("breach")
    now = world.now
    pods = [
        replace(each, ready_since=None, unready_since=now - 5.0, started=(now - 50.0,))
        for each in world.cluster.of("v2")
    ]
    young = replace(pods[0], name="cart-young", uid="uid-young", created=now - 40.0, started=(now - 30.0,))
    others = [each for each in world.cluster.pods if each.revision != "hash-v2"]
    world.cluster.pods, world.cluster.idle, world.cluster.desired = [*others, *pods, young], True, 5
    world.run(10)
    assert "not_its_fault" in world.guards, world.decision


@pytest.mark.parametrize("kind", [Kind.STATEFUL_SET, Kind.DAEMON_SET])
def test_a_kind_without_a_deadline_of_its_own_has_the_configured_one(kind: Kind) -> None:
    world = without_traffic(kind, never_ready={"v2"})
    world.release("v2")
    world.run(115)
    assert world.decisions == []
    world.run_until("restored")
    assert world.serves("v1")


@pytest.mark.parametrize("kind", [Kind.STATEFUL_SET, Kind.DAEMON_SET])
def test_the_deadline_is_for_the_next_progress_and_not_for_the_whole(kind: Kind) -> None:
    world = without_traffic(kind, desired=40)
    world.release("v2")
    world.run_until("rolled_out")
    assert world.watch.rolled_out_at is not None
    assert world.watch.rolled_out_at - world.watch.release.began > world.policy.progress_deadline
    assert world.decisions == []


def test_availability_may_be_told_to_propose_only() -> None:
    world = rolled_out()
    world.set(availability=Mode.PROPOSE)
    short(world)
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE


def everything_trouble(cluster: Cluster) -> None:
    cluster.trouble = "exceeded quota: compute"


def unschedulable(cluster: Cluster) -> None:
    cluster.pods = [replace(pod, scheduled=False) if not pod.ready else pod for pod in cluster.pods]


def old_crash(cluster: Cluster) -> None:
    cluster.pods.append(replace(cluster.pods[0], name="old", revision="hash-v1", waiting="CrashLoopBackOff"))


def old_pull(cluster: Cluster) -> None:
    cluster.pods.append(replace(cluster.pods[0], name="old", revision="hash-v1", waiting="ImagePullBackOff"))


def one_node(cluster: Cluster) -> None:
    cluster.pods = [replace(pod, node="node-9") if not pod.ready else pod for pod in cluster.pods]


def partly_unschedulable(cluster: Cluster) -> None:
    """What cannot be scheduled is no fault of the version; the others fail on one node."""
    one_node(cluster)
    first = next(pod for pod in cluster.pods if not pod.ready)
    cluster.pods = [replace(pod, scheduled=False, node="") if pod is first else pod for pod in cluster.pods]


@pytest.mark.parametrize(
    ("excuse", "reason"),
    [
        (everything_trouble, "exceeded quota: compute"),
        (unschedulable, "the new pods cannot be scheduled"),
        (old_crash, "pods of the old version crash too"),
        (old_pull, "images of the old version cannot be pulled either"),
        (one_node, "the new pods fail on node node-9 only"),
        (partly_unschedulable, "the new pods fail on node node-9 only"),
    ],
)
def test_what_else_explains_it_holds(excuse: object, reason: str) -> None:
    world = rolled_out()
    short(world)
    assert callable(excuse)
    excuse(world.cluster)
    world.cluster.idle = True
    world.run_until("hold")
    assert world.decision.guard is not None
    assert (world.decision.guard.id, world.decision.guard.reason) == ("not_its_fault", reason)


def test_a_single_pod_on_a_lost_node_is_excused_and_one_that_crashes_is_not() -> None:
    for waiting, guards in (("", ("not_its_fault",)), ("CrashLoopBackOff", ())):
        world = rolled_out()
        world.cluster.max_unavailable = 0
        short(world, pods=1, waiting=waiting)
        world.run_until("hold" if guards else "ordered")
        assert world.guards == guards


def test_a_deadline_without_a_failing_pod_is_not_the_versions_fault() -> None:
    world = without_traffic(never_ready={"v2"})
    world.release("v2")
    world.run(60)
    world.cluster.never_ready.clear()
    world.cluster.pods = [pod for pod in world.cluster.pods if pod.revision == "hash-v1"]
    world.cluster.idle = True
    world.run_until("hold")
    assert world.guards == ("not_its_fault",)
    assert "no pod of the new version exists that fails" in world.decision.reason


def test_findings_with_an_excuse_do_not_carry_others_that_may_not_act() -> None:
    """An excused shortage may act, errors may only propose: together they only propose."""
    world = World.of()
    world.set(checks=tuple(replace(each, may=Mode.PROPOSE) for each in world.policy.checks))
    world.release("v2")
    world.run_until("rolled_out")
    short(world)
    one_node(world.cluster)
    world.cluster.idle = True
    world.run_until("hold")
    world.errors["v2"] = 0.3
    world.run_until("roll_back")
    assert world.decision.mode is Mode.PROPOSE
    assert world.decision.reason.startswith("errors:")


def test_nothing_is_concluded_while_the_controller_has_not_seen_the_spec() -> None:
    world = rolled_out()
    world.cluster.observed = False
    short(world)
    world.run(200)
    assert world.decisions == []


def test_a_restart_of_the_daemon_does_not_forget_how_many_were_wanted() -> None:
    world = rolled_out()
    short(world)
    world.run(10)
    world.crash()
    world.run_until("ordered", within=60)
    world.run_until("restored")
    assert world.watch.outcome is Outcome.RESTORED


def lose(world: World, pods: int = 2, *, restarted: float = 0.0, waiting: str = "") -> None:
    """Nodes are lost: their pods are not Ready from now on, though their containers ran on as far as anybody knows.

    `restarted`: seconds after that at which the containers began once more.
    """
    world.cluster.idle = True
    begun = (world.now + restarted,) if restarted else ()
    world.cluster.pods = [
        replace(
            pod,
            ready_since=None,
            unready_since=world.now,
            started=(pod.created + 1.0, *begun),
            restarts=1,  # once, at the start
            waiting=waiting,
        )
        if index < pods
        else pod
        for index, pod in enumerate(world.cluster.pods)
    ]


@pytest.mark.parametrize("pods", [2, 3])
def test_pods_that_were_ready_and_ran_on_are_the_nodes_matter(pods: int) -> None:
    """A zone is lost; that they were restarted once, long before, makes no difference."""
    world = rolled_out()
    lose(world, pods)
    world.run_until("hold")
    assert world.guards == ("not_its_fault",)
    assert "were Ready and are not any more, though none of their containers ended: look at node-" in (
        world.decision.reason
    )
    world.run(600)
    assert world.orders == []


def test_a_single_lost_pod_that_was_restarted_once_long_ago_is_excused() -> None:
    world = rolled_out()
    world.cluster.max_unavailable = 0
    lose(world, 1)
    world.run_until("hold")
    assert world.guards == ("not_its_fault",)


@pytest.mark.parametrize("how", [{"restarted": 5.0}, {"waiting": "CrashLoopBackOff"}])
def test_pods_whose_containers_ended_since_fail_by_themselves(how: dict[str, object]) -> None:
    world = rolled_out()
    lose(world, 2, **how)  # type: ignore[arg-type]
    world.run_until("ordered")


def test_lost_pods_do_not_excuse_a_shortage_that_would_be_there_without_them() -> None:
    world = rolled_out()
    lose(world, 4, waiting="CrashLoopBackOff")
    first = world.cluster.pods[0]
    world.cluster.pods[0] = replace(first, waiting="")
    world.run_until("ordered")


def test_a_pod_that_never_was_ready_was_marked_so_before_its_containers_began() -> None:
    world = without_traffic(never_ready={"v2"})
    world.release("v2")
    world.run(60)
    world.cluster.pods = [
        pod if pod.ready else replace(pod, unready_since=pod.created, started=(pod.created + 3.0,))
        for pod in world.cluster.pods
    ]
    world.run_until("ordered")


@pytest.mark.parametrize(("reason", "mode"), [("Error", Mode.PROPOSE), ("OOMKilled", Mode.ACT)])
def test_pods_that_begin_to_crash_long_after_the_rollout_are_a_leak_or_something_elses_fault(
    reason: str, mode: Mode
) -> None:
    world = rolled_out()
    world.set(bake=Bake(hold_for=3600.0, max=7200.0))
    world.run(1000)
    short(world)
    world.cluster.pods = [pod if pod.ready else replace(pod, terminated=reason) for pod in world.cluster.pods]
    world.run_until("roll_back")
    assert world.decision.mode is mode
