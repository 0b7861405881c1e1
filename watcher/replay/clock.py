"""Virtual time: it stands still while something is done, and is set from one event to the next."""

from __future__ import annotations

import asyncio


class VirtualClock:
    """The port `Clock`."""

    def __init__(self, now: float) -> None:
        self._now = now

    def now(self) -> float:
        """Virtual Unix seconds."""
        return self._now

    def set(self, now: float) -> None:
        """Go to a later time."""
        self._now = now

    async def sleep(self, seconds: float) -> None:
        """Nothing in a replay waits for itself: time goes on between events only."""
        raise RuntimeError(f"a replay does not wait, and this would for {seconds:g} s")


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the clock's, so that no timeout depends on how busy the machine is."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._virtual = clock

    def time(self) -> float:
        """Virtual seconds."""
        return self._virtual.now()
