"""The way from a process to the API server, without sockets: everything of the client above the connection is real.

What is sent meets the sandbox's own server, or a fault: a refusal, an answer that comes too late or never, a write
that is carried out and not answered, one that is answered and not carried out, one that lands long after it was given
up, a watch that ends, gets 410 or falls silent.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp
from aiohttp import web

from watcher.adapters.kubernetes.client import Client
from watcher.sandbox.kubernetes import errors, paths
from watcher.sandbox.kubernetes.objects import Json, duplicate
from watcher.sandbox.kubernetes.watching import WatchRequest, WatchStream
from watcher.sandbox.kubernetes.writing import patch_change

if TYPE_CHECKING:
    from watcher.sandbox.kubernetes.server import ApiServer
    from watcher.sandbox.kubernetes.store import Change

LATENCY = 0.02
"""Seconds from a request to the moment at which the server takes it, and again until its answer is there."""

REFUSALS = {"403": 403, "409": 409, "422": 422, "429": 429, "500": 500, "503": 503}
FAULTS = (*REFUSALS, "admission", "timeout", "reset", "late", "lost", "500_applied", "lie")
"""What may come of a write instead of its answer."""

WELL = "well"
"""In a list of faults: this write meets none."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A write as it left a process, and as the server took it; `applied` None: it never came there."""

    by: str
    at: float
    method: str
    path: str
    body: Any
    fault: str
    before: Json | None = None
    after: Json | None = None
    landed: float | None = None
    refused: int = 0


@dataclass
class Network:
    """What happens to requests; `faults` are taken by the next writes of workloads, one each."""

    api: ApiServer
    now: Callable[[], float]
    landed: Callable[[Sent], None]
    faults: list[str] = field(default_factory=list)
    down: bool = False  # no connection
    silent: bool = False  # watches bring nothing, though they stand
    gone: int = 0  # watches that get 410 as soon as they begin
    slow: float = 0.0
    lag: float = 0.0  # seconds until the server takes a request that reads
    later: float = 3.0  # seconds after it was given up at which a write lands all the same
    sent: int = 0  # writes that have left a process
    met: list[str] = field(default_factory=list)
    streams: set[Stream] = field(default_factory=set)

    def cut(self) -> None:
        """All watches end at once."""
        for stream in list(self.streams):
            stream.end()

    def fault(self, method: str, path: str) -> str:
        """What comes of this request."""
        if method not in ("PATCH", "DELETE") or not self.faults:
            return ""
        fault = self.faults.pop(0)
        if fault == WELL:
            return ""
        self.met.append(fault)
        return fault


@dataclass
class Request:
    """As much of a request as the server looks at."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("Content-Type", "application/octet-stream")

    @property
    def can_read_body(self) -> bool:
        return bool(self.body)

    async def read(self) -> bytes:
        return self.body


class Body:
    """A body that is there as a whole."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def iter_any(self) -> AsyncIterator[bytes]:
        yield self._content


