"""SQLite's write-ahead log, read without SQLite (https://www.sqlite.org/fileformat2.html, section 4)."""

from __future__ import annotations

import struct
from pathlib import Path

_HEADER = struct.Struct(">8I")  # magic, format, page size, checkpoint number, salt 1, salt 2, checksum 1, checksum 2
_FRAME = struct.Struct(">6I")  # page number, pages of the database if a commit, salt 1, salt 2, checksum 1, checksum 2
_MAGIC = (0x377F0682, 0x377F0683)  # checksums over little-endian words, over big-endian words


def committed_pages(path: Path, page_size: int) -> dict[int, bytes]:
    """The newest committed content of each page that the log holds, up to the first frame that is damaged.

    Empty when there is no such file or its header is damaged: its frames cannot be told from old ones then.
    """
    data = path.read_bytes() if path.is_file() else b""
    if len(data) < _HEADER.size:
        return {}
    magic, _, size, _, salt_1, salt_2, *stated = _HEADER.unpack_from(data)
    if magic not in _MAGIC or size != page_size:
        return {}
    order = "<" if magic == _MAGIC[0] else ">"
    sums = _checksum(data[: _HEADER.size - 8], (0, 0), order)
    if sums != tuple(stated):
        return {}
    return _frames(data, page_size, (salt_1, salt_2), sums, order)


def _frames(data: bytes, page_size: int, salts: tuple[int, int], sums: tuple[int, int], order: str) -> dict[int, bytes]:
    committed: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    for start in range(_HEADER.size, len(data) - _FRAME.size - page_size + 1, _FRAME.size + page_size):
        number, is_commit, salt_1, salt_2, *stated = _FRAME.unpack_from(data, start)
        page = data[start + _FRAME.size : start + _FRAME.size + page_size]
        sums = _checksum(page, _checksum(data[start : start + 8], sums, order), order)
        if (salt_1, salt_2) != salts or sums != tuple(stated):
            break
        pending[number] = page
        if is_commit:
            committed.update(pending)
            pending.clear()
    return committed


def _checksum(data: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    first, second = sums
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & 0xFFFFFFFF
        second = (second + odd + first) & 0xFFFFFFFF
    return first, second
