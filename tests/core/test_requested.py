"""A person commands a rollback: the same guards, ladder and record, and nothing passed that was not named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.core.databases import after_down, note
from tests.core.rollouts import SimulatedRollout
from tests.core.switches import FLAG
from tests.core.world import World
from watcher.core import record, requested
from watcher.core.deciding.approving import LAPSES
from watcher.core.migrations import MigrationNote, Safety
from watcher.core.model import Frozen, PastRollback, Request
from watcher.core.state import Bar, GuardFinding, Refused
from watcher.core.words import Action, Kind, Mode, Outcome, Phase, Rung, Verdict


def passed(kind: Kind = Kind.DEPLOYMENT) -> World:
    """`v2` has passed, `v1` ran before it: nothing speaks against either."""
    world = World.of(kind)
    world.release("v2")
    if isinstance(world.cluster, SimulatedRollout):
        world.run(120)
        world.cluster.promote()
    world.run_until("pass")
    world.run(60)
    return world


def under_watch() -> World:
    world = World.of()
    world.release("v2")
    world.run(60)
    return world


def at_breach() -> World:
    world = World.of()
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.3)
    world.run_until("roll_back")
    world.run(30)
    return world


def observed() -> World:
    """`v2` is bad, nothing was done about it, and its watch is over."""
    world = World.of()
    world.set(mode=Mode.OBSERVE)
    world.release("v2", errors=0.3)
    world.run_until("closed", within=7200)
    world.set(mode=Mode.ACT)
    return world


def held() -> World:
    """The same where a hold stood in the way, which is lifted."""
    world = World.of(hold="game day")
    world.release("v2", errors=0.3)
    world.run_until("closed", within=7200)
    world.cluster.hold = ""
    return world


def failed() -> World:
    world = World.of()
    world.react("refused")
    world.release("v2", errors=0.3)
    world.run_until("failed")
    return world


def inconclusive() -> World:
    world = World.of()
    world.set(traffic=Mode.NONE)
    world.requests = 0.0
    world.release("v2")
    world.run_until("no_data", "inconclusive", within=3600)
    return world


SITUATIONS: dict[str, Callable[[], World]] = {
    "passed": passed,
    "under watch": under_watch,
    "at breach": at_breach,
    "observed": observed,
    "held": held,
    "failed": failed,
    "inconclusive": inconclusive,
}


@pytest.mark.parametrize("situation", SITUATIONS)
def test_it_goes_back_from_whatever_runs(situation: str) -> None:
    world = SITUATIONS[situation]()
    before = len(world.writes)
    told = world.command()

    assert told.decision == world.decision.id
    assert world.decision.request is not None
    assert world.decision.request.by == "ada"
    assert told.text.startswith("ada commanded it: the numbers of finance are wrong. Rolling back by undo to revision")
    world.run_until("restored", "restored_unconfirmed", "did_not_help")
    assert world.serves("v1")
    assert world.writes[before:] == ["undo"]
    assert "RollbackCommanded" in [each.reason for each in world.told]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_workload(kind: Kind) -> None:
    world = passed(kind)
    world.command()
    world.run_until("restored", within=3600)
    assert world.serves("v1")


def test_a_release_that_was_never_under_watch() -> None:
    """The daemon begins to look at a workload that has run for long; only its ledger tells what was good."""
    world = World.of()
    world.cluster.apply("v2", world.now)
    world.cluster.settle(world.now)
    world.now += 86400.0
    world.state = None
    world.step()
    assert "release" not in world.moved[-1:]
    assert [each.id for each in world.command().guards] == ["no_target"]
    told = world.command("hash-v1", "not_known_good")
    assert told.decision
    world.run_until("restored")
    assert world.serves("v1")
    assert world.decision.target is not None
    assert world.decision.target.provenance is None


def test_in_the_very_first_step() -> None:
    world = World.of()
    world.cluster.apply("v2", world.now)
    world.cluster.settle(world.now)
    world.now += 86400.0
    world.state = None
    assert world.command("hash-v1", "not_known_good").decision
    world.run_until("restored")


def test_observe_writes_nothing_and_says_so() -> None:
    world = passed()
    world.set(mode=Mode.OBSERVE)
    told = world.command()
    world.run(300)
    assert told.text == "it may only observe: mode is observe"
    assert world.orders == []
    assert world.watch.phase is Phase.CLOSED
    assert world.watch.decision is None


def test_rungs_that_are_switched_off_stay_so() -> None:
    world = passed()
    world.set(rungs=((Rung.UNDO, Mode.NONE),))
    told = world.command()
    assert [each.id for each in told.guards] == ["no_way_back"]
    assert world.orders == []


@pytest.mark.parametrize("limit", [{"mode": Mode.PROPOSE}, {"rungs": ((Rung.UNDO, Mode.PROPOSE),)}])
def test_a_command_lifts_propose(limit: dict[str, object]) -> None:
    world = passed()
    world.set(**limit)
    assert world.command().decision
    world.run_until("restored")
    assert world.decision.mode is Mode.ACT


def cooling(world: World) -> None:
    assert world.state is not None
    world.state = replace(world.state, last_rollback=world.now)


GUARDS: dict[str, Callable[[World], None]] = {
    "hold": lambda world: setattr(world.cluster, "hold", "load test"),
    "never": lambda world: world.set(never=True),
    "freeze": lambda world: world.around(frozen=(Frozen("stocktaking", world.now + 86400.0),)),
    "owned": lambda world: setattr(world.cluster, "owner", "Kafka/events"),
    "cooldown": cooling,
    "breaker": lambda world: world.around(
        rollbacks=tuple(PastRollback(world.now, "elsewhere", f"other/{number}") for number in range(5))
    ),
    "namespace_breaker": lambda world: world.around(
        rollbacks=tuple(PastRollback(world.now, "shop", f"other/{number}") for number in range(2))
    ),
}


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_refuses_and_is_passed_by_its_name(guard: str) -> None:
    world = passed()
    GUARDS[guard](world)
    told = world.command()
    assert [each.id for each in told.guards] == [guard]
    assert told.text.startswith(f"guards hold: {guard}: ")
    assert not told.decision
    world.run(120)
    assert world.orders == []

    told = world.command("", guard)
    assert [each.id for each in world.decision.overridden] == [guard]
    assert world.decision.guards == ()
    assert told.text.endswith(f", past guard {guard}.")
    world.run_until("restored")
    assert world.writes == ["undo"]


PASSED_BY_NOBODY: dict[str, Callable[[World], None]] = {
    "not_permitted": lambda world: world.around(permitted=False),
    "stale_cache": lambda world: world.around(cache_age=90.0),
}


@pytest.mark.parametrize("guard", PASSED_BY_NOBODY)
def test_what_nobody_may_pass(guard: str) -> None:
    world = passed()
    PASSED_BY_NOBODY[guard](world)
    assert [each.id for each in world.command().guards] == [guard]
    assert world.command("", guard).text == f"guard {guard} cannot be passed"
    world.run(60)
    assert world.orders == []


def test_no_other_guard_than_the_named_one_is_passed() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    GUARDS["namespace_breaker"](world)
    assert [each.id for each in world.command("", "cooldown").guards] == ["namespace_breaker"]
    assert world.command("", "cooldown", "namespace_breaker").decision


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_comes_up_before_the_write_holds(guard: str) -> None:
    world = passed()
    world.react("unavailable", "unavailable", "unavailable")
    world.command()
    GUARDS[guard](world)
    world.run(600)
    assert world.writes == []
    assert "stood_down" in world.moved
    assert world.watch.phase is Phase.CLOSED
    assert world.watch.end_reason.startswith("the rollback that a person commanded was not sent: ")


@pytest.mark.parametrize("guard", GUARDS)
def test_one_that_was_named_before_it_came_up_does_not(guard: str) -> None:
    world = passed()
    world.react("unavailable", "unavailable")
    world.command("", guard)
    assert not world.decision.overridden
    GUARDS[guard](world)
    world.run_until("restored")
    assert tuple(each.id for each in world.decision.overridden) == (guard,)


def test_a_rollout_in_progress_is_aborted() -> None:
    world = World.of(Kind.ROLLOUT)
    world.release("v2")
    world.run(60)
    world.command()
    assert world.writes == ["abort"]
    world.run_until("restored")


def test_or_not_where_that_would_lead_elsewhere() -> None:
    world = passed(Kind.ROLLOUT)
    world.run(1800)
    world.release("v3")
    world.run(60)
    assert world.command("hash-v1").decision
    steps = {each.rung: each.reason for each in world.decision.rungs}
    assert steps[Rung.ABORT] == "leads to revision hash-v2, not to hash-v1"
    world.run_until("restored", within=3600)
    assert world.serves("v1")


def test_guards_that_excuse_the_release_are_heard_too() -> None:
    """What a check proves may be the fault of others: a person's word does not make that unheard."""
    world = World.of()
    world.around(fleet=None)
    world.set(mode=Mode.PROPOSE)
    world.release("v2", errors=0.3)
    world.run_until("hold")
    assert world.guards == ("fleet_unknown",)
    world.command()
    world.run(requested.WAITS + 10)
    assert [each.id for each in world.command(again=True).guards] == ["fleet_unknown"]
    assert world.command("", "fleet_unknown").decision


