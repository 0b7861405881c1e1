"""HTTP to a receiver of events: the one module of notifications that knows httpx."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx

from watcher.ports import Unavailable

TOTAL_SECONDS = 10.0


async def post(url: str, body: bytes, headers: Mapping[str, str], ca_file: str = "") -> int:
    """Send the body; the status of the answer, which itself is not read.  Redirects are not followed.

    Raises Unavailable when there is none in time.  Only the host is named, for the path may hold a token.
    """
    host = urlsplit(url).netloc
    try:
        context = ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context()
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(f"the file {ca_file} cannot be used as an authority: {error}") from None
    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            return await _post(url, body, headers, context)
    except (TimeoutError, httpx.TimeoutException):
        raise Unavailable(f"{host}: no answer within {TOTAL_SECONDS:.0f} s") from None
    except httpx.ConnectError as error:  # names no more than the host
        raise Unavailable(f"{host}: {error}") from None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Unavailable(f"{host}: {type(error).__name__}") from None


async def _post(url: str, body: bytes, headers: Mapping[str, str], context: ssl.SSLContext) -> int:
    """A client for each event: they are few, and files of the system may have changed."""
    async with (
        httpx.AsyncClient(verify=context, timeout=TOTAL_SECONDS) as client,
        client.stream("POST", url, content=body, headers=dict(headers)) as response,
    ):
        return response.status_code
