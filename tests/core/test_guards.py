"""Every guard holds a rollback that would be carried out without it, and lets it go once its reason is gone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import START, World
from watcher.core.deciding.guards import GUARDS, IGNORANCE
from watcher.core.model import Canary, Fleet, Frozen, Manager, PastRollback, Pod, PodStarts, Result, Suspect, Workload
from watcher.core.policy import KnownGoodRules, Limit
from watcher.core.words import Action, Kind, Provenance, Rung

Situation = Callable[[World], None]


def held(world: World) -> None:
    world.cluster.hold = "game day"


def released_from_hold(world: World) -> None:
    world.cluster.hold = ""


def never(world: World) -> None:
    world.set(never=True)


def not_never(world: World) -> None:
    world.set(never=False)


def frozen(world: World) -> None:
    world.around(frozen=(Frozen("year-end", world.now + 86400.0, "no changes", (Rung.FLAG,)),))


def thawed(world: World) -> None:
    world.around(frozen=())


def not_permitted(world: World) -> None:
    world.around(permitted=False)


def permitted(world: World) -> None:
    world.around(permitted=True)


def stale(world: World) -> None:
    world.around(cache_age=61.0)


def fresh(world: World) -> None:
    world.around(cache_age=60.0)


def owned(world: World) -> None:
    world.cluster.owner = "Kafka/events"


def free(world: World) -> None:
    world.cluster.owner = ""


def cooling(world: World) -> None:
    assert world.state is not None
    world.state = replace(world.state, last_rollback=world.now)


def cooled(world: World) -> None:
    world.set(cooldown=0.0)


def many_rollbacks(world: World) -> None:
    world.set(namespace_breaker=Limit(99, 3600.0))
    world.around(rollbacks=tuple(PastRollback(world.now, "elsewhere", f"uid/{number}") for number in range(3)))


def many_here(world: World) -> None:
    world.around(rollbacks=tuple(PastRollback(world.now, "shop", f"uid/{number}") for number in range(2)))


def long_ago(world: World) -> None:
    world.around(rollbacks=tuple(replace(each, at=world.now - 3600.0) for each in world.surroundings.rollbacks))


def nothing_known(world: World) -> None:
    assert world.state is not None
    world.state = replace(world.state, known_good=())


def known(world: World) -> None:
    world.prove("v1", ago=100.0)


def target_gone(world: World) -> None:
    nothing_known(world)
    world.prove("v0")


def target_back(world: World) -> None:
    nothing_known(world)
    known(world)


def config_moved(world: World) -> None:
    world.prove("v1")
    _amend(world, configurations=(("ConfigMap/cart", "aaa"),))
    world.around(configurations=(("ConfigMap/cart", "bbb"),))


def config_unread(world: World) -> None:
    config_moved(world)
    world.around(configurations=())


def config_back(world: World) -> None:
    world.around(configurations=(("ConfigMap/cart", "aaa"),))


def tag_moved(world: World) -> None:
    world.prove("v1")
    _amend(world, digests=(("cart:latest", "sha256:aaa"),))
    world.cluster.digests = (("cart:latest", "sha256:bbb"), ("sidecar:1", "sha256:ccc"))
    world.cluster.pods = [replace(each, digests=world.cluster.digests) for each in world.cluster.pods]


def tag_back(world: World) -> None:
    _amend(world, digests=(("cart:latest", "sha256:aaa"), ("cart:latest", "sha256:bbb")))


def nobody_asked(world: World) -> None:
    world.around(fleet=None)


def others_are_well(world: World) -> None:
    world.around(fleet=Fleet(world.now, 20))


def others_suffer(world: World) -> None:
    world.around(fleet=Fleet(world.now, 20, onsets=(world.now,) * 4))


def that_is_usual(world: World) -> None:
    world.around(fleet=Fleet(world.now, 20, onsets=(world.now,) * 4, usual=4))


def another_release(world: World) -> None:
    search = Workload(Kind.DEPLOYMENT, "shop", "search")
    world.around(suspects=(Suspect(search, ("image search:2",), world.now, compared=False, earliest=world.now - 120),))


def the_same_image(world: World) -> None:
    world.around(suspects=tuple(replace(each, origins=("image cart:v2",)) for each in world.surroundings.suspects))


def others_stuck(world: World) -> None:
    world.around(starts=PodStarts(START + 1e9, 4, 3, "Deployment/pay/api: no node takes it"))


def others_start(world: World) -> None:
    world.around(starts=PodStarts(START + 1e9, 6, 3, "Deployment/pay/api: no node takes it"))


def clocks_apart(world: World) -> None:
    world.around(skews=(("the API server", 6.0), ("metrics source main", -31.0)))


def clocks_mended(world: World) -> None:
    world.around(skews=(("the API server", -30.0),))


def image_away(world: World) -> None:
    world.strays = (Pod("cart-old", "old", "hash-v1", world.now - 300.0, waiting="ImagePullBackOff"),)


def image_back(world: World) -> None:
    world.strays = ()


def flagger_at_its_threshold(world: World) -> None:
    world.canary = Canary("cart", "Progressing", 5, 5)


def flagger_counting(world: World) -> None:
    world.canary = Canary("cart", "Progressing", 4, 5)


def _amend(world: World, **changes: object) -> None:
    assert world.state is not None
    entries = tuple(replace(each, **changes) for each in world.state.known_good)  # type: ignore[arg-type]
    world.state = replace(world.state, known_good=entries)


UNREAD = "ConfigMap/cart cannot be read, so it may have changed"


@pytest.mark.parametrize(
    ("now", "guard", "reason"),
    [
        ((), "config_unknown", f"{UNREAD} since revision hash-v1 was proven"),
        ((("ConfigMap/other", "aaa"),), "config_unknown", f"{UNREAD} since revision hash-v1 was proven"),
        ((("ConfigMap/cart", ""),), "config_moved", "ConfigMap/cart is gone since revision hash-v1 was proven"),
        ((("ConfigMap/cart", "bbb"),), "config_moved", "ConfigMap/cart changed since revision hash-v1 was proven"),
    ],
)
def test_a_configuration_that_is_not_known_to_be_the_same_holds(
    now: tuple[tuple[str, str], ...], guard: str, reason: str
) -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    config_moved(world)
    world.around(configurations=now)
    world.run_until("hold")
    assert world.decision.guard is not None
    assert (world.decision.guard.id, world.decision.guard.reason[: len(reason)]) == (guard, reason)
    config_back(world)
    world.run_until("restored")


CASES: dict[str, tuple[Situation, Situation]] = {
    "hold": (held, released_from_hold),
    "never": (never, not_never),
    "freeze": (frozen, thawed),
    "not_permitted": (not_permitted, permitted),
    "stale_cache": (stale, fresh),
    "owned": (owned, free),
    "cooldown": (cooling, cooled),
    "breaker": (many_rollbacks, long_ago),
    "namespace_breaker": (many_here, long_ago),
    "no_target": (nothing_known, known),
    "target_gone": (target_gone, target_back),
    "config_moved": (config_moved, config_back),
    "config_unknown": (config_unread, config_back),
    "mutable_tag": (tag_moved, tag_back),
    "fleet_unknown": (nobody_asked, others_are_well),
    "fleet_veto": (others_suffer, that_is_usual),
    "cluster_cannot_start": (others_stuck, others_start),
    "image_not_pullable": (image_away, image_back),
    "skew": (clocks_apart, clocks_mended),
    "other_controller": (flagger_at_its_threshold, flagger_counting),
    "several_releases": (another_release, the_same_image),
}

ELSEWHERE = {
    "source_unhealthy",
    "not_its_fault",
    "recovery_release",
    "restart",
    "configuration",
    "not_known_good",
    "symptom_before",
    "flapping",
    "old_equally_bad",
    "overload",
    "unsafe_migration",
    "migrations_unknown",
}
"""Guards whose reason does not go away, or that need more of a story; their tests follow, or are in other files."""


def test_every_guard_is_tested() -> None:
    assert CASES.keys() | ELSEWHERE == {guard.id for guard in GUARDS.values() if guard.rule is not None}


def test_what_cannot_be_carried_out_anyway_is_not_to_be_passed() -> None:
    """Nobody's word changes that the target is gone, the object another one, or that this process does not lead."""
    assert not any(GUARDS[each].passable for each in ("not_permitted", "stale_cache", "superseded", "target_gone"))
    assert GUARDS["hold"].passable
    assert GUARDS["breaker"].passable


