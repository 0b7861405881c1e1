"""Blobs on disk: compressed, and with the checksum that compression brings."""

from __future__ import annotations

import zlib

from watcher.ports import Rejected


def pack(blob: bytes) -> bytes:
    """The form on disk: a zlib stream (RFC 1950), which ends in an Adler-32 checksum."""
    return zlib.compress(blob, level=1)


def unpack(stored: bytes) -> bytes:
    """The bytes that were packed.  Raises Rejected when they are damaged."""
    try:
        return zlib.decompress(stored)
    except zlib.error as error:
        raise Rejected(f"a record of the decision log does not match its checksum: {error}") from error
