"""An event loop whose time passes as fast as it is computed.

It leaps to the next timer when nothing is left to do, and runs what would go to a thread in its own, so that the same
seed gives the same history.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

T = TypeVar("T")

SPEECHLESS = 100_000
"""Turns of the loop in which no time passes, after which it counts as hanging."""


LEAST = 1e-6
"""Seconds by which time moves on: less than that would be lost in a float."""


class Hangs(Exception):
    """Nothing can happen any more, or time stands still."""


class _Leap(selectors.BaseSelector):
    """Waits for no file: where the loop would wait, its time moves on."""

    def __init__(self, advance: Callable[[float], None]) -> None:
        self._files = selectors.DefaultSelector()
        self._advance, self._idle = advance, 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise Hangs("no timer is set and nothing is left to do")
        self._idle = self._idle + 1 if timeout <= 0 else 0
        if self._idle > SPEECHLESS:
            raise Hangs(f"{SPEECHLESS} turns of the loop and no time has passed")
        if timeout > 0:
            self._advance(timeout)
        return []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._files.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.unregister(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._files.get_map()

    def close(self) -> None:
        self._files.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Begins at zero seconds."""

    def __init__(self) -> None:
        self._passed = 0.0
        super().__init__(_Leap(self._advance))

    def time(self) -> float:
        return self._passed

    def _advance(self, seconds: float) -> None:
        self._passed += max(seconds, LEAST)

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> asyncio.Future[T]:  # type: ignore[override]
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it, as of a thread
            done.set_exception(error)
        return done


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run this to its end; tasks that it leaves behind are cancelled."""
    loop = VirtualLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(work)
    finally:
        left = asyncio.all_tasks(loop)
        for task in left:
            task.cancel()
        if left:
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        asyncio.set_event_loop(None)
        loop.close()
