"""Raw JSON over HTTP to the API server, bounded in time and size.

Typed models cost 0.7 ms and 61 KB for each pod and drop fields they do not know; raw JSON costs a twentieth.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp

from watcher.adapters.kubernetes.access import Access, load
from watcher.adapters.kubernetes.errors import Busy, NoAnswer, from_answer
from watcher.ports import NotLeading, Rejected, Unavailable

Json = Mapping[str, Any]

TIMEOUT_SECONDS = 10.0
CONNECT_SECONDS = 5.0
LIST_SECONDS = 60.0
WAIT_WHEN_BUSY = 3.0  # seconds in all that one call waits because the server asked for it (429)
MAX_BODY = 64 * 2**20
MAX_EVENT = 16 * 2**20
FIELD_MANAGER = "watcher"
FENCED = ("PATCH", "DELETE")  # what changes workloads and pods; Leases are written by PUT and POST, Events by POST
FENCED_MAKING = "/apis/batch/"  # what is made and acts: the Jobs of down migrations
FENCE_MARGIN = 1.0  # seconds between the longest write and the end of the Lease; aiohttp rounds long timeouts up


class Client:
    """Requests to one API server.  Use `await Client.connect(...)`, and `close()` at the end.

    `clock_offset`: seconds by which its clock is ahead of ours, as of its last answer; None: it did not say.
    """

    def __init__(self, access: Access) -> None:
        self._access = access
        self._rest: Any = None
        self._certificates: tuple[tuple[str, float], ...] = ()
        self._left: Callable[[], float] | None = None
        self.clock_offset: float | None = None

    @classmethod
    async def connect(cls, kubeconfig: str = "", context: str = "") -> Client:
        """A client for the API server that `access.load` finds.  Nothing is sent yet.  Raises Rejected."""
        return cls(await load(kubeconfig, context))

    def fence(self, left: Callable[[], float]) -> None:
        """From now on no patch, delete or new Job may outlive the `left()` seconds that this process still leads.

        One that could not be sent and answered within them raises NotLeading, and is not sent.
        """
        self._left = left

    async def close(self) -> None:
        """Close all connections; watches end with Unavailable."""
        if self._rest is not None:
            await self._rest.close()

    async def get(self, path: str, params: Mapping[str, str] | None = None, seconds: float = TIMEOUT_SECONDS) -> Json:
        """Read an object or a list.  Raises Unavailable, Forbidden, NotFound, Gone, Rejected."""
        try:
            return await self._call("GET", path, params or {}, None, "", seconds)
        except NoAnswer as error:
            raise Unavailable(str(error)) from error  # nothing can have come of it

    async def text(self, path: str, params: Mapping[str, str], most: int) -> str:
        """The first `most` bytes of a plain text, such as a pod's log.  Raises as `get`."""
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with self._answer("GET", path, params, None, "", timeout) as response:
                if response.status != 200:
                    raise await _refusal(response, f"GET {path}")
                return (await response.content.read(most)).decode(errors="replace")
        except NoAnswer as error:
            raise Unavailable(str(error)) from error

    async def post(self, path: str, body: Json) -> Json:
        """Create an object.  Raises as `get`, and Conflict when it exists."""
        return await self._call("POST", path, {}, body, "application/json", TIMEOUT_SECONDS)

    async def put(self, path: str, body: Json) -> Json:
        """Replace an object of the version that `body` has.  Raises as `patch`."""
        params = {"fieldManager": FIELD_MANAGER}
        return await self._call("PUT", path, params, body, "application/json", TIMEOUT_SECONDS)

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> Json:
        """Apply a JSON patch; answers the object as it is then.

        Raises TestFailed and Conflict when a precondition fails, NoAnswer when nobody knows whether it was
        applied, and as `get`.
        """
        params = {"fieldManager": FIELD_MANAGER}
        return await self._call("PATCH", path, params, operations, "application/json-patch+json", TIMEOUT_SECONDS)

    async def delete(self, path: str, uid: str) -> Json:
        """Delete an object if it still has this uid.  Raises as `patch`."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        return await self._call("DELETE", path, {}, body, "application/json", TIMEOUT_SECONDS)

    async def watch(self, path: str, params: Mapping[str, str], quiet: float) -> AsyncGenerator[Json, None]:
        """Events of a watch until the server ends it.

        `quiet`: seconds without a byte after which the connection counts as dead.  The first item is an empty
        mapping: the server took the watch.  Raises as `get`; errors inside the stream are events of type ERROR.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS, sock_read=quiet)
        request = f"watch {path}"
        async with self._answer("GET", path, {**params, "watch": "1"}, None, "", timeout) as response:
            if response.status != 200:
                raise await _refusal(response, request)
            yield {}
            async for line in _lines(response.content, request):
                yield _parse(line, request)

    async def _call(
        self, method: str, path: str, params: Mapping[str, str], body: Any, content_type: str, seconds: float
    ) -> Json:
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        waited, renewed = 0.0, False
        while True:
            async with self._answer(method, path, params, body, content_type, timeout) as response:
                if response.status < 300:
                    return _parse(await _bounded(response), f"{method} {path}")
                error = await _refusal(response, f"{method} {path}")
            if response.status == 401 and not renewed:
                renewed = True
                await self._access.renew()
            elif isinstance(error, Busy) and waited + error.retry_after <= WAIT_WHEN_BUSY:
                waited += max(error.retry_after, 0.1)
                await asyncio.sleep(error.retry_after)
            else:
                raise error

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        body: Any,
        content_type: str,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self._access.host + path + (f"?{urlencode(params)}" if params else "")
        headers = {"Accept": "application/json, */*", **await self._access.authorization()}
        if content_type:
            headers["Content-Type"] = content_type
        rest = await self._connections()
        allowed = self._allowed(method, path, timeout)
        try:
            sent = time.time()
            answer = await rest.request(method, url, headers=headers, body=body, _request_timeout=allowed)
            async with answer.response as response:
                self._compare_clocks(response.headers.get("Date", ""), sent)
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Unavailable(f"cannot reach the API server at {self._access.host}: {error}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoAnswer(f"{method} {path}: no answer: {type(error).__name__} {error}".rstrip()) from error

    def _compare_clocks(self, stated: str, sent: float) -> None:
        """Hold the server's clock, which tells whole seconds, against ours."""
        try:
            said = parsedate_to_datetime(stated).timestamp()
        except (TypeError, ValueError):
            return
        self.clock_offset = said - min(max(said, sent - 1.0), time.time())

    def _allowed(self, method: str, path: str, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientTimeout:
        """How long this request may take; asked right before it is sent.  Raises NotLeading."""
        fenced = method in FENCED or (method == "POST" and path.startswith(FENCED_MAKING))
        if self._left is None or not fenced:
            return timeout
        left = self._left() - FENCE_MARGIN
        if left <= 0.0:
            raise NotLeading(f"{method} {path}")
        return aiohttp.ClientTimeout(total=min(timeout.total or left, left), sock_connect=timeout.sock_connect)

    async def _connections(self) -> Any:
        """The package's connections, made anew when a certificate changed on disk."""
        from kubernetes.aio.client.rest import RESTClientObject  # noqa: PLC0415 - see access

        certificates = self._access.certificates()
        if self._rest is None or certificates != self._certificates:
            before = self._rest
            try:
                self._rest = RESTClientObject(self._access.configuration)
            except OSError as error:
                raise Unavailable(f"cannot use the certificates for {self._access.host}: {error}") from error
            self._certificates = certificates
            if before is not None:
                await before.close()
        return self._rest


async def _refusal(response: aiohttp.ClientResponse, request: str) -> Exception:
    body = await _bounded(response)
    return from_answer(response.status, body, request, response.headers.get("Retry-After"))


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    """The whole body.  Raises Rejected when it is beyond all measure."""
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > MAX_BODY:
            raise Rejected(f"{response.url.path}: the answer is larger than {MAX_BODY} bytes")
        parts.append(part)
    return b"".join(parts)


async def _lines(stream: aiohttp.StreamReader, request: str) -> AsyncIterator[bytes]:
    """Split a stream into lines, without aiohttp's limit on their length but with one."""
    rest = bytearray()
    async for part in stream.iter_any():
        rest += part
        if b"\n" not in part:
            if len(rest) > MAX_EVENT:
                raise Rejected(f"{request}: an event is larger than {MAX_EVENT} bytes")
            continue
        *lines, last = rest.split(b"\n")
        rest = bytearray(last)
        for line in lines:
            if line.strip():
                yield bytes(line)


def _parse(body: bytes, request: str) -> Json:
    try:
        answer = json.loads(body)
    except ValueError as error:
        raise NoAnswer(f"{request}: the answer is no JSON: {body[:100]!r}") from error
    if not isinstance(answer, dict):
        raise NoAnswer(f"{request}: the answer is no JSON object: {body[:100]!r}")
    return answer
