"""Signatures of events as https://www.standardwebhooks.com describes them, for which receivers have libraries."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping

from watcher.ports import Unavailable

SHORTEST = 16
"""Bytes of a secret."""

_PREFIX = "whsec_"


def keys(text: str, path: str) -> tuple[bytes, ...]:
    """Secrets of a file, one a line: `whsec_` with base64 behind it, or the bytes of the line.

    Raises Unavailable where there is none, or one is no secret.
    """
    found = tuple(_key(number, line.strip(), path) for number, line in enumerate(text.splitlines(), 1) if line.strip())
    if not found:
        raise Unavailable(f"{path} holds no secret; write one of {SHORTEST} bytes at least")
    return found


def _key(number: int, line: str, path: str) -> bytes:
    try:
        key = base64.b64decode(line.removeprefix(_PREFIX), validate=True) if line.startswith(_PREFIX) else line.encode()
    except binascii.Error:
        raise Unavailable(f"line {number} of {path} begins with {_PREFIX} and is not base64") from None
    if len(key) < SHORTEST:
        raise Unavailable(f"the secret in line {number} of {path} is shorter than {SHORTEST} bytes; make a longer one")
    return key


def headers(event: str, at: float, body: bytes, secrets: Iterable[bytes]) -> Mapping[str, str]:
    """Id, time (whole Unix seconds) and the signatures over id, time and body, one for each secret."""
    time = str(int(at))
    return {
        "webhook-id": event,
        "webhook-timestamp": time,
        "webhook-signature": " ".join(_signatures(event, time, body, secrets)),
    }


def _signatures(event: str, time: str, body: bytes, secrets: Iterable[bytes]) -> Iterator[str]:
    for secret in secrets:
        mac = hmac.new(secret, f"{event}.{time}.".encode() + body, hashlib.sha256)
        yield f"v1,{base64.b64encode(mac.digest()).decode()}"
