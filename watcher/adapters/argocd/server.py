"""Requests to Argo CD's API server: the one module of this adapter that knows httpx.

https://argo-cd.readthedocs.io/en/stable/developer-guide/api-docs/
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import httpx

from watcher.adapters.argocd.answers import judge
from watcher.adapters.json_api import trusting
from watcher.adapters.secret_files import SecretFile, stamp_of
from watcher.config.gitops import ArgoApi
from watcher.core.keepers.json_patch import Operation
from watcher.core.keepers.raw import Json, entries
from watcher.ports import Rejected, Unanswered, Unavailable

TOTAL_SECONDS = 20.0
LISTING_SECONDS = 60.0
LARGEST_ANSWER = 256 * 2**20
"""Bytes of one answer, unpacked, at the most: some thousand Applications, each with all that it lists."""

_WORD = re.compile(r"[!-~]+")


class ArgoCdServer:
    """One API server, asked with the token of a project's role.  No error names the token."""

    def __init__(self, api: ArgoApi) -> None:
        self._api = api
        self._token = SecretFile(api.token_file, "token file")

    @property
    def address(self) -> str:
        """Where it is."""
        return self._api.api.rstrip("/")

    async def applications(self, full_name: str = "") -> tuple[Json, ...]:
        """All Applications that the token may see, or the one called namespace/name.

        Raises Unavailable, Forbidden, Rejected.
        """
        namespace, _, name = full_name.partition("/")
        query = {"name": name, "appNamespace": namespace} if full_name else {}
        seconds = TOTAL_SECONDS if full_name else LISTING_SECONDS
        return entries(await self._ask("GET", "/api/v1/applications", query, seconds=seconds), "items")

    async def refresh(self, full_name: str) -> None:
        """Ask for a look at the sources; the answer comes when it was taken, which is not waited for to the end.

        Raises as `applications`, and Changed where there is no such Application.
        """
        try:
            await self._ask("GET", _path(full_name), {"refresh": "normal", **_namespace(full_name)})
        except Unanswered:
            return

    async def sync(self, full_name: str, request: Json) -> None:
        """Begin a sync.  Raises as `refresh`, Changed while another operation runs, Unanswered."""
        await self._ask("POST", f"{_path(full_name)}/sync", {}, {**request, **_identity(full_name)})

    async def terminate(self, full_name: str) -> None:
        """End the operation that runs.  Raises as `sync`."""
        await self._ask("DELETE", f"{_path(full_name)}/operation", _namespace(full_name))

    async def patch(self, full_name: str, operations: list[Operation]) -> None:
        """Apply a JSON patch.  Raises as `sync`, Changed where a `test` of it fails."""
        request = {**_identity(full_name), "patch": json.dumps(operations), "patchType": "json"}
        await self._ask("PATCH", _path(full_name), {}, request)

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Json | None = None,
        seconds: float = TOTAL_SECONDS,
    ) -> Json:
        where = f"{method} {self.address}{path}"
        headers = {"Accept": "application/json", "User-Agent": "watcher", "Authorization": f"Bearer {self._word()}"}
        client = httpx.AsyncClient(verify=self._verified(), timeout=seconds)
        lost = Unavailable if method == "GET" and "refresh" not in query else Unanswered
        try:
            async with (
                asyncio.timeout(seconds),
                client,
                client.stream(method, self.address + path, json=body, params=query, headers=headers) as response,
            ):
                content = await _content(response, where)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.InvalidURL) as error:
            raise Unavailable(f"{where}: cannot be reached: {error or type(error).__name__}") from None
        except (TimeoutError, httpx.TimeoutException):
            raise lost(f"{where}: no answer within {seconds:.0f} s") from None
        except (httpx.HTTPError, ValueError) as error:
            raise lost(f"{where}: {type(error).__name__}") from None
        judge(response.status_code, content, where, lost)
        return await _read(content, where)

    def _word(self) -> str:
        token = self._token.text()
        if not _WORD.fullmatch(token):  # an HTTP client would show it in its error
            raise Unavailable(f"token file {self._api.token_file} holds no token: one word is expected")
        return token

    def _verified(self) -> ssl.SSLContext:
        file = self._api.ca_file
        try:
            return trusting(file, stamp_of(file) if file else None)
        except (OSError, ssl.SSLError) as error:
            raise Unavailable(f"the file {file} cannot be used as an authority: {error}") from None


async def _content(response: httpx.Response, where: str) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > LARGEST_ANSWER:
            raise Rejected(
                f"{where}: the answer is larger than {LARGEST_ANSWER >> 20} MiB: give the token fewer projects"
            )
    return bytes(content)


async def _read(content: bytes, where: str) -> Json:
    """The answer; a long one is read beside the event loop."""
    try:
        found: Any = await asyncio.to_thread(json.loads, content or b"{}")
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Rejected(f"{where}: the answer is no JSON object; is it the address of Argo CD's API server?")
    return found


def _path(full_name: str) -> str:
    return f"/api/v1/applications/{quote(full_name.partition('/')[2], safe='')}"


def _namespace(full_name: str) -> dict[str, str]:
    return {"appNamespace": full_name.partition("/")[0]}


def _identity(full_name: str) -> dict[str, str]:
    return {"name": full_name.partition("/")[2], **_namespace(full_name)}
