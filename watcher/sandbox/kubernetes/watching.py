"""Watches: a stream of changes after a resource version, with bookmarks, and 410 when history is gone."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.listing import revision_of, selection
from watcher.sandbox.kubernetes.objects import Json

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.paths import ResourcePath
    from watcher.sandbox.kubernetes.store import Change, Store

_DEFAULT_TIMEOUT_SECONDS = 1800.0
_BOOKMARK_BEFORE_END_SECONDS = 2.0
_SHORTEST_WAIT = 0.001  # what rounding leaves of a second would make it turn without waiting


@dataclass(frozen=True)
class WatchRequest:
    """What is watched and how. `render` turns an object into what the client accepts (JSON or a Table)."""

    path: ResourcePath
    query: Mapping[str, str]
    render: Callable[[Json], Json]
    bookmark_seconds: float

    @property
    def timeout(self) -> float:
        """Seconds after which the server ends the stream. Raises 400."""
        text = self.query.get("timeoutSeconds") or "0"
        if not text.isdigit():
            raise errors.bad_request(f'timeoutSeconds: Invalid value: "{text}": must be a whole number')
        return float(text) or _DEFAULT_TIMEOUT_SECONDS

    @property
    def bookmarks(self) -> bool:
        """Whether the client takes BOOKMARK events."""
        return self.query.get("allowWatchBookmarks") in ("true", "1")


class WatchStream:
    """One watch being served. Ends at its timeout, when the client goes, or with `closing`."""

    def __init__(self, store: Store, asked: WatchRequest, closing: asyncio.Event) -> None:
        self._store = store
        self._asked = asked
        self._closing = closing
        self._selected = selection(asked.path.kind, asked.query)
        self._revision = revision_of(asked.query)
        self._deadline = asyncio.get_running_loop().time() + asked.timeout
        self._wake = asyncio.Event()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Writes the stream. A version that is too old is an ERROR event, as on a real server."""
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        self._store.listen(self._woken)
        try:
            await self._follow(response)
        except errors.ApiError as error:
            await _send(response, "ERROR", error.status())
        except ConnectionResetError:
            return response  # the client went away
        finally:
            self._store.forget(self._woken)
        return response

    def _woken(self, _change: Change) -> None:
        self._wake.set()

    async def _follow(self, response: web.StreamResponse) -> None:
        if self._revision == 0:
            await self._send_present_state(response)
        next_bookmark = self._bookmark_due()
        while (now := asyncio.get_running_loop().time()) < self._deadline and not self._closing.is_set():
            self._wake.clear()
            await self._send_changes(response)
            if self._asked.bookmarks and now >= next_bookmark:
                await _send(response, "BOOKMARK", self._bookmark())
                next_bookmark = self._bookmark_due()
            await self._wait(min(self._deadline, next_bookmark))

    async def _send_present_state(self, response: web.StreamResponse) -> None:
        objects = self._store.objects(self._asked.path.kind, self._asked.path.namespace)
        self._revision = self._store.revision
        for obj in objects:
            if self._selected(obj):
                await _send(response, "ADDED", self._asked.render(obj))

    async def _send_changes(self, response: web.StreamResponse) -> None:
        for change in self._store.since(min(self._revision, self._store.revision)):
            event = self._event(change)
            if event is not None:
                await _send(response, event[0], self._asked.render(event[1]))
            self._revision = change.revision

    def _event(self, change: Change) -> tuple[str, Json] | None:
        """The event as this watch sees it: an object that leaves the selection is DELETED for it."""
        path = self._asked.path
        if change.kind is not path.kind:
            return None
        if path.namespace and change.object["metadata"].get("namespace") != path.namespace:
            return None
        before = change.previous is not None and self._selected(change.previous)
        after = change.type != "DELETED" and self._selected(change.object)
        if not before and not after:
            return None
        if before and after:
            return "MODIFIED", change.object
        if after:
            return "ADDED", change.object
        return "DELETED", _left(change)

    def _bookmark(self) -> Json:
        kind = self._asked.path.kind
        metadata = {"resourceVersion": str(self._revision), "creationTimestamp": None}
        return {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": metadata}

    def _bookmark_due(self) -> float:
        """As often as configured, and once shortly before the end (loop time, seconds)."""
        now = asyncio.get_running_loop().time()
        regular, last = now + self._asked.bookmark_seconds, self._deadline - _BOOKMARK_BEFORE_END_SECONDS
        return min(regular, last) if last > now else regular

    async def _wait(self, until: float) -> None:
        waiters = [asyncio.ensure_future(self._wake.wait()), asyncio.ensure_future(self._closing.wait())]
        try:
            timeout = until - asyncio.get_running_loop().time()
            await asyncio.wait(waiters, timeout=max(_SHORTEST_WAIT, timeout), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for waiter in waiters:
                waiter.cancel()


def _left(change: Change) -> Json:
    """The last state that was selected, at the version at which it no longer was."""
    if change.previous is None or change.type == "DELETED":
        return change.object
    metadata = {**change.previous["metadata"], "resourceVersion": str(change.revision)}
    return {**change.previous, "metadata": metadata}


async def _send(response: web.StreamResponse, event_type: str, obj: Json) -> None:
    await response.write(json.dumps({"type": event_type, "object": obj}, separators=(",", ":")).encode() + b"\n")