@pytest.mark.parametrize("guard", CASES)
def test_a_guard_holds_and_lets_go(guard: str) -> None:
    world = World.of()
    begins, ends = CASES[guard]
    world.release("v2", errors=0.2)
    world.run(15)
    begins(world)
    world.run_until("hold")

    assert guard in world.guards
    assert world.decision.guard is not None
    assert world.decision.action is Action.HOLD
    assert world.decision.guard.reason in world.decision.reason
    assert world.told[-1].reason == "RollbackHeld"
    world.run(60)
    assert world.orders == []
    assert len(world.decisions) == 1

    ends(world)
    world.run_until("restored")
    assert world.serves("v1")


@pytest.mark.parametrize("guard", CASES)
def test_a_breach_that_ended_under_a_guard_is_not_acted_on(guard: str) -> None:
    world = World.of()
    begins, ends = CASES[guard]
    world.release("v2", errors=0.2)
    world.run(15)
    begins(world)
    world.run_until("hold")
    world.errors["v2"] = 0.0
    world.run(30)
    ends(world)
    world.run(900)
    assert world.orders == []


@pytest.mark.parametrize("guard", CASES)
def test_a_guard_is_asked_again_before_a_write_that_was_waited_with(guard: str) -> None:
    """Between decision and first write the API server is away, and something comes in between."""
    world = World.of()
    begins, ends = CASES[guard]
    world.react(Result.UNAVAILABLE)
    world.release("v2", errors=0.2)
    world.run_until("unavailable")
    begins(world)
    world.run_until("stood_down", within=45 if guard in IGNORANCE else 15)

    assert world.guards == (guard,)
    assert world.decision.guards[0].reason in world.decision.reason
    assert "Rollback not sent: " in "".join(each.text for each in world.told)
    world.run(60)
    assert len(world.orders) == 1
    assert world.writes == []

    ends(world)
    world.run_until("restored")
    assert world.writes == ["undo"]


