"""HTTP to a metrics source: the one module that knows httpx."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from watcher.ports import Rejected, Unavailable

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
TOTAL_SECONDS = 20.0
LARGEST_ANSWER = 128 * 1024 * 1024
"""Bytes of one answer, unpacked, at the most."""

CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, headers (lower case) and body of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Talks to one address.  `address` is named in errors and must hold no secrets."""

    def __init__(self, address: str, verify: ssl.SSLContext | None = None) -> None:
        self._address = address
        self._users, self._retired = 0, False
        self._client = httpx.AsyncClient(
            verify=verify or True,
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS, pool=TOTAL_SECONDS),
            limits=httpx.Limits(max_connections=CONNECTIONS),
        )

    async def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Send a form and read the answer.

        Raises Unavailable when there is none in time, Rejected when it is too large.
        """
        return await self._send("POST", path, form, headers)

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Read what is at `path`.  Raises as `post`."""
        return await self._send("GET", path, None, headers)

    async def _send(self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str]) -> Answer:
        self._users += 1
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                return await self._answer(method, path, form, headers)
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(f"{self._address}: no answer within {TOTAL_SECONDS:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, RuntimeError) as error:  # RuntimeError: it is closed
            raise Unavailable(f"{self._address}: {error or type(error).__name__}") from None
        finally:
            self._users -= 1
            if self._retired and not self._users:
                await self.close()

    async def _answer(
        self, method: str, path: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> Answer:
        url = self._address + path
        sent = {name.encode(): value.encode() for name, value in headers.items()}
        async with self._client.stream(method, url, data=form and dict(form), headers=sent) as response:
            body = bytearray()
            async for part in response.aiter_bytes():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise Rejected(
                        f"{self._address}: the answer is larger than {LARGEST_ANSWER >> 20} MiB; "
                        "watch fewer series a check"
                    )
            return Answer(response.status_code, dict(response.headers), bytes(body))

    async def retire(self) -> None:
        """Close all connections once the last request under way is over."""
        self._retired = True
        if not self._users:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()
