"""Addresses of repositories: what Git is given, and what may be shown."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from watcher.ports import Rejected

_SCHEMES = ("https", "http", "ssh", "file")
_SHORT_SSH = re.compile(r"(?P<who>[\w.-]+@)?(?P<host>[\w.-]+|\[[\da-fA-F:]+\]):(?P<path>[^:].*)")
_USER_INFORMATION = re.compile(r"(\b[a-zA-Z][\w+.-]*://)[^/\s@'\"]*@")
_QUERY = re.compile(r"(\b[a-zA-Z][\w+.-]*://[^\s?#'\"]*)[?#][^\s'\"]*")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is: the URL for Git, its scheme, and its host with the port."""

    url: str
    scheme: str
    host: str

    @classmethod
    def of(cls, url: str) -> Address:
        """Take a URL apart; a password in it is not used, nor is a query.  Raises Rejected for one that Git should not
        be given."""
        text = url.strip()
        if any(ord(each) < 0x21 for each in text) or text.startswith("-"):
            raise Rejected(f"{redacted(text)!r} is no address of a Git repository")
        if text.startswith("/"):
            return cls(f"file://{text}", "file", "")
        if "://" not in text and (short := _SHORT_SSH.fullmatch(text)):
            return cls(f"ssh://{short['who'] or ''}{short['host']}/{short['path'].lstrip('/')}", "ssh", short["host"])
        parts = urlsplit(text)
        if parts.scheme not in _SCHEMES or (parts.scheme != "file" and not parts.hostname):
            raise Rejected(f"{redacted(text)!r} is no address of a Git repository: https, ssh or file is expected")
        host = parts.netloc.rpartition("@")[2]
        if host.startswith("-"):
            raise Rejected(f"{redacted(text)!r} is no address of a Git repository: that is an option, not a host")
        user = f"{parts.username}@" if parts.scheme == "ssh" and parts.username else ""
        return cls(f"{parts.scheme}://{user}{host}{parts.path}", parts.scheme, host)

    @property
    def digest(self) -> str:
        """A short name of it for files."""
        return hashlib.sha256(self.url.encode()).hexdigest()[:24]


def redacted(text: str) -> str:
    """A text in which no URL has a user, a password or a query any more."""
    return _QUERY.sub(r"\1", _USER_INFORMATION.sub(r"\1", text))
