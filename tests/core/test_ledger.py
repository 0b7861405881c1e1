"""Which revisions count as known good, and which of them is gone back to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.rollouts import SimulatedRollout
from tests.core.world import START, World
from watcher.core.deciding import ledger
from watcher.core.deciding.ladder import choose_target
from watcher.core.policy import KnownGoodRules
from watcher.core.state import KnownGood
from watcher.core.words import Kind, Mode, Provenance, Verdict


def entry(template: str, provenance: Provenance = Provenance.PASSED, last_ran: float | None = None) -> KnownGood:
    return KnownGood(f"id-{template}", f"hash-{template}", (), provenance, 0.0, last_ran)


def last_ran(world: World) -> dict[str, float | None]:
    return {template: each.last_ran for template, each in world.known_good.items()}


def test_at_the_first_install_a_revision_is_presumed_good_after_an_hour() -> None:
    world = World()
    world.cluster.apply("v1", START)
    world.cluster.settle(START)
    world.run(3590)
    assert world.known_good == {}
    world.run(15)
    assert world.known_good["v1"].provenance is Provenance.PRESUMED
    assert world.moved[-1] == "known_good"


def test_presuming_takes_a_whole_workload() -> None:
    world = World()
    world.cluster.apply("v1", START - 86400.0)
    world.run(60)
    world.cluster.pods.clear()
    world.cluster.idle = True
    world.state = None
    world.run(60)
    assert world.known_good == {}


def test_an_old_template_that_came_back_has_not_run_since_it_was_made() -> None:
    world = World()
    world.cluster.apply("v1", START - 9000.0)
    world.cluster.apply("v2", START - 100.0)
    world.cluster.apply("v1", START)
    world.cluster.settle(START)
    world.run(60)
    assert world.known_good == {}
    assert world.watch.release.began == START - 100.0


def test_a_pass_lifts_the_provenance_and_nothing_lowers_it() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    assert world.known_good["v2"].provenance is Provenance.PASSED
    world.set(known_good=KnownGoodRules(soak=10.0))
    world.run(60)
    assert world.known_good["v2"].provenance is Provenance.PASSED


def test_an_undecided_release_is_soaked_after_a_while() -> None:
    world = World.of()
    world.set(known_good=KnownGoodRules(soak=3000.0))
    world.requests = 0.0
    world.run(2000)
    world.release("v2")
    world.run(2900)
    assert "v2" not in world.known_good
    world.run(110)
    assert world.known_good["v2"].provenance is Provenance.SOAKED


def test_a_release_that_stands_at_breach_is_never_soaked() -> None:
    world = World.of()
    world.set(mode=Mode.OBSERVE, known_good=KnownGoodRules(soak=1000.0))
    world.release("v2", errors=0.2)
    world.run(5000)
    assert world.watch.verdict is Verdict.BREACH
    assert "v2" not in world.known_good


def test_one_whose_breach_was_over_is_soaked_from_then_on() -> None:
    world = World.of()
    world.set(mode=Mode.OBSERVE, known_good=KnownGoodRules(soak=1000.0))
    world.release("v2", errors=0.2)
    world.run_until("breach")
    world.errors["v2"] = 0.0
    world.run_until("closed")
    world.run(990)
    assert "v2" not in world.known_good
    world.run(20)
    assert world.known_good["v2"].provenance is Provenance.SOAKED


def test_a_breach_revokes_and_a_revoked_entry_stays_so() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    world.release("v2~1", errors=0.2)
    world.run_until("breach")
    assert world.known_good["v2"].revoked.startswith("breach: errors:")
    world.errors["v2~1"] = 0.0
    world.release("v2~2")
    world.run_until("pass")
    assert world.known_good["v2"].revoked


def test_what_was_rolled_back_is_revoked() -> None:
    world = World.of()
    world.prove("v2")
    world.release("v2", errors=0.2)
    world.run(5)
    assert world.watch.release.never_undo.startswith("recovery release: it returns")
    world.run_until("breach")
    assert world.known_good["v2"].revoked


def test_the_running_version_has_no_last_time() -> None:
    world = World.of()
    world.release("v2")
    world.run_until("pass")
    assert last_ran(world) == {"v1": world.watch.release.began, "v2": None}
    world.release("v1")
    world.run(10)
    assert last_ran(world) == {"v1": None, "v2": world.watch.release.began}


def test_after_our_own_way_back_the_target_is_the_running_version() -> None:
    world = World.of()
    world.release("v2", errors=0.2)
    world.run_until("restored")
    assert last_ran(world) == {"v1": None}
    world.release("v3")
    world.run(10)
    assert last_ran(world) == {"v1": world.watch.release.began}


def test_the_stable_version_of_an_aborted_canary_ran_until_the_next_release() -> None:
    world = World.of(Kind.ROLLOUT)
    assert isinstance(world.cluster, SimulatedRollout)
    world.prove("v0", ago=50.0)
    world.release("v2", errors=0.3)
    world.run_until("restored")
    world.release("v3")
    world.run(30)
    world.cluster.promote()
    world.run_until("rolled_out")
    world.set(cooldown=0.0)
    world.errors["v3"] = 0.3
    world.run_until("restored")
    assert world.serves("v1")


def test_what_ran_last_is_gone_back_to() -> None:
    world = World.of()
    assert world.state is not None
    view = world.cluster.view(world.now)
    known = (entry("a", last_ran=10.0), entry("b", last_ran=30.0), entry("c", last_ran=20.0), entry("bad"))
    state = replace(world.state, known_good=known)
    chosen = choose_target(state, view, world.policy, "id-bad", 40.0)
    assert chosen is not None
    assert chosen.revision == "hash-b"


@pytest.mark.parametrize(
    ("candidate", "good"),
    [
        (entry("a", Provenance.PRESUMED), False),
        (entry("a", Provenance.SOAKED), True),
        (entry("a", Provenance.PASSED), True),
        (replace(entry("a"), revoked="it was bad"), False),
        (entry("a", last_ran=900.0), True),
        (entry("a", last_ran=899.0), False),
    ],
)
def test_what_is_accepted(candidate: KnownGood, *, good: bool) -> None:
    rules = KnownGoodRules(accept=Provenance.SOAKED, max_age=100.0)
    assert ledger.accepted(candidate, rules, 1000.0) is good
    assert (ledger.known([candidate], "id-a", rules, 1000.0) is candidate) is good


def test_the_ledger_keeps_what_the_revision_ran_on() -> None:
    world = World.of(config_refs=("ConfigMap/cart",), digests=(("cart:2", "sha256:aaa"),))
    world.around(configurations=(("ConfigMap/cart", "aaa"), ("ConfigMap/other", "bbb")))
    world.release("v2")
    world.run_until("pass")
    assert world.known_good["v2"].configurations == (("ConfigMap/cart", "aaa"),)
    assert world.known_good["v2"].digests == (("cart:2", "sha256:aaa"),)


def test_the_ledger_forgets_what_is_oldest() -> None:
    world = World.of()
    assert world.state is not None
    old = tuple(entry(str(number), last_ran=1.0) for number in range(ledger.KEPT))
    world.state = replace(world.state, known_good=old)
    world.release("v2")
    world.run_until("pass")
    assert len(world.known_good) == ledger.KEPT
    assert "0" not in world.known_good
    assert "v2" in world.known_good
