"""Loads samples into a running Prometheus at the times they are said to be of, staleness markers included.

Remote write, version 1: a protobuf message (prometheus/prompb/remote.proto) in a snappy block, here of literals only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence

import httpx

from watcher.sandbox.metrics.store import Labels, Point

HEADERS = {
    "Content-Type": "application/x-protobuf",
    "Content-Encoding": "snappy",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def load(url: str, samples: Mapping[Labels, Sequence[Point]]) -> None:
    """Write all samples."""
    message = b"".join(_field(1, _series(labels, points)) for labels, points in samples.items())
    httpx.post(f"{url}/api/v1/write", content=_snappy(message), headers=HEADERS).raise_for_status()


def _series(labels: Labels, points: Iterable[Point]) -> bytes:
    pairs = (_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels)
    return b"".join(pairs) + b"".join(_field(2, _sample(*point)) for point in points)


def _sample(at: int, value: float) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at)


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _snappy(content: bytes) -> bytes:
    return _varint(len(content)) + b"\xfc" + struct.pack("<I", len(content) - 1) + content
