"""Histories on the sandbox, drawn by a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.prove.history import Event, History
from tests.prove.wire import FAULTS
from watcher.core.words import Kind

Draw = Callable[[random.Random], list[Event]]
BAD = (("v2", 0.3), ("v3", 0.6), ("v4", 0.3), ("v5-crashloop", 0.0), ("v6-neverready", 0.0), ("v7-nopull", 0.0))
MOMENTS = (
    "before the commit",
    "after the commit",
    "roll_back",
    "before PATCH",
    "after PATCH",
    "confirming",
    "restored",
)


def incident(chance: random.Random) -> list[Event]:
    """A bad release, with time for it to be found, or nearly."""
    return [("release", *chance.choice(BAD)), ("wait", chance.choice((10, 30, 60, 90, 120)))]


def faulty(chance: random.Random) -> list[Event]:
    """A bad release whose way back meets faults."""
    faults = [chance.choice(FAULTS) for _ in range(chance.randint(1, 3))]
    return [("fault", *faults), *incident(chance), ("wait", chance.choice((30, 60, 120)))]


def crashing(chance: random.Random) -> list[Event]:
    """A bad release, and the process dies at some step of its way back."""
    dies: Event = ("crash_at", chance.choice(MOMENTS)) if chance.random() < 0.6 else ("crash", chance.randint(1, 14))
    again: list[Event] = [("crash", chance.randint(1, 8))] if chance.random() < 0.3 else []
    return [dies, *incident(chance), *again, ("wait", chance.choice((30, 90)))]


def superseded(chance: random.Random) -> list[Event]:
    """Somebody releases something else while the way back is under way, or while its write meets a fault."""
    fault: list[Event] = [("fault", chance.choice(FAULTS))] if chance.random() < 0.7 else []
    then: Event = chance.choice((("person_undoes",), ("release", "v8", 0.0), ("release", "v3", 0.6), ("delete", "v1")))
    return [*fault, *incident(chance)[:1], ("wait", chance.randint(25, 75)), then, ("wait", chance.choice((20, 90)))]


def held(chance: random.Random) -> list[Event]:
    """A hold, the never list or another mode comes before, amid or after a bad release."""
    ways: tuple[tuple[Event, Event], ...] = (
        (("hold", "wait"), ("hold", "")),
        (("hold_namespace", "audit"), ("hold_namespace", "")),
        (("hold_everything", True), ("hold_everything", False)),
        (("mode", "observe"), ("mode", "act")),
        (("mode", "propose"), ("mode", "act")),
        (("never", True), ("never", False)),
    )
    on, off = chance.choice(ways)
    bad: Event = ("release", *chance.choice(BAD))
    stale: list[Event] = [("silent", chance.choice((20, 60)))] if chance.random() < 0.3 else []
    first = [on, bad] if chance.random() < 0.4 else [bad, ("wait", chance.randint(5, 60)), on]
    return [*first, *stale, ("wait", chance.choice((40, 120))), off, ("wait", chance.choice((10, 60)))]


def blinded(chance: random.Random) -> list[Event]:
    """Prometheus is away or tells nonsense around a release."""
    way: tuple[Event, Event] = chance.choice(
        (
            (("blind", "connection refused"), ("blind", "")),
            (("numbers", "nan"), ("numbers", "good")),
            (("numbers", "stale"), ("numbers", "good")),
            (("numbers", "partial"), ("numbers", "good")),
        )
    )
    tag: Event = chance.choice((("release", "v2", 0.3), ("release", "v8", 0.0)))
    order = [way[0], tag] if chance.random() < 0.6 else [tag, ("wait", chance.randint(5, 40)), way[0]]
    return [*order, ("wait", chance.choice((60, 200, 400))), way[1], ("wait", chance.choice((20, 60)))]


def cut_off(chance: random.Random) -> list[Event]:
    """The API server is away, its watches are silent or cut, its answers slow."""
    trouble: Event = chance.choice(
        (
            ("down", chance.choice((10, 40, 100))),
            ("silent", chance.choice((30, 90, 150))),
            ("cut", chance.randint(0, 4)),
            ("slow", 0.8),
        )
    )
    before = chance.random() < 0.4
    bad = incident(chance)
    return (
        [trouble, *bad] if before else [bad[0], ("wait", chance.randint(5, 60)), trouble, ("wait", 60), ("slow", 0.0)]
    )


def handed_over(chance: random.Random) -> list[Event]:
    """A second process, and the first loses its right to write in some way."""
    loss: Event = chance.choice((("pause", 12.0), ("pause", 40.0), ("stolen",), ("kill",), ("down", 15)))
    return [("second",), ("wait", 15), *incident(chance)[:1], ("wait", chance.randint(20, 70)), loss, ("wait", 60)]


def approved(chance: random.Random) -> list[Event]:
    """A proposal, and somebody who approves of it, early or late."""
    approval: list[Event] = [("approve",), ("wait", 10)] * chance.randint(0, 2)
    return [("mode", "propose"), *incident(chance)[:1], ("wait", chance.randint(30, 90)), *approval, ("mode", "act")]


def together(chance: random.Random) -> list[Event]:
    """Several workloads are released at once."""
    count = chance.randint(1, 2)
    share = chance.choice((0.0, 0.3, 0.6))
    deployed: list[Event] = [("others", "v1", 0.0, count), ("wait", 30)]
    return [*deployed, ("others", "v2", share, count), *incident(chance), ("wait", chance.choice((30, 120)))]


def by_hand(chance: random.Random) -> list[Event]:
    """People do things to the workload while it is being watched."""
    done: list[Event] = [
        chance.choice(
            (("scale", 1), ("scale", 5), ("scale", 0), ("promote",), ("abort",), ("retry",), ("person_undoes",))
        )
        for _ in range(chance.randint(1, 3))
    ]
    waits: list[Event] = [("wait", chance.randint(5, 40)) for _ in done]
    return [*incident(chance)[:1], *(each for pair in zip(waits, done, strict=True) for each in pair), ("wait", 60)]


def barred(chance: random.Random) -> list[Event]:
    return [("roll_forward_only", "v9", 0.5), ("wait", chance.choice((60, 120)))]


CHAPTERS: dict[str, tuple[Draw, int]] = {
    "incident": (incident, 2),
    "faulty": (faulty, 6),
    "crashing": (crashing, 6),
    "superseded": (superseded, 5),
    "held": (held, 5),
    "blinded": (blinded, 3),
    "cut_off": (cut_off, 4),
    "handed_over": (handed_over, 3),
    "approved": (approved, 2),
    "together": (together, 2),
    "by_hand": (by_hand, 3),
    "barred": (barred, 1),
}
"""How each kind of chapter is drawn, and how often."""


def draw(seed: int, chapters: tuple[str, ...] = (), kinds: tuple[str, ...] = ()) -> History:
    """The history of this seed; of these chapters and kinds of workload only, where some are named."""
    chance = random.Random(seed)  # noqa: S311 - a history, nothing secret
    names = chapters or tuple(CHAPTERS)
    weights = [CHAPTERS[name][1] for name in names]
    kind = chance.choice(kinds or ("Deployment", "Deployment", *Kind))
    events: list[Event] = []
    for number in range(chance.choice((1, 1, 2, 2, 3))):
        if number:
            events += [("order",), ("wait", chance.choice((20, 140)))]
        events += CHAPTERS[chance.choices(names, weights)[0]][0](chance)
    return History("sandbox", seed, str(kind), tuple(events))