def test_back_to_a_named_revision() -> None:
    world = passed()
    world.run(3600)
    world.release("v3")
    world.run_until("pass")
    told = world.command("hash-v1")
    assert told.decision
    assert world.decision.target is not None
    assert world.decision.target.revision == "hash-v1"
    world.run_until("restored")
    assert world.serves("v1")


def test_a_revision_by_its_number() -> None:
    world = passed()
    assert world.command("1").decision
    world.run_until("restored")
    assert world.serves("v1")


@pytest.mark.parametrize("to", ["hash-v2", "2"])
def test_not_back_to_what_runs(to: str) -> None:
    world = passed()
    assert world.command(to).text == f"revision {to} is what runs now"


def test_nor_to_one_that_nobody_knows() -> None:
    world = passed()
    assert world.command("v7").text == "neither the cluster nor the ledger knows a revision v7; there is hash-v1 (1)"


def test_one_that_is_not_known_to_be_good_has_to_be_asked_for_by_name() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.run(60)
    told = world.command("hash-v2", "cooldown")
    assert [each.id for each in told.guards] == ["not_known_good"]
    assert "bad version: it was rolled back as decision" in told.text
    assert world.command("hash-v2", "cooldown", "not_known_good").decision
    world.run_until("did_not_help")
    assert world.serves("v2")


