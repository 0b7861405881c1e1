"""Credentials of a source, from files that are read again when they change."""

from __future__ import annotations

import base64
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit, urlunsplit

from watcher.adapters.secret_files import SecretFile, Stamp, stamp_of
from watcher.core.policy import Auth, Source, Tls
from watcher.ports import Unavailable

_WORD = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Address:
    """A source's URL without what must not be shown, and the user and password it held."""

    url: str
    user: str = ""
    password: str = field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> Address:
        """Take a URL apart; query and fragment are dropped."""
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        return cls(shown, unquote(parts.username or ""), unquote(parts.password or ""))


class Credentials:
    """Who we are for one source: headers of each request, and the TLS context."""

    def __init__(self, source: Source, address: Address) -> None:
        self._fixed = dict(source.headers)
        if source.tenant:
            self._fixed["X-Scope-OrgID"] = source.tenant
        self._address = address
        self._auth: Auth = source.auth
        self._bearer = SecretFile(source.auth.bearer_file, "bearer token file")
        self._password = SecretFile(source.auth.password_file, "password file")
        self._tls: Tls = source.tls
        self._stamps: tuple[Stamp, ...] | None = None

    def headers(self) -> Mapping[str, str]:
        """Headers to send now.  Raises Unavailable when a file cannot be read or holds no token."""
        if self._auth.bearer_file:
            token = self._bearer.text()
            if not _WORD.fullmatch(token):  # an HTTP client would show it in its error
                raise Unavailable(f"bearer token file {self._auth.bearer_file} holds no token: one word is expected")
            return {**self._fixed, "Authorization": f"Bearer {token}"}
        if self._auth.user:
            return {**self._fixed, "Authorization": _basic(self._auth.user, self._password.text())}
        if self._address.user:
            return {**self._fixed, "Authorization": _basic(self._address.user, self._address.password)}
        return self._fixed

    def tls_changed(self) -> bool:
        """Whether TLS files changed since `tls` was called.  Raises Unavailable when one cannot be read."""
        return self._tls_stamps() != self._stamps

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context from the files as they are now; None: the defaults.  Raises Unavailable."""
        stamps = self._tls_stamps()
        if not stamps:
            self._stamps = stamps
            return None
        try:
            context = ssl.create_default_context(cafile=self._tls.ca_file or None)
            if self._tls.cert_file:
                context.load_cert_chain(self._tls.cert_file, self._tls.key_file or None)
        except (OSError, ssl.SSLError) as error:
            raise Unavailable(f"TLS files of {self._address.url} cannot be used: {error}") from None
        self._stamps = stamps
        return context

    def _tls_stamps(self) -> tuple[Stamp, ...]:
        files = [each for each in (self._tls.ca_file, self._tls.cert_file, self._tls.key_file) if each]
        try:
            return tuple(stamp_of(each) for each in files)
        except OSError as error:
            raise Unavailable(f"TLS file {error.filename} cannot be read: {error.strerror}") from None


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
