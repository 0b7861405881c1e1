"""Many histories in several processes, with progress, and a summary that shows what has happened in them."""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tests.prove import chance, play, simulated_chance, simulated_play
from tests.prove.history import History, Told, Violation, failure, shrunk

SHARE = 16
"""One history in so many is played on the sandbox; the others in the simulated worlds."""

EVERY = 25
"""Histories that one task of a process plays."""


@dataclass
class Outcome:
    """What came of some histories."""

    histories: int = 0
    worlds: dict[str, int] = field(default_factory=dict)
    told: Told = field(default_factory=Told)
    broken: list[tuple[History, Violation]] = field(default_factory=list)
    seconds: float = 0.0  # of CPU time

    def merge(self, other: Outcome) -> None:
        self.histories += other.histories
        for world, count in other.worlds.items():
            self.worlds[world] = self.worlds.get(world, 0) + count
        self.told.merge(other.told)
        self.broken += other.broken
        self.seconds += other.seconds


def drawn(seed: int) -> History:
    """The history of this seed."""
    return chance.draw(seed) if seed % SHARE == 0 else simulated_chance.draw(seed)


def played(history: History) -> Told:
    """Let it happen, in its world.  Raises Violation."""
    return play.play(history) if history.world == "sandbox" else simulated_play.play(history)


def some(seeds: Sequence[int]) -> Outcome:
    """Play the histories of these seeds."""
    began, outcome = time.process_time(), Outcome()
    for seed in seeds:
        history = drawn(seed)
        outcome.histories += 1
        outcome.worlds[history.world] = outcome.worlds.get(history.world, 0) + 1
        try:
            outcome.told.merge(played(history))
        except Violation as violation:
            outcome.broken.append((history, violation))
    outcome.seconds = time.process_time() - began
    return outcome


def run(histories: int, seed: int, jobs: int) -> Outcome:
    """So many histories from this seed on; stops at the first that breaks an invariant."""
    seeds = range(seed, seed + histories)
    tasks = [seeds[place : place + EVERY] for place in range(0, histories, EVERY)]
    total, began = Outcome(), time.monotonic()
    for outcome in _each(tasks, jobs):
        total.merge(outcome)
        _progress(total, histories, time.monotonic() - began)
        if total.broken:
            break
    sys.stderr.write("\n")
    return total


def _each(tasks: list[range], jobs: int) -> Iterator[Outcome]:
    if jobs == 1:
        yield from map(some, tasks)
        return
    with multiprocessing.get_context("fork").Pool(jobs) as pool:
        yield from pool.imap_unordered(some, tasks)


def _progress(total: Outcome, histories: int, seconds: float) -> None:
    """One line that changes on a terminal; elsewhere a line after every tenth."""
    left = seconds / max(1, total.histories) * (histories - total.histories)
    line = f"{total.histories:,} of {histories:,} histories, {seconds:.0f} s, about {left:.0f} s left"
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}  ")
    elif total.histories % max(EVERY, histories // 10) < EVERY:
        sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def minimal(history: History, violation: Violation) -> tuple[History, Violation]:
    """The same violation by a shorter history."""
    return shrunk(played, history, violation)


def broken(history: History) -> Violation | None:
    """What does not hold in this history, or None."""
    return failure(played, history)
