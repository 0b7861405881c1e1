"""Addresses of pull requests."""

from __future__ import annotations

from urllib.parse import urlsplit

from watcher.ports import Rejected


def number_of(link: str) -> str:
    """The number with which the address of a pull request ends.  Raises Rejected where there is none."""
    number = urlsplit(link).path.rstrip("/").rpartition("/")[2]
    if not number.isdigit():
        raise Rejected(f"{link} is no address of a pull request")
    return number
