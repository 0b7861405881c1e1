"""Follows one resource: list in chunks, then watch, and again whenever the server loses the thread.

Objects are projected when they arrive, and only the projections are kept.  A watch ends after about half a minute,
so that a silent but healthy server confirms the cache twice a minute and a dead one is noticed by its absence.
"""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Generic, Protocol, TypeVar

import structlog

from watcher.adapters.kubernetes.client import LIST_SECONDS, Json
from watcher.adapters.kubernetes.errors import Busy, Gone, NoAnswer, NotFound
from watcher.adapters.kubernetes.fields import at
from watcher.adapters.kubernetes.resources import Resource
from watcher.ports import Clock, Forbidden, Rejected, Unavailable

PAGE = 500
WATCH_SECONDS = (25, 35)
GRACE_SECONDS = 5.0  # beyond the watch's own end, before its silence counts as a dead connection
BACKOFF_SECONDS = (1.0, 10.0)  # an API server that is back must not wait for long to be seen
ABSENT_SECONDS = (150.0, 300.0)  # until a resource that is not installed is asked for again
DOUBTS = 4  # answers 404 before a resource that was there counts as removed
UNREADABLE_SECONDS = 30.0  # of failed first lists before others go on without it
STEADY_SECONDS = 5.0  # a watch that lived that long was no failure
PROVING_SECONDS = 6  # how long the first watch after a failure lasts: a silent one proves itself by its end

Item = TypeVar("Item")
Seen_contra = TypeVar("Seen_contra", contravariant=True)
log = structlog.get_logger(__name__)


class Reader(Protocol):
    """What a reflector needs of `Client`."""

    async def get(self, path: str, params: Mapping[str, str] | None = None, seconds: float = ...) -> Json:
        """Read a list."""

    def watch(self, path: str, params: Mapping[str, str], quiet: float) -> AsyncGenerator[Json, None]:
        """Events of a watch."""


class Sink(Protocol[Seen_contra]):
    """Takes what a reflector sees."""

    def put(self, item: Seen_contra) -> None:
        """The item is new or changed."""

    def drop(self, item: Seen_contra) -> None:
        """The item is gone."""


