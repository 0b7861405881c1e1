"""Rows of a SQLite file, read page by page without SQLite and without trusting anything but the page itself.

Written from https://www.sqlite.org/fileformat2.html (sections 1.3, 1.6 and 2).  Every row of a table with rowids
lies on a leaf page of its own kind, so all rows are found even where the pages that lead to them are lost.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.adapters.store.files import beside
from watcher.adapters.store.wal import committed_pages

PAGE_SIZE = 4096  # of every file that the store creates; it cannot be changed in WAL mode

_HEADER = 100  # bytes of the file's header, at the start of page 1
_TABLE_LEAF = 0x0D
_INTEGER_SIZES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}  # serial type -> bytes

Value = None | int | float | str | bytes


class Unreadable(Exception):
    """A row is damaged."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as stored: an INTEGER PRIMARY KEY is None among the values, its value is the rowid."""

    rowid: int
    values: tuple[Value, ...]


class Pages:
    """The pages of a file as of its last commit, those of its write-ahead log laid over those of the file.

    `size` of a page in bytes is given, for the header that tells it may be damaged.
    """

    def __init__(self, path: Path, size: int = PAGE_SIZE) -> None:
        self._data = path.read_bytes()
        self.size = size
        self._newer = committed_pages(beside(path, "-wal"), self.size)

    @property
    def header(self) -> bytes:
        """The file's header; empty when the first page is lost."""
        try:
            return self.page(1)[:_HEADER]
        except Unreadable:
            return b""

    @property
    def count(self) -> int:
        """Number of the last page; a page cut short by truncation is none."""
        return max(len(self._data) // self.size, *self._newer, 0)

    def page(self, number: int) -> bytes:
        """Content of one page, from 1.  Raises Unreadable when it is not in the file."""
        newer = self._newer.get(number)
        if newer is not None:
            return newer
        page = self._data[(number - 1) * self.size : number * self.size] if number > 0 else b""
        if len(page) < self.size:
            raise Unreadable(f"page {number} is missing")
        return page

    def rows(self) -> Iterator[RawRow | Unreadable]:
        """Every row of every table, in the order of pages; Unreadable in the place of a damaged one."""
        for number in range(1, self.count + 1):
            try:
                page = self.page(number)
            except Unreadable:
                continue
            header = _HEADER if number == 1 else 0
            if page[header] == _TABLE_LEAF:
                yield from self._leaf(page, header)

    def _leaf(self, page: bytes, header: int) -> Iterator[RawRow | Unreadable]:
        cells = int.from_bytes(page[header + 3 : header + 5], "big")
        first = header + 8
        for at in range(first, min(first + 2 * cells, self.size - 1), 2):
            try:
                yield self._row(page, int.from_bytes(page[at : at + 2], "big"))
            except Unreadable as error:
                yield error

    def _row(self, page: bytes, at: int) -> RawRow:
        length, at = _varint(page, at)
        rowid, at = _varint(page, at)
        payload = self._payload(page, at, length)
        return RawRow(rowid, tuple(_values(payload)))

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        """The row's bytes: on the page, and on its chain of overflow pages when they are many."""
        if not 0 <= length <= self.count * self.size:
            raise Unreadable("a row is longer than the file")
        local = _local_size(length, self.size)
        if at + local > self.size:
            raise Unreadable("a row does not end on its page")
        parts = [page[at : at + local]]
        missing = length - local
        following = int.from_bytes(page[at + local : at + local + 4], "big")
        while missing > 0:
            overflow = self.page(following)
            parts.append(overflow[4 : 4 + min(missing, self.size - 4)])
            missing -= len(parts[-1])
            following = int.from_bytes(overflow[:4], "big")
        return b"".join(parts)


def _local_size(length: int, page_size: int) -> int:
    """How many bytes of a row of this length lie on the leaf page itself."""
    most = page_size - 35
    if length <= most:
        return length
    least = (page_size - 12) * 32 // 255 - 23
    size = least + (length - least) % (page_size - 4)
    return size if size <= most else least


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, as a signed 64-bit one, and where it ends."""
    value = 0
    for index in range(9):
        if at + index >= len(data):
            raise Unreadable("a number does not end on its page")
        byte = data[at + index]
        value = value << 8 | byte if index == 8 else value << 7 | byte & 0x7F
        if byte < 0x80:
            break
    return (value - (1 << 64) if value >= 1 << 63 else value), at + index + 1


def _values(record: bytes) -> Iterator[Value]:
    size, at = _varint(record, 0)
    body = size
    if not 0 < size <= len(record):
        raise Unreadable("a row's header is longer than the row")
    while at < size:
        kind, at = _varint(record, at)
        value, body = _value(record, body, kind)
        yield value
    if body != len(record):
        raise Unreadable("a row is longer or shorter than its columns")


def _value(record: bytes, at: int, kind: int) -> tuple[Value, int]:
    if kind in (0, 8, 9):
        return {0: None, 8: 0, 9: 1}[kind], at
    if kind < 0 or kind in (10, 11):
        raise Unreadable(f"there is no type {kind}")
    size = 8 if kind == 7 else _INTEGER_SIZES.get(kind, (kind - 12) // 2)
    stored = record[at : at + size]
    if len(stored) < size:
        raise Unreadable("a row is shorter than its columns")
    return _decode(stored, kind), at + size


def _decode(stored: bytes, kind: int) -> Value:
    if kind in _INTEGER_SIZES:
        return int.from_bytes(stored, "big", signed=True)
    if kind == 7:
        return float(struct.unpack(">d", stored)[0])
    if kind % 2 == 0:
        return stored
    try:
        return stored.decode()
    except UnicodeDecodeError as error:
        raise Unreadable("a text is not UTF-8") from error