NOT_NEXT = {"cooldown", "stale_cache", "target_gone", "fleet_unknown", "fleet_veto", "several_releases"} | {
    "cluster_cannot_start",
    "image_not_pullable",
}
"""Three of the fleet say nothing of a canary that is worse than the old version beside it; and where no further
pod can be started, another abort is tried: the stable pods stand."""


@pytest.mark.parametrize("guard", sorted(CASES.keys() - NOT_NEXT))
def test_a_guard_is_asked_again_before_the_next_rung(guard: str) -> None:
    """Argo Rollouts loses the abort for good; meanwhile something speaks against the undo."""
    world = World.of(Kind.ROLLOUT, deaf=1000)
    begins, ends = CASES[guard]
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    begins(world)
    world.run_until("stood_down", within=900)
    assert guard in world.guards
    assert "undo" not in world.writes

    ends(world)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.deaf = 0
    world.run_until("restored")


def test_our_own_abort_is_no_cooldown_for_the_undo_that_follows_it() -> None:
    world = World.of(Kind.ROLLOUT, deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("undo")
    assert world.moved[-1] == "ordered"


def test_a_source_that_fails_before_the_first_write_holds() -> None:
    world = World.of()
    world.react(Result.UNAVAILABLE)
    world.release("v2", errors=0.2)
    world.run_until("unavailable")
    world.blind = True
    world.run_until("stood_down", within=15)
    assert world.guards == ("source_unhealthy",)


def test_a_source_that_fails_amid_an_abort_starts_no_further_rung() -> None:
    world = World.of(Kind.ROLLOUT, deaf=1000)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.blind = True
    world.run_until("stood_down", within=900)
    assert world.guards == ("source_unhealthy",)
    assert "undo" not in world.writes


def test_what_excuses_the_release_by_now_holds_the_write() -> None:
    world = World.of(never_ready={"v2"})
    world.set(checks=())
    world.react(Result.UNAVAILABLE)
    world.release("v2")
    world.run_until("unavailable")
    world.cluster.trouble = "exceeded quota: pods=10"
    world.run_until("stood_down", within=15)
    assert world.guards == ("not_its_fault",)


def test_a_workload_that_argo_cd_manages_by_now_is_not_undone() -> None:
    world = World.of()
    world.react(Result.UNAVAILABLE)
    world.release("v2", errors=0.2)
    world.run_until("unavailable")
    world.cluster.manager = Manager("argocd", "shop")
    world.run_until("stood_down", within=15)
    world.run(200)
    assert world.guards == ("no_way_back",)
    assert "managed by argocd shop, which is not to be seen from here" in world.decision.reason
    assert world.writes == []


def test_what_was_sent_is_followed_whatever_guard_holds_by_now() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("confirming")
    many_rollbacks(world)
    owned(world)
    world.blind = True
    world.run_until("on_target")
    world.blind = False
    world.run_until("restored")


def test_a_failed_analysis_leaves_the_abort_to_argo_rollouts() -> None:
    world = World.of(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.analysis = "failed"
    world.release("v2", errors=0.3)
    world.run_until("hold")
    assert world.guards == ("other_controller",)


def test_a_running_analysis_does_not_decide() -> None:
    world = World.of(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.cluster.analysis = "running"
    world.release("v2", errors=0.3)
    world.run_until("restored")


def test_a_source_that_fails_just_then_holds() -> None:
    """The evidence is there, but its source has just said that it cannot be trusted."""
    world = World.of()
    world.set(mode=world.policy.mode, cooldown=0.0)
    world.cluster.hold = "until the source fails"
    world.release("v2", errors=0.2)
    world.run_until("hold")
    world.blind = True
    world.cluster.hold = ""
    world.run_until("hold")

    assert world.guards == ("source_unhealthy",)
    assert "connection refused" in world.decision.reason
    assert world.orders == []
    world.blind = False
    world.run_until("restored")


@pytest.mark.parametrize(
    ("opens", "scope", "other"),
    [(many_rollbacks, "all", "namespace/shop"), (many_here, "namespace/shop", "all")],
)
def test_a_breaker_that_a_person_closes_lets_go(opens: Situation, scope: str, other: str) -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    opens(world)
    world.run_until("hold")
    world.around(breakers_closed=((other, world.now),))
    world.run(60)
    assert world.orders == []
    world.around(breakers_closed=((other, world.now), (scope, world.now)))
    world.run_until("restored")


def test_attempts_at_this_release_do_not_count_against_it() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    own = world.watch.release.id
    world.around(rollbacks=(PastRollback(world.now, "shop", own),) * 5)
    world.run_until("restored")


def test_a_release_counts_once_however_often_it_was_tried() -> None:
    world = World.of()
    world.around(rollbacks=(PastRollback(world.now, "shop", "other/7"),) * 5)
    world.release("v2", errors=0.2)
    world.run_until("restored")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"revoked": "watcher bad v1"}, "earlier revisions are revoked or not proven enough"),
        ({"last_ran": 0.0}, "the last known good revision ran longer than 336.0 h ago"),
    ],
)
def test_why_there_is_no_target(change: dict[str, object], reason: str) -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run(15)
    _amend(world, **change)
    world.run_until("hold")
    assert world.guards == ("no_target",)
    assert reason in world.decision.reason