class Reflector(Generic[Item]):
    """Keeps `sink` as the API server has it.  `project` returns None for objects of no interest."""

    def __init__(
        self, reader: Reader, resource: Resource, project: Callable[[Json], Item | None], sink: Sink[Item], clock: Clock
    ) -> None:
        self._reader = reader
        self._resource = resource
        self._project = project
        self._sink = sink
        self._clock = clock
        self._path = resource.path()
        self._selector: dict[str, str] = {}
        self._items: dict[str, Item] = {}
        self._version = ""
        self._failures = 0
        self._list_failed = False
        self._since = clock.now()
        self._confirmed: float | None = None
        self._refused = False
        self.absent = False  # the resource is not installed, which is no problem
        self.problem = ""

    def within(self, namespace: str = "", field_selector: str = "") -> Reflector[Item]:
        """Narrow it to a namespace, to objects a field selector names; before `run`."""
        self._path = self._resource.path(namespace)
        self._selector = {"fieldSelector": field_selector} if field_selector else {}
        return self

    @property
    def listed(self) -> bool:
        """Whether there was a complete list."""
        return self._confirmed is not None

    @property
    def settled(self) -> bool:
        """Whether it is known what there is: listed, or not there (404), or not for us to see (403)."""
        return self.listed or self._refused

    @property
    def unreadable(self) -> bool:
        """Whether it never could be listed for so long that others should not wait for it any more."""
        return not self.settled and bool(self.problem) and self._clock.now() - self._since >= UNREADABLE_SECONDS

    def age(self) -> float:
        """Seconds since this was last known to be true; zero for a resource that never could be read."""
        if self._refused and not self.listed:
            return 0.0
        return max(0.0, self._clock.now() - (self._since if self._confirmed is None else self._confirmed))

    async def run(self) -> None:
        """Follow the resource until cancelled."""
        while True:
            try:
                if not self._version:
                    await self._list()
                await self._watch()
            except Gone:
                self._version = ""
                await self._pause()
            except NotFound as error:
                await self._not_there(error)
            except (Unavailable, Rejected) as error:
                self._refused = isinstance(error, Forbidden)
                self._complain(str(error))
                await self._pause(error.retry_after if isinstance(error, Busy) else 0.0)

    async def _list(self) -> None:
        found: dict[str, Item] = {}
        page: dict[str, str] = {"limit": str(PAGE), **self._selector}
        while True:
            try:
                answer = await self._reader.get(self._path, page, LIST_SECONDS)
            except Gone:
                if "continue" not in page:
                    raise
                found, page = {}, dict(self._selector)  # it took longer than the server remembers: all at once
                continue
            self._project_all(answer.get("items") or [], found)
            metadata = answer.get("metadata") or {}
            if not metadata.get("continue"):
                break
            page = {"limit": str(PAGE), **self._selector, "continue": metadata["continue"]}
        self._replace(found)
        self._version = str(metadata.get("resourceVersion") or "0")
        if self._refused or self._list_failed or not self._failures:
            self._recovered()
        self._confirm()

    def _project_all(self, raws: list[Any], found: dict[str, Item]) -> None:
        for raw in raws:
            item = self._understood(raw)
            if item is not None:
                found[_key(raw)] = item

    def _understood(self, raw: Json) -> Item | None:
        """The projection; an object that is not as its kind should be (custom resources may be) must not stop all."""
        try:
            return self._project(raw)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            name = f"{at(raw, 'metadata', 'namespace')}/{at(raw, 'metadata', 'name')}"
            log.warning("object_not_understood", path=self._path, object=name, problem=repr(error))
            return None

    def _replace(self, found: dict[str, Item]) -> None:
        for key in self._items.keys() - found.keys():
            self._sink.drop(self._items.pop(key))
        for key, item in found.items():
            self._keep(key, item)

    def _keep(self, key: str, item: Item) -> None:
        if self._items.get(key) != item:
            self._items[key] = item
            self._sink.put(item)

    async def _watch(self) -> None:
        started = self._clock.now()
        seconds = PROVING_SECONDS if self._failures else random.randint(*WATCH_SECONDS)  # noqa: S311 - spreads the load
        wanted = {
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(seconds),
            **self._selector,
        }
        seen = 0
        async with aclosing(self._reader.watch(self._path, wanted, seconds + GRACE_SECONDS)) as stream:
            async for event in stream:
                self._take(event)
                self._confirm()
                seen += bool(event)
                if seen == 1:
                    self._recovered()
        if not seen and self._clock.now() - started < STEADY_SECONDS:
            raise NoAnswer(f"watch {self._path}: the server ended it at once")
        self._confirm()
        self._recovered()

    def _take(self, event: Json) -> None:
        kind, raw = event.get("type"), event.get("object") or {}
        if kind == "ERROR":
            _raise_from(raw, self._path)
        if kind is None:
            return
        self._version = raw["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            return
        key, item = _key(raw), self._understood(raw)
        if kind == "DELETED" or item is None:
            if key in self._items:
                self._sink.drop(self._items.pop(key))
        else:
            self._keep(key, item)

    def _confirm(self) -> None:
        self._confirmed = self._clock.now()
        self._refused = False

    def _recovered(self) -> None:
        self._failures, self._list_failed = 0, False
        self.absent = False
        if self.problem:
            self.problem = ""
            log.info("watch_restored", path=self._path)

    def _complain(self, problem: str) -> None:
        if not self.problem:
            log.warning("watch_failed", path=self._path, problem=problem)
        self.problem, self.absent, self._list_failed = problem, False, not self._version

    async def _not_there(self, error: NotFound) -> None:
        """404: the resource is not installed.  One that was there gets the benefit of the doubt for a while."""
        self._version = ""
        if self.listed and self._failures < DOUBTS:
            self._complain(str(error))
            return await self._pause()
        self._replace({})
        self._confirmed, self._refused, self._failures, self.absent = None, True, 0, True
        if not self.problem:
            log.info("resource_absent", path=self._path)
        self.problem = str(error)
        return await self._clock.sleep(random.uniform(*ABSENT_SECONDS))  # noqa: S311 - as above

    async def _pause(self, least: float = 0.0) -> None:
        self._failures += 1
        first, most = BACKOFF_SECONDS
        delay = min(most, first * 2.0 ** min(self._failures - 1, 10))
        await self._clock.sleep(max(least, delay * random.uniform(0.5, 1.0)))  # noqa: S311 - as above


def _key(raw: Json) -> str:
    return str(raw["metadata"]["uid"])


def _raise_from(status: Json, path: str) -> None:
    message = f"watch {path}: {status.get('reason', '')} {status.get('message', '')}"
    if status.get("code") == 410:
        raise Gone(message)
    raise NoAnswer(message)
