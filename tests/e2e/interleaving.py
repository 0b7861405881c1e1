"""Plays that run beside one another in one thread: each is a generator that yields while it waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

from tests.e2e.controlplane import ApiError, PartError

Key = TypeVar("Key")
Play = Iterator[None]
ROUND_SECONDS = 0.1  # at the least, between two looks at the same play


def until(look: Callable[[], object], what: str, within: float = 120.0) -> Play:
    """Wait in a play until ``look`` returns something true; AssertionError of it counts as "not yet".

    Raises AssertionError with ``what`` after ``within`` seconds.
    """
    deadline, seen = time.monotonic() + within, "nothing yet"
    while True:
        try:
            if look():
                return
        except AssertionError as error:
            seen = str(error)
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within:g} s: {what}; last seen: {seen}")
        yield


def interleave(plays: Mapping[Key, Callable[[], Play]], at_once: int) -> dict[Key, Exception]:
    """Run these plays, ``at_once`` at a time; returns what each that failed failed with."""
    pause = threading.Event()  # never set: waiting on it is the pause between two rounds
    waiting = list(plays)
    running: dict[Key, Play] = {}
    failed: dict[Key, Exception] = {}
    while waiting or running:
        while waiting and len(running) < at_once:
            key = waiting.pop(0)
            running[key] = plays[key]()
        for key, play in list(running.items()):
            try:
                next(play)
            except StopIteration:
                del running[key]
            except (AssertionError, ApiError, PartError) as error:
                del running[key]
                failed[key] = error
        pause.wait(ROUND_SECONDS)
    return failed