def test_only_provenance_that_is_good_enough_is_accepted() -> None:
    world = World.of()
    world.set(known_good=KnownGoodRules(accept=Provenance.PASSED))
    world.release("v2", errors=0.2)
    world.run_until("hold")
    assert world.guards == ("no_target",)
    world.prove("v1", Provenance.PASSED)
    world.run_until("restored")


def serve_badly(world: World, *parts: tuple[float, float]) -> None:
    """What the version before went through: (seconds, share of bad requests), one after the other."""
    for duration, share in parts:
        world.errors["v1"] = share
        world.run(duration)


def held_by(world: World) -> str:
    """The reason of the first guard, of a breach that nothing is done about."""
    world.set(bake=replace(world.policy.bake, hold_for=1200.0))
    world.release("v2", errors=0.3)
    world.run_until("hold")
    assert world.decision.guard is not None
    world.run(60)
    assert world.orders == []
    return f"{world.decision.guard.id}: {world.decision.guard.reason}"


def test_a_symptom_of_before_holds() -> None:
    world = World.of()
    serve_badly(world, (60, 0.3))
    assert held_by(world) == "symptom_before: it was as bad just before the release"


def test_a_symptom_that_comes_and_goes_holds() -> None:
    world = World.of()
    serve_badly(world, *[(30, 0.3), (180, 0.0)] * 2, (450, 0.0))
    assert held_by(world).startswith("flapping: it came and went 2 times")


def test_far_more_traffic_than_usual_holds() -> None:
    world = World.of()
    world.requests *= 2
    assert held_by(world) == "overload: traffic was 2.0 times the usual when it began: shed load"


def test_where_the_old_version_beside_it_is_well_nothing_of_that_holds() -> None:
    world = World.of(Kind.ROLLOUT)
    world.requests *= 2
    others_suffer(world)
    another_release(world)
    world.release("v2", errors=0.3)
    world.run_until("restored")