def test_the_same_command_twice_makes_one_rollback() -> None:
    world = passed()
    first = world.command()
    again = world.command(again=True)
    assert again == first
    world.run_until("restored")
    assert world.command(again=True).decision == first.decision
    world.release("v3")
    world.run_until("release")
    late = world.command(again=True)
    assert late.text == f"decision {first.decision} was taken up for it before"
    world.run(300)
    assert world.writes == ["undo"]
    assert len(world.decisions) == 1


def test_a_refused_command_that_arrives_again_is_refused_again() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    first = world.command()
    world.set(cooldown=0.0)
    assert world.command(again=True) == first
    assert world.command().decision


def test_one_that_names_the_guard_now_is_another_command_whatever_its_id() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    assert [each.id for each in world.command().guards] == ["cooldown"]
    assert world.command("", "cooldown", again=True).decision


def test_also_where_others_were_refused_since() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    first = world.command()
    others = requested.KEPT_REFUSALS - 1
    for _ in range(others):
        assert world.command(by="brian").guards
    world.set(cooldown=0.0)
    world.commands -= others
    assert world.command(again=True) == first
    assert world.writes == []


def test_who_waits_is_told_the_guards_though_another_command_was_refused_meanwhile() -> None:
    world = passed()
    assert world.state is not None
    changed = (replace(each, configurations=(("ConfigMap/cart", "a"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=tuple(changed))
    assert world.command().waits
    assert world.command(by="brian").text == "another command is being looked at, by ada"
    world.run(requested.WAITS + 10)
    assert world.command("nobody-knows", by="brian").text.startswith("neither the cluster")
    world.commands -= 2
    assert [each.id for each in world.command(again=True).guards] == ["config_unknown"]


def test_refusals_are_not_kept_for_ever() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    for _ in range(3 * requested.KEPT_REFUSALS):
        world.command()
    assert world.state is not None
    names = [each.request.id for each in world.state.refused_before]
    assert names == [f"command-{number}" for number in range(11, 15)]
    assert world.state.refused is not None
    assert world.state.refused.request.id == "command-15"


def test_a_rollback_under_way_is_not_joined() -> None:
    world = passed()
    first = world.command()
    other = world.command(by="brian")
    assert other.text.startswith(f"a rollback is under way already, decision {first.decision}: ada commanded it")
    world.run_until("restored")
    assert world.writes == ["undo"]


def test_it_ends_as_the_numbers_of_the_target_say() -> None:
    world = passed()
    world.command()
    world.errors["v1"] = 0.3
    world.run_until("did_not_help")
    assert world.serves("v1")


def test_without_traffic_it_is_not_confirmed() -> None:
    world = passed()
    world.requests = 0.0
    world.command()
    world.run_until("restored_unconfirmed", within=1200)


def test_where_no_check_has_a_bound_the_pods_tell() -> None:
    world = passed()
    world.requests = 0.0
    world.set(checks=())
    world.command()
    world.run_until("restored", within=300)


def test_what_was_gone_from_is_a_bad_version_now() -> None:
    world = passed()
    world.command()
    world.run_until("restored")
    assert world.known_good["v2"].revoked
    world.release("v3")
    world.run(60)
    world.release("v2")
    world.run_until("bad_version_back")


def test_one_that_was_under_watch_is_judged_on_where_it_was_not_sent() -> None:
    world = under_watch()
    world.react("unavailable", "unavailable", "unavailable")
    world.command()
    GUARDS["hold"](world)
    world.run_until("stood_down")
    assert world.watch.phase is Phase.WATCHING
    world.cluster.hold = ""
    world.run_until("pass", within=3600)
    assert world.watch.verdict is Verdict.PASS


def test_it_waits_for_what_nobody_has_looked_at() -> None:
    world = passed()
    assert world.state is not None
    (entry,) = [each for each in world.state.known_good if each.template_id == "id-v1"]
    seen = replace(entry, configurations=(("ConfigMap/cart", "aaa"),))
    others = tuple(each for each in world.state.known_good if each is not entry)
    world.state = replace(world.state, known_good=(*others, seen))
    assert world.command().waits
    world.run(5)
    assert world.orders == []
    world.around(configurations=(("ConfigMap/cart", "aaa"),))
    world.run_until("restored")


def test_and_does_not_wait_for_ever() -> None:
    world = passed()
    assert world.state is not None
    changed = (replace(each, configurations=(("ConfigMap/cart", "a"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=tuple(changed))
    assert world.command().waits
    world.run(requested.WAITS + 10)
    assert [each.id for each in world.command(again=True).guards] == ["config_unknown"]
    assert world.state.wanted is None


def test_a_newer_release_ends_what_waits() -> None:
    world = passed()
    assert world.state is not None
    changed = (replace(each, configurations=(("ConfigMap/cart", "a"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=tuple(changed))
    world.command()
    world.release("v3")
    world.run(15)
    assert world.command(again=True).text == "a newer release began meanwhile: revision hash-v3"
    assert world.orders == []


@pytest.mark.parametrize("leaving", ["hash-v2", "2"])
def test_only_from_the_revision_that_is_named(leaving: str) -> None:
    world = passed()
    assert world.command(leaving=leaving).decision
    assert world.decision.request is not None
    assert world.decision.request.leaving == leaving
    world.run_until("restored")
    assert world.serves("v1")


@pytest.mark.parametrize("leaving", ["hash-v2", "2", "nothing"])
def test_and_not_from_another_one_that_runs_by_then(leaving: str) -> None:
    world = passed()
    world.release("v3")
    world.run_until("pass")
    told = world.command(leaving=leaving)
    mend = "look at that one first, and name it with --from where it is to be left"
    assert told.text == f"what runs now is revision hash-v3 (number 3, cart:v3), not {leaving}; {mend}"
    assert (told.decision, told.waits) == ("", False)
    world.run(60)
    assert world.orders == []
    assert world.command(leaving="hash-v3").decision


def test_nor_from_one_that_was_left_by_itself() -> None:
    """The daemon was faster than the person: what runs now is the good version, under a new number."""
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    before = len(world.writes)
    for leaving in ("hash-v2", "1"):
        told = world.command(leaving=leaving)
        assert told.text.startswith(f"what runs now is revision hash-v1 (number 3, cart:v1), not {leaving}; ")
    world.run(60)
    assert world.writes[before:] == []


def test_a_release_that_begins_while_it_waits_is_not_left() -> None:
    world = passed()
    assert world.state is not None
    changed = (replace(each, configurations=(("ConfigMap/cart", "a"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=tuple(changed))
    assert world.command(leaving="hash-v2").waits
    world.release("v3")
    world.run(15)
    assert "hash-v3" in world.command(again=True, leaving="hash-v2").text
    assert world.orders == []


def test_commands_of_an_earlier_version_name_no_revision_to_leave() -> None:
    """The bytes that it wrote have no such key, and come back as they were."""
    given = Request("ada", 1.0, "finance calls", "v1", ("hold",), "http", "ada-0001")
    before = (
        b'{"_":"Refused","request":{"_":"Request","by":"ada","at":1.0,"reason":"finance calls","to":"v1",'
        b'"overrides":["hold"],"way":"http","id":"ada-0001"},"at":2.0,"reason":"no","guards":[]}'
    )
    assert record.decode(Refused, before) == Refused(given, 2.0, "no")
    assert record.encode(Refused(given, 2.0, "no")) == before


def test_the_answer_names_the_command_that_passes_what_may_be_passed() -> None:
    world = passed()
    GUARDS["cooldown"](world)
    told = world.command("1")
    request = world.state.refused.request if world.state is not None and world.state.refused is not None else None
    assert request is not None
    line = requested.command(request, told, "Deployment/shop/cart")
    options = "--from hash-v2 --to 1 --reason 'the numbers of finance are wrong' --override cooldown"
    assert line == f"watcher rollback Deployment/shop/cart {options}"


def test_an_automatic_decision_is_not_a_command() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("restored")
    assert world.decision.action is Action.ROLL_BACK
    assert world.decision.request is None
    assert world.watch.outcome is Outcome.RESTORED


def migrated(*notes: MigrationNote) -> World:
    world = passed()
    world.databases.notes = notes
    return world


def test_over_an_unsafe_migration_only_past_its_guard() -> None:
    world = migrated(note("0042_split", Safety.UNSAFE))
    assert [each.id for each in world.command().guards] == ["unsafe_migration"]
    world.run(60)
    assert world.orders == []
    assert world.command("", "unsafe_migration").decision
    world.run_until("restored")
    assert [each.id for each in world.decision.overridden] == ["unsafe_migration"]
    assert world.serves("v1")


def test_a_down_migration_that_asks_for_approval_is_to_be_named() -> None:
    world = migrated(after_down("0042_split", automatic=False))
    told = world.command()
    assert [each.id for each in told.guards] == ["down_migration"]
    assert "down migration 0042_split runs with a person's approval only" in told.text
    world.run(60)
    assert world.orders == []
    told = world.command("", "down_migration")
    assert told.text.endswith("with down migration 0042_split, past guard down_migration.")
    world.run_until("restored")
    assert [each.__class__.__name__ for each in world.orders] == ["DownOrder", "UndoOrder"]


def test_one_that_may_run_by_itself_goes_along() -> None:
    world = migrated(after_down("0042_split"))
    assert world.command().decision
    world.run_until("restored")
    assert [each.__class__.__name__ for each in world.orders] == ["DownOrder", "UndoOrder"]


def flagged() -> World:
    """`v2`, which a flag covers, has passed."""
    world = World.of()
    world.cluster.flags["v2"] = str(FLAG)
    world.switch.covers["v2"] = 0.0
    world.release("v2")
    world.run_until("pass")
    world.run(60)
    return world


def test_a_flag_that_covers_the_release_is_switched_off_first() -> None:
    world = flagged()
    assert world.command().text.endswith(f"Switching {FLAG} off.")
    world.run_until("restored", "restored_unconfirmed", "did_not_help")
    assert world.writes == ["flag"]
    assert world.watch.outcome is Outcome.RESTORED
    assert world.serves("v2")


def test_but_not_where_a_revision_was_named() -> None:
    world = flagged()
    assert world.command("hash-v1").decision
    steps = {each.rung: each.reason for each in world.decision.rungs}
    assert steps[Rung.FLAG] == "a revision was named, and a flag changes no version"
    world.run_until("restored")
    assert world.writes == ["undo"]
    assert world.serves("v1")


def test_what_waited_through_an_outage_has_lapsed() -> None:
    world = passed()
    assert world.state is not None
    changed = (replace(each, configurations=(("ConfigMap/cart", "a"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=tuple(changed))
    assert world.command().waits
    assert world.state.wanted is not None
    asked = world.state.wanted.request
    long_ago = replace(asked, at=world.now - LAPSES - 1.0)
    world.state = replace(world.state, wanted=replace(world.state.wanted, request=long_ago))
    world.step()
    assert world.state.wanted is None
    assert world.state.refused is not None
    assert "lapses after 15 min" in world.state.refused.reason
    assert world.orders == []


def test_a_guard_that_is_waited_out_is_passed_by_its_name_too() -> None:
    world = at_breach()
    assert world.state is not None
    bar = Bar(GuardFinding("hold", "held: load test"), world.now + 300.0, 3)
    world.state = replace(world.state, watch=replace(world.watch, bar=bar))
    assert [each.id for each in world.command().guards] == ["hold"]
    assert world.command("", "hold").decision
    assert [each.id for each in world.decision.overridden] == ["hold"]


def test_a_down_migration_that_has_run_before_is_not_run_once_more() -> None:
    world = World.of()
    world.databases.notes = (after_down("0042_split"),)
    world.release("v2", errors=0.3)
    world.run_until("down_running")
    world.react("refused")
    world.run_until("failed")
    assert world.writes == ["down 0042_split"]
    world.run(60)
    told = world.command()
    assert told.decision
    assert "0042_split" not in told.text
    world.run_until("restored")
    assert world.writes == ["down 0042_split", "undo"]


def test_what_lies_before_a_named_revision_is_looked_at_first() -> None:
    world = passed()
    world.cluster.migrations["v3"] = "cart-migrations"
    world.release("v3")
    world.run_until("pass")
    world.run(60)
    world.databases.notes = (note("0042_split", Safety.UNSAFE),)
    assert world.command("hash-v1").waits
    world.run(10)
    assert [each.id for each in world.command("hash-v1", again=True).guards] == ["unsafe_migration"]
    assert world.writes == []
