"""Loads samples into a running Prometheus at the times they are said to be of, staleness markers included.

Remote write, version 1: a protobuf message (prometheus/prompb/remote.proto) in a snappy block, here of literals only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

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
    return _labels(labels) + b"".join(_field(2, _sample(*point)) for point in points)


def _labels(labels: Labels) -> bytes:
    return b"".join(_field(1, _field(1, name.encode()) + _field(2, value.encode())) for name, value in labels)


def _sample(at: int, value: float) -> bytes:
    return b"\x09" + struct.pack("<d", value) + b"\x10" + _varint(at)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def _snappy(content: bytes) -> bytes:
    return _varint(len(content)) + b"\xfc" + struct.pack("<I", len(content) - 1) + content


class Spread(NamedTuple):
    """A native histogram as it is sent: counts of the buckets `first`, `first` + 1 and so on.

    Bucket n of an exponential `schema` ends at 2^(n * 2^-schema); of custom bounds (-53) at `bounds[n]`.
    """

    schema: int
    first: int
    counts: Sequence[int]
    bounds: Sequence[float] = ()


def load_native(url: str, samples: Mapping[Labels, Sequence[tuple[int, Spread]]]) -> None:
    """Write native histograms, at Unix milliseconds."""
    series = (
        _labels(labels) + b"".join(_field(4, _native(*point)) for point in points) for labels, points in samples.items()
    )
    message = b"".join(_field(1, each) for each in series)
    httpx.post(f"{url}/api/v1/write", content=_snappy(message), headers=HEADERS).raise_for_status()


def _native(at: int, spread: Spread) -> bytes:
    deltas = [later - earlier for earlier, later in pairwise((0, *spread.counts))]
    return b"".join(
        (
            _number(1, sum(spread.counts)),
            _number(4, _zigzag(spread.schema)),
            _field(11, _number(1, _zigzag(spread.first)) + _number(2, len(spread.counts))),
            _field(12, b"".join(_varint(_zigzag(each)) for each in deltas)),
            _number(15, at),
            _field(16, struct.pack(f"<{len(spread.bounds)}d", *spread.bounds)),
        )
    )


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _zigzag(value: int) -> int:
    return 2 * value if value >= 0 else -2 * value - 1
