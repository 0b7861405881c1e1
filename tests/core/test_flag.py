"""The first way back: the release's feature flag is switched off, and the version stays."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.actuator import SILENT, SILENT_APPLIED, UNKNOWN_APPLIED
from tests.core.cluster import Cluster, template_id
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import FLAG
from tests.core.world import World
from watcher.core.flags import Flag
from watcher.core.model import Result
from watcher.core.orders import FlagOrder, UndoOrder
from watcher.core.telling import remedies, report
from watcher.core.words import Action, Durability, Kind, Mode, Outcome, Phase, Rung, Stage


def flagged(errors: float = 0.3, without: float = 0.0, kind: Kind = Kind.DEPLOYMENT) -> World:
    """A release that fails with its flag on (`errors`), and `without` it."""
    world = World.of(kind)
    world.cluster.flags["v2"] = str(FLAG)
    world.switch.covers["v2"] = without
    world.release("v2", errors=errors)
    return world


def why_skipped(world: World) -> str:
    step = next(each for each in world.decision.rungs if each.rung is Rung.FLAG)
    assert not step.taken
    return step.reason


@pytest.mark.parametrize("kind", Kind)
def test_a_flag_ends_the_incident_without_a_deployment(kind: Kind) -> None:
    world = flagged(kind=kind)
    world.run_until("restored")
    assert world.writes == ["flag"]
    assert world.cluster.current.template == "v2"
    (decision,) = world.decisions
    assert (decision.action, decision.mode) == (Action.FLAG_OFF, Mode.ACT)
    assert decision.reason.endswith(f"Switching {FLAG} off.")
    (order,) = world.orders
    assert isinstance(order, FlagOrder)
    assert (order.flag, order.on, order.expected, order.state) == (FLAG, False, "1", "state: ENABLED")


def test_the_record_has_the_state_before_and_after() -> None:
    world = flagged()
    world.run_until("restored")
    before, after = world.decision.flag, world.decision.flag_after
    assert before is not None
    assert after is not None
    assert (before.on, before.state, before.version) == (True, "state: ENABLED", "1")
    assert (after.on, after.state, after.version) == (False, "state: DISABLED", "2")


def test_recovery_is_proven_on_the_new_version_once_the_change_was_felt() -> None:
    world = flagged()
    world.run_until("on_target")
    assert world.switch.changed is not None
    assert world.now - world.switch.changed >= world.switch.propagates
    world.run_until("restored")
    assert world.watch.rollback is not None
    assert world.watch.rollback.recovery[0].seen.total > 0
    assert world.watch.rollback.recovery[0].seen.bad == 0


def test_the_version_stays_and_is_neither_bad_nor_proven() -> None:
    world = flagged()
    world.run_until("restored")
    assert world.state is not None
    assert world.state.quarantined == ()
    assert set(world.known_good) == {"v1"}
    assert world.watch.durability is Durability.DURABLE
    world.set(known_good=replace(world.policy.known_good, soak=600.0))
    world.run(660.0)
    assert world.known_good["v2"].provenance == "soaked"


def test_people_are_told_that_the_flag_stays_off() -> None:
    world = flagged()
    world.run_until("restored")
    (told,) = [each.text for each in world.told if each.stage is Stage.RESTORED]
    assert f"with {FLAG} off revision hash-v2 is well" in told
    assert f"watcher flags restore {world.decision.id}" in told


@pytest.mark.parametrize("moment", ["confirming", "on_target"])
def test_a_rollout_that_is_aborted_meanwhile_ends_it(moment: str) -> None:
    world = flagged(kind=Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.run_until(moment)
    world.cluster.aborted = True
    world.run_until("superseded", within=60)
    assert world.writes == ["flag"]
    assert world.watch.end_reason.startswith("the Rollout was aborted")
    assert f"{FLAG} stays off" in remedies.remedy(world.watch, world.decision)


def test_a_flag_that_does_not_help_is_followed_by_the_next_way() -> None:
    world = flagged(without=0.3)
    world.run_until("restored")
    assert world.writes == ["flag", "undo"]
    assert {each.decision for each in world.orders} == {world.decision.id}
    flag = next(each for each in world.decision.rungs if each.rung is Rung.FLAG)
    assert flag.failed == f"{FLAG} is off and it did not help"
    assert world.serves("v1")
    assert world.watch.switched is not None


def test_a_flag_that_does_not_help_where_no_other_way_leads_back() -> None:
    world = flagged(without=0.3)
    world.set(rungs=((Rung.FLAG, Mode.ACT),))
    world.run_until("did_not_help")
    assert world.watch.outcome is Outcome.DID_NOT_HELP
    assert world.writes == ["flag"]


def test_behind_a_flag_a_way_that_may_only_be_proposed_is_proposed() -> None:
    world = flagged(without=0.3)
    world.set(rungs=((Rung.FLAG, Mode.ACT), (Rung.UNDO, Mode.PROPOSE)))
    world.run_until("stood_down")
    world.run_until("roll_back", within=60)
    assert (world.decision.action, world.decision.mode) == (Action.ROLL_BACK, Mode.PROPOSE)
    assert why_skipped(world) == f"{FLAG} is off already"
    assert world.writes == ["flag"]
    assert world.approve().accepted
    world.run_until("restored")
    assert world.writes == ["flag", "undo"]


@pytest.mark.parametrize("reaction", [Result.REFUSED, Result.FORBIDDEN])
def test_a_flag_that_cannot_be_switched_is_followed_by_the_next_way(reaction: str) -> None:
    world = flagged()
    world.react(reaction)
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_a_change_that_is_answered_and_lost_is_sent_again_and_then_given_up() -> None:
    world = flagged()
    world.switch.stuck = True
    world.run_until("restored")
    assert [type(each) for each in world.orders].count(FlagOrder) > 1
    assert world.writes[-1] == "undo"
    flag = next(each for each in world.decision.rungs if each.rung is Rung.FLAG)
    assert "is still on after" in flag.failed


@pytest.mark.parametrize("moment", ["confirming", "on_target"])
def test_somebody_who_switches_it_on_again_is_not_fought(moment: str) -> None:
    world = flagged()
    world.run_until(moment)
    world.run(5.0)
    world.switch.turn(world.now, on=True)
    world.run_until("failed", within=30)
    world.run(600.0)
    assert world.writes == ["flag"]
    assert "somebody has switched" in world.watch.end_reason


def test_a_flag_that_somebody_changed_meanwhile_is_decided_on_anew() -> None:
    world = flagged()
    world.run_until("flag_off")
    world.actuator.reactions.clear()
    world = flagged()
    world.react(SILENT)
    world.run_until("flag_off")
    world.switch.number += 1
    world.run_until("restored")
    assert world.writes == ["flag"]
    assert len(world.decisions) == 2


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"on": False}, f"{FLAG} is off already"),
        ({"problem": "the provider answers 503"}, f"{FLAG}: the provider answers 503"),
        ({"unseen": True}, f"how {FLAG} stands is not known yet"),
    ],
)
def test_without_a_flag_that_is_on_the_rung_is_skipped_and_said(changes: dict[str, object], why: str) -> None:
    world = flagged()
    for name, value in changes.items():
        setattr(world.switch, name, value)
    world.errors["v2"] = 0.3
    world.switch.covers["v2"] = 0.3
    world.run_until("restored")
    assert why_skipped(world) == why
    assert world.writes == ["undo"]


def test_the_first_decision_waits_for_a_flag_that_nobody_has_looked_at() -> None:
    world = flagged()
    world.switch.unseen = True
    world.run_until("breach")
    assert world.watch.decision is None
    world.switch.unseen = False
    world.run_until("restored")
    assert world.writes == ["flag"]


def test_an_annotation_that_names_no_flag_is_said() -> None:
    world = World.of()
    world.cluster.flags["v2"] = "cart"
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert why_skipped(world).startswith("annotation watcher.dev/flag: 'cart' names no flag")


def test_a_rung_that_is_switched_off_is_skipped() -> None:
    world = flagged()
    world.set(rungs=((Rung.FLAG, Mode.NONE), (Rung.UNDO, Mode.ACT)))
    world.run_until("restored")
    assert why_skipped(world) == "switched off: rungs.flag is none"


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (None, f"{FLAG}: whether it was changed since the release began is not known"),
        (-600.0, f"{FLAG} was not changed since the release began"),
        (0.0, ""),
    ],
)
def test_a_flag_of_the_thresholds_file_covers_only_releases_that_it_changed_with(
    changed: float | None, why: str
) -> None:
    world = World.of()
    world.set(flag=str(FLAG))
    world.switch.covers["v2"] = 0.0
    world.switch.changed = None if changed is None else world.now + changed
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert world.writes == (["undo"] if why else ["flag"])
    if why:
        assert why_skipped(world) == why


def test_a_flag_does_not_mend_pods_that_do_not_start() -> None:
    world = flagged(errors=0.0)
    world.cluster.never_ready.add("v2")
    world.run_until("restored", within=900)
    assert why_skipped(world) == f"{FLAG} does not mend pods that do not start"
    assert world.writes == ["undo"]


@pytest.mark.parametrize("reason", ["owned", "no target", "configuration", "roll-forward-only"])
def test_what_concerns_the_version_does_not_concern_a_flag(reason: str) -> None:
    world = World.of(owner="Kafka/events" if reason == "owned" else "")
    template = "v1+cfg" if reason == "configuration" else "v2"
    world.cluster.flags[template] = str(FLAG)
    world.switch.covers[template] = 0.0
    if reason == "no target":
        world.set(known_good=replace(world.policy.known_good, max_age=0.0))
    if reason == "roll-forward-only":
        world.cluster.roll_forward_only[template] = "the schema is new"
    world.release(template, errors=0.3)
    world.run_until("restored")
    assert world.writes == ["flag"]


def test_behind_a_flag_every_guard_is_asked_again() -> None:
    world = flagged(without=0.3)
    world.cluster.roll_forward_only["v2"] = "the schema is new"
    world.run_until("stood_down")
    world.run(300.0)
    assert (world.decision.action, world.guards) == (Action.HOLD, ("recovery_release",))
    assert f"{FLAG} stays off" in world.told[-1].text
    assert world.writes == ["flag"]


@pytest.mark.parametrize("guard", ["hold", "never", "not_permitted", "stale_cache", "breaker"])
def test_other_guards_hold_a_flag_too(guard: str) -> None:
    world = flagged()
    if guard == "hold":
        world.cluster.hold = "wait"
    elif guard == "never":
        world.set(never=True)
    elif guard == "breaker":
        world.set(breaker=replace(world.policy.breaker, max=0))
    else:
        world.around(permitted=guard != "not_permitted", cache_age=90.0 if guard == "stale_cache" else 0.0)
    world.run_until("hold")
    assert world.guards[0] == guard
    world.run(120.0)
    assert world.writes == []


@pytest.mark.parametrize("moment", ["breach", "ordered", "confirming", "on_target"])
@pytest.mark.parametrize("reaction", [Result.APPLIED, SILENT, SILENT_APPLIED, UNKNOWN_APPLIED])
def test_a_crash_at_any_moment_neither_repeats_nor_forgets(moment: str, reaction: str) -> None:
    world = flagged()
    world.react(reaction)
    world.run_until(moment, within=900)
    world.crash()
    world.switch.unseen = True  # nothing is looked at yet
    world.run(10.0)
    world.switch.unseen = False
    world.run_until("restored", within=1500)
    assert world.writes == ["flag"]
    assert len({each.decision for each in world.orders}) == 1


def test_a_crash_after_every_single_step_changes_nothing() -> None:
    world = flagged(without=0.3)
    for _ in range(150):
        world.tick()
        world.crash()
    assert world.watch.outcome in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED)
    assert world.writes == ["flag", "undo"]


def test_a_proposed_flag_is_switched_once_a_person_approves() -> None:
    world = flagged()
    world.set(mode=Mode.PROPOSE)
    world.run_until("flag_off")
    assert world.decision.reason.endswith(f"Would switch {FLAG} off; only propose because mode is propose.")
    assert world.approve().accepted
    world.run_until("restored")
    assert world.writes == ["flag"]
    assert world.decision.reason.endswith("off, approved by ada.")


def test_too_little_traffic_proves_nothing_and_leads_no_further() -> None:
    world = flagged(without=0.3)
    world.run_until("confirming")
    world.requests = 0.0
    world.run_until("restored_unconfirmed", within=1200)
    assert world.writes == ["flag"]


def test_the_version_that_was_known_good_before_may_be_so_again() -> None:
    world = flagged()
    world.run(15.0)
    world.prove("v2")
    world.run_until("breach")
    assert world.known_good["v2"].revoked
    world.run_until("restored")
    assert "v2" not in world.known_good
    assert world.watch.release.template_id == template_id("v2")
    assert world.watch.phase is Phase.CLOSED


def test_what_undoes_is_an_order_of_the_same_decision() -> None:
    world = flagged(without=0.3)
    world.run_until("restored")
    assert isinstance(world.cluster, Cluster)
    assert [type(each) for each in world.orders] == [FlagOrder, UndoOrder]


def test_what_a_person_must_do_names_the_flag() -> None:
    world = flagged()
    world.set(mode=Mode.PROPOSE)
    world.run_until("flag_off")
    decision = world.decision
    wanted = f"Only propose: to switch {FLAG} off, run: watcher approve {decision.id}; or do it by hand"
    assert remedies.remedy(world.watch, decision) == wanted
    world.approve()
    world.run_until("restored")
    wanted = f"switch it on again. {FLAG} stays off until: watcher flags restore {decision.id}"
    assert remedies.remedy(world.watch, world.decision).endswith(wanted)
    body = report.decision_body(world.watch, world.decision)["flag"]
    assert body == {
        "name": str(FLAG),
        "before": "state: ENABLED",
        "after": "state: DISABLED",
        "version": "1",
        "switched_at": world.watch.switched.at if world.watch.switched is not None else None,
        "restore": f"watcher flags restore {decision.id}",
    }


def test_where_it_may_only_observe_a_person_is_told_which_flag() -> None:
    world = flagged()
    world.set(mode=Mode.OBSERVE)
    world.run_until("flag_off")
    assert remedies.remedy(world.watch, world.decision) == f"Only observe: switch {FLAG} off by hand"


def test_a_person_who_commands_it_and_names_the_hold_has_the_flag_switched() -> None:
    world = flagged(errors=0.0)
    world.run(60.0)
    world.cluster.hold = "load test"
    assert [each.id for each in world.command().guards] == ["hold"]
    world.command("", "hold")
    world.run_until("restored")
    assert world.writes == ["flag"]


def test_a_flag_that_somebody_switched_on_again_is_not_switched_off_twice_for_one_release() -> None:
    world = flagged(without=0.3)
    world.set(rungs=((Rung.FLAG, Mode.ACT), (Rung.UNDO, Mode.PROPOSE)))
    world.run_until("stood_down")
    world.switch.turn(world.now, on=True)
    world.run(300.0)
    assert world.writes == ["flag"]
    assert why_skipped(world) == f"{FLAG} was switched off for this release before, and somebody wants it on"


def test_a_flag_of_which_nobody_has_heard_is_not_forgotten() -> None:
    world = flagged(without=0.3)
    world.react(SILENT_APPLIED)
    world.run_until("ordered")
    world.switch.problem = "the provider answers 503"
    world.react(*[Result.UNAVAILABLE] * 50)
    world.run_until("stood_down")
    assert any(f"{FLAG} may be off" in each.text for each in world.told)
    world.actuator.reactions.clear()
    world.run_until("restored")
    assert world.writes == ["flag", "undo"]
    remedy = remedies.remedy(world.watch, world.decision)
    assert f"{FLAG} may be off until: watcher flags restore {world.decisions[0].id}" in remedy


@pytest.mark.parametrize("text", ["own/..@production", "own/cart@..", "own/cart@a/../b", "own/" + "x" * 500 + "@prod"])
def test_what_would_lead_elsewhere_or_never_ends_names_no_flag(text: str) -> None:
    with pytest.raises(ValueError, match="names no flag") as raised:
        Flag.parse(text)
    assert len(str(raised.value)) < 300