class Stream:
    """A watch, as bytes that come now and then.  Silence for longer than `quiet` seconds ends it with an error."""

    def __init__(self, network: Network, asked: WatchRequest, quiet: float) -> None:
        self._network, self._quiet = network, quiet
        self._store = network.api.registry.store
        self._lines: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._watch = WatchStream(self._store, asked, network.api.closing)
        self._until = asyncio.get_running_loop().time() + asked.timeout

    async def iter_any(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        self._network.streams.add(self)
        self._store.listen(self._changed)
        try:
            self._begin()
            heard = loop.time()
            while (left := self._until - loop.time()) > 0 or self._network.silent:
                dead = heard + self._quiet - loop.time()
                if dead <= 0:
                    raise aiohttp.SocketTimeoutError("Timeout on reading data from socket")
                try:
                    async with asyncio.timeout(min(dead, left) if left > 0 else dead):
                        line = await self._lines.get()
                except TimeoutError:
                    continue
                if line is None:
                    return
                if self._network.silent:
                    continue
                heard = loop.time()
                yield line
        finally:
            self._store.forget(self._changed)
            self._network.streams.discard(self)

    def end(self) -> None:
        self._lines.put_nowait(None)

    def _begin(self) -> None:
        watch = self._watch
        if self._network.gone:
            self._network.gone -= 1
            self._put("ERROR", errors.watch_expired(0, 1).status())
            self.end()
            return
        try:
            for change in self._store.since(watch._revision):
                self._changed(change)
        except errors.ApiError as error:
            self._put("ERROR", error.status())
            self.end()

    def _changed(self, change: Change) -> None:
        event = self._watch._event(change)
        if event is not None:
            self._put(*event)

    def _put(self, kind: str, obj: Json) -> None:
        self._lines.put_nowait(json.dumps({"type": kind, "object": obj}).encode() + b"\n")


@dataclass
class Response:
    """As much of a response as the client looks at."""

    status: int
    content: Body | Stream
    url: Any
    headers: dict[str, str] = field(default_factory=dict)

    async def __aenter__(self) -> Response:
        return self

    async def __aexit__(self, *error: object) -> None:
        return None


@dataclass(frozen=True)
class Answer:
    """As the package wraps a response."""

    response: Response


class Connections:
    """In place of the package's connections; `here` is passed at every moment at which the process may die."""

    def __init__(self, network: Network, name: str, here: Callable[[str], Awaitable[None]]) -> None:
        self._network, self._name, self._here = network, name, here
        self.cut_off = False

    async def close(self) -> None:
        return None

    async def request(
        self, method: str, url: str, headers: dict[str, str], body: Any, _request_timeout: aiohttp.ClientTimeout
    ) -> Answer:
        parts = urlsplit(url)
        path, query = unquote(parts.path), dict(parse_qsl(parts.query))
        writes = method in ("PATCH", "DELETE")
        if writes:
            await self._here(f"before {method} {path}")
        self._network.sent += writes
        await asyncio.sleep(LATENCY + (0.0 if writes or query.get("watch") or "leases" in path else self._network.lag))
        stalled = self._network.silent and bool(query.get("watch"))
        if self._network.down or self.cut_off or stalled:
            raise aiohttp.ConnectionTimeoutError("Connection timeout to host")
        if query.get("watch"):
            return self._watch(path, query, headers, _request_timeout, url)
        content = b"" if body is None else json.dumps(body).encode()
        request = Request(method, path, query, headers, content)
        answer = await self._answered(request, body, _request_timeout.total or 10.0)
        if writes:
            await self._here(f"after {method} {path}")
        return Answer(Response(answer.status, Body(_bytes(answer)), parts, dict(answer.headers)))

    def _watch(
        self, path: str, query: dict[str, str], headers: dict[str, str], timeout: aiohttp.ClientTimeout, url: str
    ) -> Answer:
        named = paths.parse(path)
        if named is None:
            refusal = errors.no_such_resource()
            return Answer(Response(refusal.code, Body(json.dumps(refusal.status()).encode()), urlsplit(url)))
        asked = WatchRequest(named, query, lambda obj: obj, 60.0)
        return Answer(Response(200, Stream(self._network, asked, timeout.sock_read or 60.0), urlsplit(url)))

    async def _answered(self, request: Request, body: Any, total: float) -> web.Response:
        network = self._network
        fault = network.fault(request.method, request.path)
        seconds = LATENCY + network.slow
        if fault in REFUSALS or fault == "admission":
            return _refusal(fault)
        if fault == "timeout" or (seconds >= total and not fault):
            await asyncio.sleep(total)
            raise aiohttp.ServerTimeoutError("total timeout")
        if fault == "reset":
            raise aiohttp.ServerDisconnectedError
        if fault == "late":
            task = asyncio.get_running_loop().create_task(self._much_later(request, body, total + network.later))
            _LATE.add(task)
            task.add_done_callback(_LATE.discard)
            await asyncio.sleep(total)
            raise aiohttp.ServerTimeoutError("total timeout")
        if fault == "lie":
            return _pretended(network, request, body)
        answer = await self._taken(request, body, fault)
        await asyncio.sleep(seconds)
        if fault == "lost":
            await asyncio.sleep(max(0.0, total - seconds))
            raise aiohttp.ServerTimeoutError("total timeout")
        return _refusal("500") if fault == "500_applied" else answer

    async def _much_later(self, request: Request, body: Any, seconds: float) -> None:
        sent_at = self._network.now()
        await asyncio.sleep(seconds)
        await self._taken(request, body, "late", sent_at)

    async def _taken(self, request: Request, body: Any, fault: str, sent_at: float | None = None) -> web.Response:
        """The server takes the request; what it does with a write is told."""
        network = self._network
        if request.method == "GET":
            return await _served(network.api, request)
        store, named = network.api.registry.store, paths.parse(request.path)
        before = store.get(named.kind, named.namespace, named.name) if named is not None and named.name else None
        revision = store.revision
        answer = await _served(network.api, request)
        after = store.get(named.kind, named.namespace, named.name) if named is not None and named.name else None
        changed = store.revision != revision and answer.status < 300
        now = network.now()
        at = now - LATENCY if sent_at is None else sent_at
        refused = 0 if answer.status < 300 else answer.status
        network.landed(
            Sent(
                self._name,
                at,
                request.method,
                request.path,
                body,
                fault,
                before,
                after if changed else before,
                now,
                refused,
            )
        )
        return answer


_LATE: set[asyncio.Task[None]] = set()


async def _served(api: ApiServer, request: Request) -> web.Response:
    try:
        answer = await api._serve(request)  # type: ignore[arg-type]
    except errors.ApiError as error:
        return web.json_response(error.status(), status=error.code)
    assert isinstance(answer, web.Response)
    return answer


def _bytes(answer: web.Response) -> bytes:
    body = answer.body
    return body if isinstance(body, bytes) else (answer.text or "").encode()


def _refusal(fault: str) -> web.Response:
    code = REFUSALS.get(fault, 403)
    message = 'is forbidden: User "watcher" cannot patch resource "deployments" in API group "apps"'
    if fault == "admission":
        message = "admission webhook denied the request: not on a Friday"
    reason = {403: "Forbidden", 409: "Conflict", 422: "Invalid", 429: "TooManyRequests"}.get(code, "InternalError")
    body: Json = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason}
    headers = {"Retry-After": "1"} if code in (429, 503) else {}
    return web.json_response({**body, "code": code}, status=code, headers=headers)


def _pretended(network: Network, request: Request, body: Any) -> web.Response:
    """The answer to a write that is not carried out."""
    named = paths.parse(request.path)
    assert named is not None
    try:
        live = network.api.registry.get(named.kind, named.namespace, named.name)
        if request.method != "PATCH":
            return web.json_response(live)
        return web.json_response(patch_change(named.kind, request.content_type, body)(duplicate(live)))
    except errors.ApiError as error:
        return web.json_response(error.status(), status=error.code)


class _Nowhere:
    """Credentials for a server that asks for none."""

    host = "http://sandbox"

    async def authorization(self) -> dict[str, str]:
        return {}

    async def renew(self) -> None:
        return None

    def certificates(self) -> tuple[tuple[str, float], ...]:
        return ()


class WiredClient(Client):
    """The real client over these connections."""

    def __init__(self, connections: Connections) -> None:
        super().__init__(_Nowhere())  # type: ignore[arg-type]
        self._rest = connections
