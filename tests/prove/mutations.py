"""What is taken out of the code under test, one thing at a time, to see that the proof fails without it.

Each mutation names the histories that are drawn for it: those in which what it takes out is needed.  The checkers are
the same as everywhere.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from tests.prove import core_mutations, outside_mutations
from tests.prove import simulated_chance as simulated
from tests.prove.causes import CAUSES, STORIES
from tests.prove.history import Event
from tests.prove.mutation import Apply, Draw, Mutation
from watcher.core.deciding.guards import GUARDS, Guard


def every() -> tuple[Mutation, ...]:
    """All of them; a guard without one is told by its absence."""
    return (*_guards(), *core_mutations.ALL, *outside_mutations.ALL)


def _guards() -> Iterator[Mutation]:
    for guard in GUARDS.values():
        if guard.rule is not None:
            draw, world, kinds = _for_guard(guard.id)
            removes = f"the guard that holds when {guard.sentence}"
            yield Mutation(f"guard {guard.id}", removes, _silenced(guard), draw, world, kinds)


def _silenced(guard: Guard) -> Apply:
    def apply() -> None:
        GUARDS[guard.id] = replace(guard, rule=lambda case: None)

    return apply


def _for_guard(guard: str) -> tuple[Draw, str, tuple[str, ...]]:
    """Histories in which it is needed, the world, and the kinds of workload."""
    if guard in STORIES:
        return lambda chance: simulated.told(chance, guard), "core", ("Deployment",)
    if guard in ("restart", "configuration"):
        return simulated.changed_little, "core", ("Deployment", "StatefulSet")
    if guard == "recovery_release":
        return simulated.barred, "core", ("Deployment", "DaemonSet")
    if guard == "other_controller":
        return lambda chance: simulated.guarded(chance, guard), "core", ("Rollout", "Deployment")
    if guard == "not_its_fault":
        return lambda chance: _never_ready(chance, guard), "core", ("Deployment",)
    if guard == "not_known_good":
        return _to_anything, "core", ("Deployment",)
    if guard not in CAUSES:
        raise LookupError(f"guard {guard} has no cause in tests/prove/causes.py: what is it there for?")
    return lambda chance: _either(chance, guard), "core", ("Deployment", "StatefulSet")


def _either(chance: random.Random, guard: str) -> list[Event]:
    return chance.choice((simulated.guarded, simulated.delayed))(chance, guard)


def _to_anything(chance: random.Random) -> list[Event]:
    """A person names a version that was found bad."""
    found: list[Event] = [("release", "v2", 0.3), ("run", 40), ("order",), ("release", "v3", 0.0)]
    return [*found, ("run", chance.randint(5, 40)), ("command", "hash-v2"), ("run", 20)]


def _never_ready(chance: random.Random, guard: str) -> list[Event]:
    """Pods do not become Ready, and no requests fail."""
    begins: list[Event] = [("begin", guard), ("never_ready", "v2"), ("release", "v2", 0.0)]
    return [*begins, ("run", chance.randint(30, 80)), ("end", guard), ("run", 10)]
