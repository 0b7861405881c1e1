"""Whether going back helped: proven on data from after the last bad pod was gone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.world import ERRORS, World
from watcher.core.policy import By, Identify, JudgeRules, basis
from watcher.core.words import Kind, Mode, Outcome, Phase


def on_target(kind: Kind = Kind.DEPLOYMENT) -> World:
    """A rollback whose mechanism has worked; what the metrics say is still open."""
    world = World.of(kind)
    world.release("v2", errors=0.3)
    world.run_until("on_target")
    return world


def test_two_good_scrapes_prove_it() -> None:
    world = on_target()
    world.run(20)
    assert world.watch.outcome is None
    world.run_until("restored", within=40)
    assert world.told[-1].text.startswith("Restored: undo of revision hash-v2 worked within")


def test_the_same_errors_on_the_target_mean_that_it_did_not_help() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.errors["v1"] = 0.3
    world.run_until("did_not_help")

    assert world.told[-1].warning
    assert "the service is still bad (errors 30 % since)" in world.watch.end_reason
    world.run(1000)
    assert world.writes == ["undo"]


def test_cold_starts_of_the_target_prove_nothing() -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.errors["v1"] = 0.1  # for a minute
    world.run(55)
    assert world.watch.outcome is None
    world.errors["v1"] = 0.0
    world.run_until("restored")


def test_a_noisy_recovery_is_neither() -> None:
    world = on_target()
    for share in (0.0, 0.3) * 10:
        world.errors["v1"] = share
        world.run(15)
    assert world.watch.phase is Phase.RECOVERING
    assert world.watch.outcome is None
    world.run_until("restored_unconfirmed", "did_not_help", "restored")


def test_too_little_traffic_confirms_nothing() -> None:
    world = on_target()
    world.requests = 0.0
    world.run_until("restored_unconfirmed")
    assert world.told[-1].text.endswith("too little was seen since (errors 0 % since).")


def test_a_few_requests_are_too_little_too() -> None:
    world = on_target()
    world.requests = 0.2
    world.run_until("restored_unconfirmed")


def test_the_clock_stands_while_the_source_is_blind() -> None:
    world = on_target()
    world.blind = True
    world.run(3000)
    assert world.watch.phase is Phase.RECOVERING
    world.blind = False
    world.run_until("restored", within=20)


def test_the_clock_stands_while_the_api_is_blind() -> None:
    world = World.of(Kind.STATEFUL_SET)
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.cluster.idle = True
    world.around(cache_age=90.0)
    world.run(3000)
    assert world.watch.phase is Phase.CONFIRMING
    world.around(cache_age=0.0)
    world.run_until("failed")
    assert world.watch.end_reason.startswith("undo: not on target after")


def test_a_gap_or_a_broken_contract_proves_nothing() -> None:
    world = on_target()
    world.broken = "metric-contract-changed"
    world.run(250)
    assert world.watch.phase is Phase.RECOVERING
    world.broken = ""
    world.outbox.extend(replace(each, start=each.start + 15.0, gap=True) for each in world.blocks[-1:])
    world.run_until("restored")


def test_a_check_that_sees_no_versions_proves_by_all_requests() -> None:
    world = World.of()
    blind = replace(ERRORS, identify=Identify(By.WORKLOAD))
    world.set(checks=(ERRORS, blind))
    world.release("v2", errors=0.3)
    world.run_until("restored")


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_blocks_measured_against_other_bounds_prove_nothing(share: float) -> None:
    """The limit of recovery was the check's as it was when it fired."""
    world = on_target()
    world.errors["v1"] = share
    world.set(checks=(replace(ERRORS, max=0.5),))
    world.run_until("restored_unconfirmed")


def test_blocks_of_another_basis_prove_nothing() -> None:
    world = on_target()
    world.measured_by = basis(replace(ERRORS, bad=((("code", "4.."),),)))
    world.run_until("restored_unconfirmed")


def test_what_proves_recovery_is_known_after_a_restart_too() -> None:
    world = on_target()
    world.measured_by = basis(ERRORS)
    world.crash()
    assert world.watch.rollback is not None
    assert [each.basis for each in world.watch.rollback.recovery] == [basis(ERRORS)]
    world.run_until("restored")


def test_a_check_that_was_taken_away_confirms_nothing() -> None:
    world = on_target()
    world.set(checks=())
    world.run_until("restored_unconfirmed")


def test_availability_has_recovered_when_enough_replicas_serve() -> None:
    world = World.of(never_ready={"v2"})
    world.set(checks=())
    world.release("v2")
    world.run_until("restored")
    assert world.watch.rollback is not None
    assert world.watch.rollback.recovery == ()


@pytest.mark.parametrize("warm_up", [0.0, 600.0])
def test_warm_up_is_a_matter_of_the_policy(warm_up: float) -> None:
    world = World.of()
    world.release("v2", errors=0.3)
    world.run_until("confirming")
    world.set(judge=JudgeRules(warm_up=warm_up), mode=Mode.OBSERVE)
    world.errors["v1"] = 0.3
    world.run(150)
    assert world.watch.outcome is (Outcome.DID_NOT_HELP if warm_up == 0.0 else None)
