"""A reader that plays what an API server would answer, and time that does not pass by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from watcher.adapters.kubernetes.fields import Json

Answer = TypeVar("Answer")


class LoopClock:
    """The event loop's time: virtual under looptime."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(frozen=True)
class Stream:
    """One watch: the events it sends, and after how many seconds it ends (None: never) and how."""

    events: Sequence[Json] = ()
    seconds: float | None = None
    ends_with: Exception | None = None


@dataclass
class Script:
    """Answers lists and watches in the given order; after the last one every request waits for ever."""

    lists: Sequence[Json | Exception]
    watches: Sequence[Stream | Exception] = ()
    asked: list[tuple[float, str, dict[str, str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lists, self._watches = iter(self.lists), iter(self.watches)

    async def get(self, path: str, params: Mapping[str, str] | None = None, seconds: float = 1.0) -> Json:
        self._note("list", params or {})
        return await _turn(self._lists)

    async def watch(self, path: str, params: Mapping[str, str], quiet: float) -> AsyncGenerator[Json, None]:
        self._note("watch", params)
        stream = await _turn(self._watches)
        yield {}
        for event in stream.events:
            yield event
        await (asyncio.Event().wait() if stream.seconds is None else asyncio.sleep(stream.seconds))
        if stream.ends_with is not None:
            raise stream.ends_with

    def requests(self, verb: str) -> list[dict[str, str]]:
        return [params for _, asked, params in self.asked if asked == verb]

    def times(self, verb: str) -> list[float]:
        return [at for at, asked, _ in self.asked if asked == verb]

    def _note(self, verb: str, params: Mapping[str, str]) -> None:
        self.asked.append((asyncio.get_running_loop().time(), verb, dict(params)))


async def _turn(answers: Iterator[Answer | Exception]) -> Answer:
    """The next answer; the one after the last never comes."""
    answer = next(answers, None)
    if answer is None:
        return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
    if isinstance(answer, Exception):
        raise answer
    return answer


def thing(name: str, value: int = 0, version: str = "1") -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": version}, "value": value}


def page(*things: Json, version: str = "10", following: str = "") -> Json:
    return {"metadata": {"resourceVersion": version, "continue": following}, "items": list(things)}


def event(kind: str, of: Json) -> Json:
    return {"type": kind, "object": of}


def bookmark(version: str) -> Json:
    return event("BOOKMARK", {"metadata": {"resourceVersion": version}})


def gone() -> Json:
    return event("ERROR", {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"})
