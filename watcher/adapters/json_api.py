"""HTTP to an API that speaks JSON, bounded in time and size: of forges, and of providers of feature flags."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx

from watcher.adapters.secret_files import Stamp, stamp_of
from watcher.ports import Forbidden, NotLeading, Rejected, Unanswered, Unavailable

Json = Any
Token = Callable[[], Awaitable[str]]

TOTAL_SECONDS = 20.0
LARGEST_ANSWER = 4 * 1024 * 1024
"""Bytes of an answer, at the most."""

LONGEST_QUOTE = 300
"""Characters of what the other side says, in an error."""

_WORD = re.compile(r"[!-~]+")


class NotThere(Rejected):
    """404: there is no such thing, or the token may not see it."""


class Conflicting(Rejected):
    """405, 406, 409, 412, 422: it cannot be done as things stand, be it because it was done before."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request.  `scope` says in an error what is missing where it is refused; `seconds` is what it may take."""

    method: str
    url: str
    headers: Mapping[str, str]
    scope: str
    content: bytes | None = None
    query: Mapping[str, str] | None = None
    ca_file: str = ""
    seconds: float = TOTAL_SECONDS
    reads: bool = False

    @property
    def where(self) -> str:
        """What an error calls it."""
        return f"{self.method} {self.url}"


@dataclass(frozen=True, slots=True)
class Api:
    """One API.  `scheme` stands before the token, which is asked for at each use; `scope` says in an error what the
    token must be allowed to do.  `left` are the seconds that what is changed may take at the most.  No error names a
    secret.
    """

    address: str
    token: Token
    scope: str
    scheme: str = "Bearer"
    headers: Mapping[str, str] | None = None
    ca_file: str = ""
    left: Callable[[], float] = lambda: TOTAL_SECONDS

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """What is at `path`.  Raises Unavailable, Forbidden, NotThere, Rejected."""
        return await self._asked("GET", self.address + path, query=query)

    async def post(self, path: str, body: Json) -> Json:
        """Make something.  Raises as `get`, Conflicting, and Unanswered where it may have been made."""
        return await self._asked("POST", self.address + path, body)

    async def put(self, path: str, body: Json) -> Json:
        """Change something.  Raises as `post`."""
        return await self._asked("PUT", self.address + path, body)

    async def patch(self, path: str, body: Json) -> Json:
        """Change a part of something.  Raises as `post`."""
        return await self._asked("PATCH", self.address + path, body)

    async def post_to(self, url: str, body: Json) -> Json:
        """Post to another address of the same server.  Raises as `post`."""
        return await self._asked("POST", url, body)

    async def _asked(self, method: str, url: str, body: Json = None, query: Mapping[str, str] | None = None) -> Json:
        headers = {**(self.headers or {}), "Authorization": f"{self.scheme} {await self._word()}".lstrip()}
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        reads = method == "GET"
        seconds = TOTAL_SECONDS if reads else min(TOTAL_SECONDS, self.left())
        return await answered(
            Question(method, url, headers, self.scope, content, query, self.ca_file, seconds, reads=reads)
        )

    async def _word(self) -> str:
        token = await self.token()
        if not _WORD.fullmatch(token):  # an HTTP client would show it in its error
            raise Unavailable(f"the file of the token for {self.address} holds no token: one word is expected")
        return token


async def answered(asked: Question) -> Json:
    """Ask once.  Raises Unavailable, Forbidden, NotThere, Conflicting, Rejected, and Unanswered where it may have been
    carried out.
    """
    where, lost = asked.where, Unavailable if asked.reads else Unanswered
    if asked.seconds <= 0.0:
        raise NotLeading(where)
    headers = {"Accept": "application/json", **asked.headers, "User-Agent": "watcher"}
    try:
        async with (
            asyncio.timeout(asked.seconds),
            _client(asked) as client,
            client.stream(
                asked.method, asked.url, content=asked.content, params=asked.query, headers=headers
            ) as response,
        ):
            content = await _content(response, where)
    except (TimeoutError, httpx.TimeoutException) as error:
        kind = Unavailable if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout) else lost
        raise kind(f"{where}: no answer within {asked.seconds:.0f} s") from None
    except httpx.ConnectError as error:
        raise Unavailable(f"{where}: {error or type(error).__name__}") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise lost(f"{where}: {type(error).__name__}") from None
    _judge(response, content, where, asked.scope)
    return _read(content, where)


def _client(asked: Question) -> httpx.AsyncClient:
    try:
        verify = trusting(asked.ca_file, stamp_of(asked.ca_file) if asked.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(f"the file {asked.ca_file} cannot be used as an authority: {error}") from None
    return httpx.AsyncClient(verify=verify, timeout=asked.seconds)


def _judge(response: httpx.Response, content: bytes, where: str, scope: str) -> None:
    """Raise for an answer that is none."""
    status, text = response.status_code, _said(content)
    told = f"{where} answers {status}{f': {text}' if text else ''}"
    if status == 429 or status >= 500 or _limited(response):
        later = response.headers.get("retry-after", "")
        raise Unavailable(f"{told}{f'; to be asked again in {later} s' if later.isdigit() else ''}")
    match status:
        case 401:
            raise Forbidden(f"{told}; the token is not accepted (any more)")
        case 403:
            raise Forbidden(f"{told}; the token needs {scope}")
        case 404:
            raise NotThere(f"{told}; if it is there, the token does not see it: it needs {scope}")
        case 405 | 406 | 409 | 412 | 422:
            raise Conflicting(told)
        case _ if 300 <= status < 400:
            raise Rejected(f"{told}; it has moved, and redirects are not followed: write the new address")
        case _ if status >= 400:
            raise Rejected(told)


@lru_cache(maxsize=8)
def trusting(ca_file: str, _: Stamp | None) -> ssl.SSLContext:
    """What verifies a server by this authority (empty: the usual ones).

    Read once for each state of the file, for that takes a while.
    """
    return ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context()


async def _content(response: httpx.Response, where: str) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > LARGEST_ANSWER:
            raise Rejected(f"{where}: the answer is larger than {LARGEST_ANSWER >> 20} MiB")
    return bytes(content)


def _limited(response: httpx.Response) -> bool:
    """GitHub says so with 403 too."""
    headers = response.headers
    return response.status_code == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def _read(content: bytes, where: str) -> Json:
    try:
        return json.loads(content) if content.strip() else None
    except ValueError:
        raise Rejected(f"{where}: the answer is no JSON; is it the address of the API?") from None


def _said(content: bytes) -> str:
    """What it says in its own words; GitHub names the cause in `errors`, GitLab in a list or a mapping."""
    try:
        answer = json.loads(content)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    causes = answer.get("errors")
    parts = [answer.get("message") or answer.get("error"), *(causes if isinstance(causes, list) else ())]
    texts = (each.get("message") if isinstance(each, dict) and each.get("message") else each for each in parts if each)
    return "; ".join(map(_plain, texts))[:LONGEST_QUOTE]


def _plain(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value).split())
