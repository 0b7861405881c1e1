"""Waiting for a condition, with a deadline and a message that says what was last seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def eventually(look: Callable[[], T | None], within: float, what: str, *, every: float = 0.05) -> T:
    """Call ``look`` until it returns something true, and return that.

    ``within`` and ``every`` are seconds. AssertionError of ``look`` counts as "not yet", so a failed wait can say
    what was seen last. Raises AssertionError with ``what`` after the deadline.
    """
    pause = threading.Event()  # never set: waiting on it is the pause between two looks
    deadline = time.monotonic() + within
    seen: object = None
    while True:
        try:
            result = look()
        except AssertionError as error:
            seen = error
        else:
            if result:
                return result
            seen = result
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within:g} s: {what}; last seen: {seen!s}")
        pause.wait(every)
