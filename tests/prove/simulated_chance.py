"""Histories of the simulated worlds, drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.core.histories import REACTIONS
from tests.prove.causes import CAUSES, STORIES
from tests.prove.history import Event, History
from watcher.core.words import Kind

Draw = Callable[[random.Random], list[Event]]
TEMPLATES = ("v1", "v2", "v3", "v2+cfg", "v2~1")
NO_MOMENT = ("restart", "configuration", "not_known_good")
MOMENTARY = tuple(guard for guard in CAUSES if guard not in (*STORIES, *NO_MOMENT))


def _bad(chance: random.Random) -> Event:
    return ("release", chance.choice(TEMPLATES), chance.choice((0.3, 0.3, 0.6)))


def incident(chance: random.Random) -> list[Event]:
    """A bad release with time enough to be found, and a first write that ends in some way."""
    reactions = [str(chance.choice(REACTIONS)) for _ in range(chance.choice((1, 1, 2, 3)))]
    found: list[Event] = [_bad(chance), ("run", chance.randint(1, 8)), ("react", *reactions)]
    dies: list[Event] = [("crash",)] if chance.random() < 0.4 else []
    return [*found, ("run", chance.randint(1, 30)), *dies, ("run", chance.randint(1, 30))]


def guarded(chance: random.Random, guard: str = "") -> list[Event]:
    """What a guard is there for begins before, amid or after the time at which a bad release is found."""
    guard = guard or chance.choice(MOMENTARY)
    bad: Event = ("release", chance.choice(("v2", "v2", "v3")), chance.choice((0.3, 0.6)))
    first = [("begin", guard), bad] if chance.random() < 0.2 else [bad, ("run", chance.randint(1, 6)), ("begin", guard)]
    return [*first, ("run", chance.randint(5, 40)), ("end", guard), ("run", chance.randint(2, 20))]


def delayed(chance: random.Random, guard: str = "") -> list[Event]:
    """The first write is kept from being made, and something speaks against it when it could be."""
    guard = guard or chance.choice(MOMENTARY)
    failing = str(chance.choice(("unavailable", "unavailable", "unknown", "conflict", "silent")))
    bad: Event = ("release", chance.choice(("v2", "v3")), chance.choice((0.3, 0.6)))
    dies: list[Event] = [("crash",)] if chance.random() < 0.3 else []
    found: list[Event] = [("react", failing), bad, ("amid", "ordered", 20, ("begin", guard)), *dies]
    return [*found, ("run", chance.randint(2, 30)), ("end", guard), ("run", chance.randint(2, 20))]


def next_rung(chance: random.Random, guard: str = "") -> list[Event]:
    """An abort is lost for good, or refused; something speaks against the undo that would follow."""
    guard = guard or chance.choice(MOMENTARY)
    lost: Event = ("setting", "deaf", 1000) if chance.random() < 0.7 else ("react", "refused")
    found: list[Event] = [lost, ("release", "v2", 0.3), ("amid", "ordered", 20, ("begin", guard))]
    return [*found, ("run", chance.randint(20, 70)), ("end", guard), ("run", 5)]


def told(chance: random.Random, guard: str = "") -> list[Event]:
    """A version that is not to blame for what is seen."""
    return [("story", guard or chance.choice(STORIES), "v2"), ("run", chance.randint(10, 40))]


def changed_little(chance: random.Random) -> list[Event]:
    """A release that changes configuration only, or nothing, and is bad all the same."""
    good: Event = ("release", "v2", 0.0)
    little = chance.choice(("v2+cfg", "v2~1"))
    return [good, ("run", chance.randint(4, 80)), ("release", little, 0.6), ("run", chance.randint(10, 40))]


def barred(chance: random.Random) -> list[Event]:
    return [("release_barred", "v3", chance.choice((0.3, 0.6))), ("run", chance.randint(10, 40))]


def proposed(chance: random.Random) -> list[Event]:
    """A proposal, and people who approve of it, or of something else, early, late or under a guard."""
    which, way = chance.choice(("newest", "newest", "earlier", "unknown")), chance.choice(("http", "annotation"))
    recalled: Event = ("at_once", ("mode", "observe"), ("approve", which, way))
    between = [
        (),
        (recalled,),
        (("begin", chance.choice(MOMENTARY)),),
        (("crash",),),
        (("release", "v3", 0.6), ("run", 4)),
    ]
    found: list[Event] = [("mode", "propose"), ("release", chance.choice(("v2", "v3")), 0.6), ("proposed", 40)]
    late: list[Event] = [("run", chance.choice((1, 30, 200)))] if chance.random() < 0.3 else []
    return [*found, *chance.choice(between), *late, ("approve", which, way), ("run", chance.randint(2, 40))]


def recalled(chance: random.Random) -> list[Event]:
    """A mode or rungs are changed around a bad release."""
    change: Event = chance.choice(
        (("mode", "observe"), ("mode", "propose"), ("mode", "none"), ("rungs", "observe"), ("rungs", "none"))
    )
    reaction: list[Event] = [("react", chance.choice(("unavailable", "unknown", "conflict")))]
    first = [*reaction, _bad(chance), ("run", chance.randint(1, 8)), change]
    back: Event = (change[0], "act")
    return [*first, ("run", chance.randint(2, 30)), back, ("run", chance.randint(2, 20))]


def unseen(chance: random.Random) -> list[Event]:
    """Nothing is known of the release: the source is down, its metric is broken, or nobody asks for anything."""
    why: tuple[Event, Event] = chance.choice(
        (
            (("world_is", "blind", True), ("world_is", "blind", False)),
            (("world_is", "broken", "contract"), ("world_is", "broken", "")),
            (("world_is", "requests", 0.0), ("world_is", "requests", 600.0)),
        )
    )
    share = chance.choice((0.0, 0.3))
    return [why[0], ("release", "v2", share), ("run", chance.choice((30, 90, 400))), why[1], ("run", 10)]


def disturbed(chance: random.Random) -> list[Event]:
    """An incident amid whatever happens."""
    happens: list[Event] = [
        chance.choice(
            (
                ("crash",),
                ("errors", chance.choice(TEMPLATES), chance.choice((0.0, 0.3))),
                ("react", str(chance.choice(REACTIONS))),
                ("world_is", "blind", chance.random() < 0.5),
                ("world_is", "requests", chance.choice((0.0, 20.0, 600.0))),
                ("setting", "desired", chance.randint(0, 8)),
                ("setting", "numbered", chance.random() < 0.7),
                ("setting", "deaf", chance.randint(0, 3)),
                ("never_ready", chance.choice(TEMPLATES)),
                *(("promote",), ("abort",), ("retry",), ("made_anew",), ("gone",)),
                ("release", chance.choice(TEMPLATES), chance.choice((0.0, 0.0, 0.3))),
            )
        )
        for _ in range(chance.randint(1, 5))
    ]
    found = incident(chance)
    for each in happens:
        found.insert(chance.randint(0, len(found)), each)
    return found


def through_git(chance: random.Random) -> list[Event]:
    """An incident while Git, its forge or Argo CD are not as they should be."""
    happens: list[Event] = [
        chance.choice(
            (
                ("git", "down", chance.random() < 0.5),
                ("git", "route", chance.choice(("push", "pull_request", "none"))),
                ("git", "seconds", chance.choice((1.0, 300.0))),
                ("git", "slow", chance.choice((0.0, 30.0))),
                ("git", "automated", chance.random() < 0.6),
                ("git", "self_heal", chance.random() < 0.6),
                ("git", "unknown", chance.random() < 0.5),
                ("git", "window", chance.random() < 0.5),
                ("git", "parent", chance.choice(("", "apps"))),
                ("git", "pull", chance.choice(("", "closed"))),
                *(("merge",), ("crash",), ("unseen", chance.random() < 0.4)),
                ("rungs", chance.choice(("act", "act", "none"))),
                ("react", str(chance.choice(REACTIONS))),
            )
        )
        for _ in range(chance.randint(1, 4))
    ]
    found: list[Event] = [_bad(chance), ("run", chance.randint(1, 20)), ("run", chance.randint(1, 40))]
    for each in happens:
        found.insert(chance.randint(0, len(found)), each)
    return found


def by_flag(chance: random.Random) -> list[Event]:
    """A release that is tied to a flag, which helps or not, cannot be seen, or is changed by somebody else."""
    happens: list[Event] = [
        chance.choice(
            (
                ("switch", "stuck", True),
                ("switch", "problem", chance.choice(("", "503"))),
                ("switch", "unseen", chance.random() < 0.5),
                ("switch", "on", chance.random() < 0.5),
                ("react", str(chance.choice(REACTIONS))),
                ("crash",),
                ("begin", chance.choice(("hold", "freeze", "never", "breaker", "owned"))),
            )
        )
        for _ in range(chance.randint(0, 2))
    ]
    bad: Event = ("flagged", "v2", chance.choice((0.3, 0.6)), chance.choice((0.0, 0.0, 0.3)))
    found: list[Event] = [bad, ("run", chance.randint(1, 20)), ("run", chance.randint(1, 40))]
    for each in happens:
        found.insert(chance.randint(0, len(found)), each)
    return found


def migrated(chance: random.Random) -> list[Event]:
    """Migrations lie between the release and the version before."""
    lie: Event = ("database", chance.choice(("safe", "unsafe", "automatic", "approved", "after")))
    how: list[Event] = [("jobs", "failed")] if chance.random() < 0.2 else []
    dies: list[Event] = [("crash",)] if chance.random() < 0.3 else []
    spoken: list[Event] = [("approve", "newest", "http")] if chance.random() < 0.5 else []
    found = [*how, lie, ("release", "v2", 0.3), ("run", chance.randint(4, 16)), *dies, *spoken]
    return [*found, ("run", chance.randint(2, 40))]


OVERRIDES = (
    "hold",
    "freeze",
    "never",
    "breaker",
    "cooldown",
    "not_known_good",
    "unsafe_migration",
    "owned",
    "down_migration",
)


def commanded(chance: random.Random) -> list[Event]:
    """A person commands a rollback: of a good release or a bad one, to a named version or not, past guards or not."""
    share = chance.choice((0.0, 0.0, 0.3))
    guard = chance.choice(("", *OVERRIDES[:5], "unsafe_migration"))
    named = [each for each in OVERRIDES if chance.random() < 0.3]
    speaks: list[Event] = [("begin", guard)] if guard else []
    to = chance.choice(("", "", "hash-v1", "hash-v2", "nothing"))
    again: list[Event] = [("command", to, *named)] if chance.random() < 0.3 else []
    lies: list[Event] = (
        [("database", chance.choice(("approved", "automatic", "safe")))] if chance.random() < 0.3 else []
    )
    found: list[Event] = [*lies, ("release", "v2", share), ("run", chance.randint(1, 100)), *speaks]
    return [*found, ("command", to, *named), ("run", chance.randint(1, 30)), *again, ("run", chance.randint(1, 30))]


CHAPTERS: dict[str, tuple[Draw, int]] = {
    "incident": (incident, 6),
    "guarded": (guarded, 8),
    "delayed": (delayed, 8),
    "next_rung": (next_rung, 3),
    "told": (told, 2),
    "changed_little": (changed_little, 3),
    "barred": (barred, 1),
    "proposed": (proposed, 4),
    "recalled": (recalled, 3),
    "unseen": (unseen, 3),
    "disturbed": (disturbed, 6),
    "by_flag": (by_flag, 4),
    "migrated": (migrated, 4),
    "commanded": (commanded, 4),
    "through_git": (through_git, 0),
}
"""How each kind of chapter is drawn, and how often; the last one under Git alone."""


def draw(seed: int, chapters: tuple[str, ...] = (), kinds: tuple[str, ...] = (), world: str = "") -> History:
    """The history of this seed; of these chapters and kinds of workload only, where some are named."""
    chance = random.Random(seed)  # noqa: S311 - a history, nothing secret
    world = world or chance.choice(("core", "core", "core", "git"))
    kind = chance.choice(kinds or (("Deployment", "Rollout") if world == "git" else tuple(map(str, Kind))))
    names = chapters or tuple(CHAPTERS)
    weights = [CHAPTERS[name][1] + 12 * (name == "through_git" and world == "git") for name in names]
    if not any(weights):
        weights = [1] * len(names)
    name = chance.choices(names, weights)[0]
    if name == "told":  # with the old version beside it, the new one is to blame
        world, kind = "core", "Deployment"
    events = CHAPTERS[name][0](chance)
    if name not in ("told", "unseen") and chance.random() < 0.25:
        again = chance.choices(names, weights)[0]
        events = [*events, ("order",), *(CHAPTERS[again][0](chance) if again not in ("told", "unseen") else [])]
    return History(world, seed, kind, tuple(events))
