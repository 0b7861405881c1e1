"""A history as plain data: it can be made from a seed, printed, taken apart, and played again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

Event = tuple[Any, ...]
"""The name of what happens, and its parameters."""


@dataclass(frozen=True, slots=True)
class History:
    """What happens, one after the other, in one world."""

    world: str  # core, git, or sandbox
    seed: int
    kind: str
    events: tuple[Event, ...]

    def __str__(self) -> str:
        lines = [f"History({self.world!r}, {self.seed}, {self.kind!r}, ("]
        return "\n".join([*lines, *(f"    {event!r}," for event in self.events), "))"])


class Violation(AssertionError):
    """An invariant of `docs/proof.md` did not hold; `invariant` is its number, 0: a fault of ours was caught."""

    def __init__(self, invariant: int, what: str) -> None:
        super().__init__(invariant, what)
        self.invariant, self.what = invariant, what

    def __str__(self) -> str:
        return f"invariant {self.invariant}: {self.what}"


@dataclass
class Told:
    """What happened in histories, counted."""

    counts: Counter[str] = field(default_factory=Counter)

    def note(self, what: str, times: int = 1) -> None:
        if times:
            self.counts[what] += times

    def merge(self, other: Told) -> None:
        self.counts.update(other.counts)


Play = Callable[[History], Told]


def failure(play: Play, history: History) -> Violation | None:
    """What does not hold in this history, or None."""
    try:
        play(history)
    except Violation as violation:
        return violation
    return None


def shrunk(play: Play, history: History, found: Violation, tries: int = 60) -> tuple[History, Violation]:
    """The history without what it does not need to break the same invariant: one event after the other is left out."""
    place = 0
    while place < len(history.events) and tries:
        tries -= 1
        shorter = replace(history, events=history.events[:place] + history.events[place + 1 :])
        still = failure(play, shorter)
        if still is not None and still.invariant == found.invariant:
            history, found = shorter, still
        else:
            place += 1
    return history, found
