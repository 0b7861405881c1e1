"""Mutations of the core, beside its guards, and the histories drawn for them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from tests.prove import simulated_chance as simulated
from tests.prove.history import Event
from tests.prove.mutation import Draw, Mutation, empty, nothing, put, yes
from watcher.core import machine, releases
from watcher.core.carrying_out import climbing, downs, ending, rollback
from watcher.core.deciding import approving, commanded, ladder, ledger, managed, permission, targets
from watcher.core.deciding import decision as deciding
from watcher.core.judging import judge, rates
from watcher.core.words import Outcome


def _guarded(*guards: str) -> Draw:
    return lambda chance: simulated.guarded(chance, chance.choice(guards))


def _delayed(*guards: str) -> Draw:
    return lambda chance: simulated.delayed(chance, chance.choice(guards))


def _silent(chance: random.Random) -> list[Event]:
    """Nobody hears of the first write, and what speaks against it comes before the second."""
    speaks: Event = ("begin", chance.choice(("hold", "never", "owned", "breaker")))
    found: list[Event] = [("react", "silent"), ("release", "v2", 0.3), ("amid", "ordered", 20, speaks)]
    return [*found, ("run", chance.randint(10, 40))]


def _lost(chance: random.Random) -> list[Event]:
    """The first write is refused for so long that it is too old to be made."""
    reactions = ["unavailable"] * chance.randint(8, 30)
    return [("react", *reactions), ("release", "v2", 0.3), ("run", chance.randint(50, 90))]


def _denied(chance: random.Random) -> list[Event]:
    """A permission is missing for as long as the first write is worth making."""
    return [("react", *["forbidden"] * 40), ("release", "v2", 0.3), ("run", chance.randint(50, 90))]


def _superseded(chance: random.Random) -> list[Event]:
    """Another release comes before the first write is made, and its controller has not numbered it yet."""
    then: tuple[Event, ...] = (("setting", "numbered", False), ("release", "v3", 0.3))
    found: list[Event] = [("react", "unavailable"), ("release", "v2", 0.3), ("amid", "ordered", 20, *then)]
    return [*found, ("run", chance.randint(2, 20))]


def _proposed(which: str) -> Draw:
    def draw(chance: random.Random) -> list[Event]:
        found: list[Event] = [("mode", "propose"), ("release", "v2", 0.6), ("proposed", 40)]
        return [*found, ("approve", which, chance.choice(("http", "annotation"))), ("run", chance.randint(2, 40))]

    return draw


def _approved_in_vain(chance: random.Random) -> list[Event]:
    """Somebody approves at the moment at which somebody else lowers the mode."""
    both: Event = ("at_once", ("mode", "observe"), ("approve", "newest", "http"))
    return [("mode", "propose"), ("release", "v2", 0.6), ("proposed", 40), both, ("run", chance.randint(2, 20))]


def _unseen(chance: random.Random) -> list[Event]:
    return [("world_is", "broken", "contract"), ("release", "v2", chance.choice((0.0, 0.3))), ("run", 200)]


def _quiet(chance: random.Random) -> list[Event]:
    """Nobody asks for anything, or the source is away, for the whole watch."""
    why: Event = chance.choice((("world_is", "requests", 0.0), ("world_is", "blind", True)))
    return [why, ("release", "v2", 0.0), ("run", 400)]


def _revoked(chance: random.Random) -> list[Event]:
    """The version before was found bad as well."""
    found: list[Event] = [("release", "v2", 0.3), ("run", chance.randint(1, 30)), ("release", "v3", 0.6)]
    return [("begin", "no_target"), *found, ("run", chance.randint(10, 40))]


def _both_bad(chance: random.Random) -> list[Event]:
    """Going back does not help: what fails is not the version."""
    found: list[Event] = [("release", "v2", 0.6), ("until", "on_target", 60), ("errors", "v1", 0.6)]
    return [*found, ("run", chance.randint(30, 80))]


def _recovers(chance: random.Random) -> list[Event]:
    """A person brings another version amid a breach, whose pods do not become Ready."""
    found: list[Event] = [("mode", "observe"), ("release", "v2", 0.3), ("run", chance.randint(8, 20))]
    return [*found, ("never_ready", "v3"), ("at_once", ("mode", "act"), ("release", "v3", 0.0)), ("run", 60)]


def _commanded(chance: random.Random) -> list[Event]:
    """A person commands a rollback and names no guard, while some speak against it."""
    speaks: Event = ("begin", chance.choice(("hold", "freeze", "never", "breaker", "owned")))
    return [("release", "v2", 0.0), ("run", chance.randint(2, 60)), speaks, ("command", ""), ("run", 20)]


def _noted_since(chance: random.Random) -> list[Event]:
    """Between the decision and its write a note comes that asks for a down migration with a person's word."""
    found: list[Event] = [("react", "unavailable", "unavailable"), ("release", "v2", 0.3)]
    return [*found, ("amid", "ordered", 20, ("database", "approved")), ("run", chance.randint(10, 40))]


