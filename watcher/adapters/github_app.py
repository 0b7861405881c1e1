"""Tokens of a GitHub App's installation: short-lived, got for a signed word, kept until shortly before their end."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable
from datetime import datetime

import httpx

from watcher.config.gitops import GitHubApp
from watcher.ports import Forbidden, Rejected, Unavailable

_TOTAL_SECONDS = 20.0
_SPARE_SECONDS = 600.0
"""How long a token that is handed out is good for at the least: a first clone may take minutes."""


class GitHubAppTokens:
    """The tokens of one installation.  `now` is the wall clock, Unix seconds."""

    def __init__(self, app: GitHubApp, now: Callable[[], float], ca_file: str = "") -> None:
        self._app, self._now, self._ca_file = app, now, ca_file
        self._token, self._ends = "", 0.0
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good for ten minutes at the least.

        Raises Unavailable, Forbidden when GitHub does not know the App or its key, Rejected.
        """
        async with self._asking:
            if self._now() > self._ends - _SPARE_SECONDS:
                self._token, self._ends = await self._asked()
            return self._token

    def forget(self) -> None:
        """Ask for a new one next time: this one was refused."""
        self._ends = 0.0

    async def _asked(self) -> tuple[str, float]:
        url = f"{self._app.api.rstrip('/')}/app/installations/{self._app.installation_id}/access_tokens"
        headers = {"Authorization": f"Bearer {await self._word()}", "Accept": "application/vnd.github+json"}
        try:
            verify = ssl.create_default_context(cafile=self._ca_file) if self._ca_file else httpx.create_ssl_context()
            async with asyncio.timeout(_TOTAL_SECONDS), httpx.AsyncClient(verify=verify) as client:
                answer = await client.post(url, headers=headers)
        except (TimeoutError, httpx.TimeoutException):
            raise Unavailable(f"{url}: no answer within {_TOTAL_SECONDS:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise Unavailable(f"{url}: {error or type(error).__name__}") from None
        self._judge(url, answer)
        try:
            given = answer.json()
            return str(given["token"]), datetime.fromisoformat(given["expires_at"]).timestamp()
        except (ValueError, KeyError, TypeError):
            raise Unavailable(f"{url} gave no token; is githubApp.api the address of GitHub's API?") from None

    def _judge(self, url: str, answer: httpx.Response) -> None:
        """Raise for an answer that is none."""
        app = f"GitHub App {self._app.app_id}"
        if answer.status_code in (401, 403, 404):
            raise Forbidden(
                f"{url} answers {answer.status_code}: is {app} installed there (installation "
                f"{self._app.installation_id}), and is {self._app.private_key_file} a key of it?"
            )
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Unavailable(f"{url} answers {answer.status_code}")
        if answer.status_code != 201:
            raise Rejected(f"{url} answers {answer.status_code} to {app}")

    async def _word(self) -> str:
        """The signed word (a JSON Web Token, RS256); GitHub takes ten minutes at the most, and clocks differ."""
        now = int(self._now())
        claims = {"iat": now - 60, "exp": now + 480, "iss": self._app.app_id}
        text = ".".join(_encoded(json.dumps(each).encode()) for each in ({"alg": "RS256", "typ": "JWT"}, claims))
        return f"{text}.{_encoded(await self._signed(text.encode()))}"

    async def _signed(self, text: bytes) -> bytes:
        """Signed by `openssl`, which reads the key itself."""
        key = self._app.private_key_file
        try:
            process = await asyncio.create_subprocess_exec(
                *("openssl", "dgst", "-sha256", "-sign", key), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError as error:
            raise Unavailable(f"openssl, which signs for a GitHub App, cannot be started: {error.strerror}") from None
        signature, _ = await process.communicate(text)
        if process.returncode:
            raise Unavailable(f"the private key of the GitHub App, {key}, cannot be used: is it there, and is it PEM?")
        return signature


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
