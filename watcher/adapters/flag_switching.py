"""Switching a flag once, and only as it was seen: the same for every provider."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from watcher.core.flags import Flag, FlagSight
from watcher.ports import Changed, Forbidden, Rejected, Unanswered, Unavailable


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a flag is to stand: on or off, if it still has the version `expected`.  `state` is the provider's own word
    for it, empty where any will do; `reason` goes into the provider's log."""

    on: bool
    expected: str
    state: str = ""
    reason: str = ""

    def fits(self, sight: FlagSight) -> bool:
        """Whether it stands so."""
        return sight.on is self.on and self.state in ("", sight.state)


async def switched(
    flag: Flag,
    look: Callable[[], Awaitable[FlagSight]],
    write: Callable[[FlagSight], Awaitable[object]],
    wanted: Wanted,
) -> FlagSight:
    """Read it, write it unless it stands so already, read it again.

    Raises Changed where it has another version, Unanswered where nobody knows what came of it, and as the two do.
    """
    before = await look()
    if wanted.fits(before):
        return before
    if wanted.expected and before.version != wanted.expected:
        raise Changed(_changed(flag, before))
    try:
        await write(before)
    except Forbidden:
        raise
    except Rejected as error:  # providers refuse a failed precondition in ways of their own
        now = await look()
        if now.version != before.version:
            raise Changed(_changed(flag, now)) from error
        raise
    return await _verified(flag, look, wanted)


async def _verified(flag: Flag, look: Callable[[], Awaitable[FlagSight]], wanted: Wanted) -> FlagSight:
    try:
        after = await look()
    except Unavailable as error:
        raise Unanswered(f"{flag}: switched, and it could not be seen that it is: {error}") from None
    if after.on is not wanted.on:
        raise Unanswered(f"{flag}: switched, and it still stands at {after.state}: did something put it back?")
    return after


def _changed(flag: Flag, sight: FlagSight) -> str:
    return f"{flag}: somebody has changed it since it was looked at; it stands at {sight.state} now"