def _abort_lost(*guards: str) -> Draw:
    """Argo Rollouts loses every abort; what would follow meets something that speaks against it."""
    return lambda chance: simulated.next_rung(chance, chance.choice(guards))


def _flag_out_of_sight(chance: random.Random) -> list[Event]:
    """Between the decision and its write nobody can tell any more how the flag stands."""
    bad: Event = ("flagged", "v2", 0.6, 0.0)
    found: list[Event] = [("react", "unavailable"), bad, ("amid", "ordered", 20, ("begin", "flag_unknown"))]
    return [*found, ("run", chance.randint(10, 40))]


def _unnamed() -> None:
    """What was not carried out for want of a permission was not carried out for too long, and no more is said."""
    outdated = permission.outdated
    put((permission, "outdated"), to=lambda turn, rollback: outdated(turn, replace(rollback, denied="")))()


def _contract_ignored() -> None:
    """A block whose contract is broken counts as any other."""
    fold = rates.fold

    def everything(*arguments: Any) -> Any:
        return fold(arguments[0], arguments[1], replace(arguments[2], broken=""), *arguments[3:])

    put((rates, "fold"), to=everything)()


def _second_blind_rollback() -> None:
    """A rung that has led to its target and did not help is followed by the next one."""
    finish = ending.finish

    def go_on(turn: Any, outcome: Outcome) -> None:
        if outcome is Outcome.DID_NOT_HELP:
            climbing.rung_failed(turn, "it did not help")
        else:
            finish(turn, outcome)

    put((ending, "finish"), to=go_on)()


def _without_reason() -> None:
    decide = deciding.decide
    put((machine, "decide"), to=lambda *arguments: replace(decide(*arguments), reason=""))()


def _unrepeatable() -> None:
    """Something that is in no record goes into a decision."""
    decide, count = deciding.decide, iter(range(10**9))

    def decided(*arguments: Any) -> Any:
        decision = decide(*arguments)
        return replace(decision, reason=f"{decision.reason} ({next(count)})")

    put((machine, "decide"), to=decided)()


ROLLOUT = ("Rollout",)

