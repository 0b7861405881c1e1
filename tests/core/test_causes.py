"""Where going back did not help, likely causes are named by the evidence at hand, and else nothing is made up."""

from __future__ import annotations

from dataclasses import replace

from tests.core.databases import after_down, note
from tests.core.switches import FLAG
from tests.core.world import World
from watcher.core.carrying_out import causes
from watcher.core.judging.evidence import CounterEvidence, Evidence, LaneEvidence, Run, Tally
from watcher.core.migrations import Safety
from watcher.core.model import Fleet, Observation
from watcher.core.telling import remedies, report
from watcher.core.words import Lane, Stage


def in_vain(world: World) -> World:
    """The version was not the cause: what is wrong stays when it is taken back."""
    world.release("v2", errors=0.3)
    world.run_until("ordered")
    world.errors["v1"] = 0.3
    world.run_until("did_not_help")
    return world


def found(world: World) -> tuple[str, ...]:
    """What is found of the world as it is."""
    assert world.state is not None
    observation = Observation(world.view, surroundings=world._around_now)
    return causes.likely(world.state, world.watch, observation, world.policy)


def test_without_evidence_nothing_is_made_up() -> None:
    world = in_vain(World.of())
    assert world.watch.causes == ()
    assert remedies.remedy(world.watch, world.decision) == (
        "Going back did not help. Nothing at hand tells why: look at data and dependencies."
    )


def test_a_migration_in_between_comes_first() -> None:
    world = World.of()
    world.databases.notes = (note("0041_add", Safety.SAFE),)
    in_vain(world)
    assert world.watch.causes[0] == "look at the data first: migration 0041_add lies in between"
    assert "look at the data first" in remedies.remedy(world.watch, world.decision)
    (told,) = [each.text for each in world.told if each.stage is Stage.DID_NOT_HELP]
    assert "Likely causes: look at the data first: migration 0041_add lies in between" in told
    assert report.decision_body(world.watch, world.decision)["causes"] == list(world.watch.causes)


def test_a_down_migration_that_has_run_is_named() -> None:
    world = World.of()
    world.databases.notes = (after_down("0042_split"),)
    in_vain(world)
    assert world.watch.causes == ("look at the data first: down migration 0042_split has run",)


def test_what_may_have_changed_the_schema_without_a_note_is_named() -> None:
    world = World.of()
    world.databases.unnoted = ("hook Job shop/migrate changes its image",)
    in_vain(world)
    assert "hook Job shop/migrate changes its image, and no note says" in world.watch.causes[0]


def test_other_services_that_suffer_since_point_at_a_dependency() -> None:
    world = in_vain(World.of())
    since = world.decision.findings[0].since
    assert since is not None
    world.around(fleet=Fleet(world.now, 20, (since, since + 5.0)))
    assert found(world) == ("a dependency, perhaps: 2 other services began to suffer since",)
    world.around(fleet=Fleet(world.now, 20, tuple(since + each for each in range(6))))
    assert found(world) == ("a dependency: 6 of 20 other services suffer the same since",)
    world.around(fleet=Fleet(world.now, 20, (since,), problem="the source is away"))
    assert found(world) == ()


def test_old_pods_that_were_bad_too_point_at_what_both_need() -> None:
    world = in_vain(World.of())
    findings = tuple(replace(each, old=Tally(100.0, 30.0)) for each in world.decision.findings)
    assert world.state is not None
    decision = replace(world.decision, findings=findings)
    world.state = replace(world.state, watch=replace(world.watch, decision=decision))
    assert found(world) == ("what both versions need: the old pods were beyond the limit of errors too",)


def test_a_flag_that_was_switched_off_on_the_way_stays_off() -> None:
    world = World.of()
    world.cluster.flags["v2"] = str(FLAG)
    world.switch.covers["v2"] = 0.3
    in_vain(world)
    assert world.writes == ["flag", "undo"]
    assert world.watch.causes == (f"flag {FLAG} stays off, and the version before may want it on",)
    remedy = remedies.remedy(world.watch, world.decision)
    assert remedy.endswith(f"{FLAG} stays off until: watcher flags restore {world.decision.id}")


def test_a_flag_that_was_changed_since_the_release_began() -> None:
    world = World.of()
    world.set(flag=str(FLAG))
    world.switch.covers["v2"] = 0.0
    world.switch.on = False
    world.switch.changed = world.now + 5.0
    world.switch.felt_after = 1e9
    in_vain(world)
    assert world.watch.causes == (f"flag {FLAG} was changed since the release began, and is off",)


def test_configuration_that_was_not_restored() -> None:
    world = in_vain(World.of())
    assert world.state is not None
    entries = tuple(replace(each, configurations=(("ConfigMap/cart", "aaa"),)) for each in world.state.known_good)
    world.state = replace(world.state, known_good=entries)
    assert found(world) == ("configuration: ConfigMap/cart could not be compared with what the version was proven on",)
    world.around(configurations=(("ConfigMap/cart", "bbb"),))
    assert found(world) == ("configuration that was not restored: ConfigMap/cart changed since the version was proven",)
    world.around(configurations=(("ConfigMap/cart", "aaa"),))
    assert found(world) == ()


def test_more_load_than_usual() -> None:
    world = in_vain(World.of())
    run = Run(world.now, world.now, 0.01, 10.0, Tally(), Tally(), (), traffic=1.34)
    assert world.state is not None
    evidence = Evidence((CounterEvidence("errors", lanes=(LaneEvidence(Lane.NEW_VS_MAX, run=run),)),))
    world.state = replace(world.state, watch=replace(world.watch, evidence=evidence))
    assert found(world) == ("load: 1.3 times the usual requests when it began",)
