"""Runs a controller: a queue of objects to look at, filled by changes and by timers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import structlog

from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.store import Change

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.store import Store

Key = tuple[str, str]
"""Namespace and name."""

_RETRY_SECONDS = 1.0
_log = structlog.get_logger(__name__)


class Controller(Protocol):
    """Looks at one object at a time."""

    name: str

    def concerns(self, change: Change) -> Iterable[Key]:
        """The objects to look at again after this change."""

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Takes the next step for the object; seconds until it wants to look again without a change."""


class ControllerLoop:
    """Calls `reconcile` for every object that a change or a timer names, one at a time."""

    def __init__(self, controller: Controller, store: Store) -> None:
        self._controller = controller
        self._store = store
        self._dirty: dict[Key, None] = {}
        self._wake = asyncio.Event()
        self._timers: dict[Key, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Until cancelled. What is in the store at the start is looked at first."""
        self._store.listen(self._on_change)
        for kind, obj in self._store.everything(""):
            self._on_change(Change(self._store.revision, "ADDED", kind, obj, None))
        try:
            while True:
                await self._wake.wait()
                self._step()
                await asyncio.sleep(0)  # lets the other controllers and the server have their turn
        finally:
            self._store.forget(self._on_change)
            for timer in self._timers.values():
                timer.cancel()

    def _on_change(self, change: Change) -> None:
        for key in self._controller.concerns(change):
            self._enqueue(key)

    def _enqueue(self, key: Key) -> None:
        self._dirty[key] = None
        self._wake.set()

    def _step(self) -> None:
        key = next(iter(self._dirty))
        del self._dirty[key]
        if not self._dirty:
            self._wake.clear()
        try:
            delay = self._controller.reconcile(*key)
        except ApiError as error:  # e.g. the namespace is being deleted
            _log.debug("sandbox.reconcile_refused", controller=self._controller.name, key=key, error=str(error))
            delay = _RETRY_SECONDS
        self._look_again(key, delay)

    def _look_again(self, key: Key, delay: float | None) -> None:
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.cancel()
        if delay is not None:
            self._timers[key] = asyncio.get_running_loop().call_later(delay, self._on_timer, key)

    def _on_timer(self, key: Key) -> None:
        self._timers.pop(key, None)
        self._enqueue(key)