ALL = (
    Mutation(
        "permission.withheld",
        "everything that is asked again before the first write of a rung",
        put((permission, "withheld"), to=nothing),
        _delayed("owned", "breaker", "hold", "never"),
    ),
    Mutation(
        "permission.forbidden",
        "what is asked before every order, also of what was begun",
        put((permission, "forbidden"), to=nothing),
        _abort_lost("hold", "never", "not_watched", "mode"),
        kinds=ROLLOUT,
    ),
    Mutation(
        "permission.tightened",
        "the thresholds file as it is now, asked before the first write of a rung",
        put((permission, "tightened"), to=nothing),
        _delayed("mode"),
    ),
    Mutation(
        "permission._mode_lowered",
        "a mode that was lowered after the decision (guard mode)",
        put((permission, "_mode_lowered"), to=nothing),
        simulated.recalled,
    ),
    Mutation(
        "permission._out_of_bounds",
        "hold, never list, and services that name it no more, before each order (guard not_watched)",
        put((permission, "_out_of_bounds"), to=nothing),
        _delayed("not_watched"),
    ),
    Mutation(
        "permission._not_now",
        "the Lease and the age of the cache, before each order",
        put((permission, "_not_now"), to=nothing),
        _abort_lost("not_permitted", "stale_cache"),
        kinds=ROLLOUT,
    ),
    Mutation(
        "permission.outdated",
        "the age beyond which an intent is not sent (guard outdated)",
        put((permission, "outdated"), to=nothing),
        _lost,
    ),
    Mutation(
        "permission.current",
        "that the spec still asks for the release (guard superseded)",
        put((permission, "current"), to=yes),
        _superseded,
    ),
    Mutation(
        "rollback.stand_down_if_forbidden",
        "giving up an intent that something speaks against by now",
        put((rollback, "stand_down_if_forbidden"), to=nothing),
        _silent,
    ),
    Mutation(
        "deciding._no_way_back",
        "no rung, no rollback (guard no_way_back)",
        put((deciding, "_no_way_back"), to=lambda *_: ()),
        _guarded("no_way_back"),
        "git",
    ),
    Mutation(
        "managed.out_of_reach",
        "that what is managed by something out of sight is not undone",
        put((managed, "out_of_reach"), to=empty),
        _guarded("no_way_back"),
        "git",
    ),
    Mutation(
        "permission.tightened in Git",
        "that it is known what a revert would mean, asked before it is ordered (guard git_unknown)",
        put((permission, "tightened"), to=nothing),
        _delayed("git_unknown"),
        "git",
    ),
    Mutation(
        "permission.tightened for a flag",
        "that it is known how the flag stands, asked before it is switched (guard flag_unknown)",
        put((permission, "tightened"), to=nothing),
        _flag_out_of_sight,
    ),
    Mutation(
        "permission.outdated, unnamed",
        "the permission for want of which nothing was done (guard forbidden)",
        _unnamed,
        _denied,
    ),
    Mutation(
        "approving.covers",
        "that an approval is for this way back, as it may be taken now",
        put((deciding, "covers"), to=lambda watch, *_: watch.consent is not None),
        _approved_in_vain,
    ),
    Mutation(
        "approving._objection",
        "that an approval names what waits for one",
        put((approving, "_objection"), to=empty),
        _proposed("unknown"),
    ),
    Mutation(
        "approving.may_go",
        "that what is only proposed needs a person",
        put((permission, "may_go"), (climbing, "may_go"), to=yes),
        simulated.recalled,
    ),
    Mutation(
        "ledger.accepted",
        "that a target is proven, not called bad, and not too old",
        put((ledger, "accepted"), (ladder, "accepted"), (targets, "accepted"), (commanded, "accepted"), to=yes),
        _revoked,
    ),
    Mutation(
        "releases._never_undo",
        "that a release which is itself a way back is not undone",
        put((releases, "_never_undo"), to=empty),
        _recovers,
    ),
    Mutation("block.broken", "that a block whose contract is broken says nothing", _contract_ignored, _unseen),
    Mutation(
        "judge.enough",
        "that a PASS needs data",
        put((judge, "enough"), (judge, "seen_through"), to=yes),
        _quiet,
    ),
    Mutation(
        "ending.finish",
        "that nothing follows what did not help",
        _second_blind_rollback,
        _both_bad,
        kinds=ROLLOUT,
    ),
    Mutation(
        "commanded.holding",
        "that a person passes just the guards that they have named",
        put((commanded, "holding"), to=lambda *_: ()),
        _commanded,
    ),
    Mutation(
        "permission._unapproved_down",
        "that a down migration runs by itself only where its note says so",
        put((permission, "_unapproved_down"), to=nothing),
        _noted_since,
    ),
    Mutation(
        "downs.due",
        "that a down migration comes before the version",
        put((downs, "due"), to=nothing),
        lambda chance: [("database", "automatic"), ("release", "v2", 0.3), ("run", chance.randint(20, 40))],
    ),
    Mutation("Decision.reason", "why something is done", _without_reason, simulated.incident),
    Mutation("record", "that all that goes into a step is in its record", _unrepeatable, simulated.incident),
)
"""Without the guards themselves."""
