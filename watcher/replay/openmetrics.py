"""Reads OpenMetrics text with timestamps, as `promtool tsdb dump-openmetrics` writes it, at about a million samples a
second: the text of a series is parsed once, every further line with it is split from the right.

The format: https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
"""

from __future__ import annotations

import gzip
import math
import re
import zlib
from array import array
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import lt
from pathlib import Path
from typing import IO, cast

from watcher.config.problems import ConfigError, Problem
from watcher.config.values import shown

MAX_BYTES = 1 << 30
"""Bytes of text, unpacked, that one file may hold."""

MAX_SAMPLES = 20_000_000
"""Samples that one file may hold: 320 MB of memory."""

NAME = "__name__"

_CHUNK = 1 << 22
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_TEXT = r'"(?:[^"\\]|\\.)*"'
_SERIES = re.compile(rf"({_NAME})?(?:\{{((?:[^\"}}]|{_TEXT})*)\}})?")
_PAIR = re.compile(rf"\s*(?:([a-zA-Z_][a-zA-Z0-9_]*|{_TEXT})\s*=\s*)?({_TEXT})\s*(,|\Z)")
_ESCAPE = re.compile(r"\\(.)")
_REST = re.compile(r"\s+(\S+)(?:\s+([^\s#]\S*))?\s*(?:#.*)?\Z")


@dataclass(slots=True)
class RecordedSeries:
    """Samples of one series, oldest first: Unix seconds and values; a NaN says that the series ended there."""

    labels: Mapping[str, str]
    line: int
    times: array[float] = field(default_factory=lambda: array("d"))
    values: array[float] = field(default_factory=lambda: array("d"))
    ends: bool = False  # whether some value is NaN


def read(path: Path) -> list[RecordedSeries]:
    """All series of a file; gzip where its name ends with .gz.  Raises ConfigError with file, line and remedy."""
    reader = _Reader(str(path))
    try:
        with path.open("rb") as file:
            unpacked = cast("IO[bytes]", gzip.GzipFile(fileobj=file)) if path.suffix == ".gz" else file
            for lines in _portions(unpacked, reader):
                reader.take(lines)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise reader.wrong(reader.line + 1, f"cannot be read: {reason}", "give a whole file that may be read") from None
    return reader.series()


def _portions(file: IO[bytes], reader: _Reader) -> Iterator[list[str]]:
    """The lines of the file, many at a time."""
    left, read_so_far = b"", 0
    while chunk := file.read(_CHUNK):
        read_so_far += len(chunk)
        if read_so_far > MAX_BYTES:
            what = f"the file holds more than {MAX_BYTES >> 20} MiB of text"
            raise reader.wrong(reader.line + 1, what, "record fewer metrics, or a shorter time")
        whole, newline, rest = chunk.rpartition(b"\n")
        if newline:
            yield _lines(left + whole, reader)
            left = rest
        else:
            left += chunk
    if left:
        yield _lines(left, reader)


def _lines(text: bytes, reader: _Reader) -> list[str]:
    try:
        return text.decode().split("\n")
    except UnicodeDecodeError as error:
        line = reader.line + text.count(b"\n", 0, error.start) + 1
        raise reader.wrong(line, "this line is not UTF-8", "write the file as UTF-8") from None


class _Reader:
    """Takes lines and keeps series.  `line` is the number of the last line taken."""

    def __init__(self, file: str) -> None:
        self.line = 0
        self._file = file
        self._ended = False
        self._samples = 0
        self._adders: dict[str, tuple[Callable[[float], None], Callable[[float], None]]] = {}  # by text of the series
        self._series: dict[frozenset[tuple[str, str]], RecordedSeries] = {}

    def wrong(self, line: int, what: str, remedy: str) -> ConfigError:
        """The error for this line."""
        return ConfigError([Problem(self._file, line, 1, what, remedy)])

    def take(self, lines: list[str]) -> None:
        """Take in lines.  Raises ConfigError for the first that is wrong."""
        adders, number = self._adders, self.line
        for number, line in enumerate(lines, start=self.line + 1):
            try:
                series, value, at = line.rsplit(" ", 2)
                add_time, add_value = adders[series]
                moment, number_read = float(at), float(value)
            except (KeyError, ValueError):
                self._take_unusual(line, number)
            else:
                add_time(moment)
                add_value(number_read)
        self._samples += len(lines)
        self.line = number
        if self._samples > MAX_SAMPLES:
            what = f"the file holds more than {MAX_SAMPLES:,} samples"
            raise self.wrong(number, what, "record fewer metrics, or a shorter time")

    def _take_unusual(self, line: str, number: int) -> None:
        """A comment, the first line of a series, one with an exemplar, or a mistake."""
        if not line.strip():
            return
        if self._ended:
            raise self.wrong(number, "a line follows # EOF", "keep # EOF for the last line: join files without it")
        if line.startswith("#"):
            if line.rstrip() == "# EOF":
                self._ended = True
                self._adders.clear()  # no line is usual any more
            return
        self._take_sample(line, number)

    def _take_sample(self, line: str, number: int) -> None:
        found = _SERIES.match(line)
        rest = _REST.match(line, found.end()) if found is not None and found.end() else None
        if found is None or rest is None:
            raise self.wrong(number, f"no sample: {shown(line)}", 'write it as name{label="value"} VALUE TIMESTAMP')
        if rest[2] is None:
            raise self.wrong(number, f"{shown(found[0])} has no timestamp", "write Unix seconds behind the value")
        try:
            value, at = float(rest[1]), float(rest[2])
        except ValueError:
            what = f"{shown(rest[1])} {shown(rest[2])} is no value with its timestamp"
            raise self.wrong(number, what, "write two numbers; the timestamp in Unix seconds") from None
        series = self._series_of(found[1], found[2], number)
        self._adders[found[0]] = (series.times.append, series.values.append)
        series.times.append(at)
        series.values.append(value)

    def _series_of(self, name: str | None, inside: str | None, number: int) -> RecordedSeries:
        labels = {} if name is None else {NAME: name}
        for label, value in self._pairs(inside or "", number):
            if label in labels:
                raise self.wrong(number, f"the label {label} is given twice", "keep one of the two")
            labels[label] = value
        if not labels.get(NAME):
            raise self.wrong(number, "the series has no metric name", "write the name before {")
        labels = {label: value for label, value in labels.items() if value}
        return self._series.setdefault(frozenset(labels.items()), RecordedSeries(labels, number))

    def _pairs(self, inside: str, number: int) -> Iterator[tuple[str, str]]:
        """Label pairs; a quoted text alone is the metric's name, as Prometheus 3 writes names of other alphabets."""
        place = 0
        while inside[place:].strip():
            pair = _PAIR.match(inside, place)
            if pair is None:
                what = f"no label pair: {shown(inside[place:])}"
                raise self.wrong(number, what, 'write name="value", with \\" and \\\\ for " and \\')
            label = NAME if pair[1] is None else pair[1]
            yield (_unquoted(label) if label.startswith('"') else label), _unquoted(pair[2])
            place = pair.end()

    def series(self) -> list[RecordedSeries]:
        """All series, checked and in order.  Raises ConfigError."""
        if not self._ended:
            raise self.wrong(
                max(1, self.line), "the file ends without # EOF: it was cut off", "write the whole file again"
            )
        for series in self._series.values():
            if not all(map(lt, series.times, series.times[1:])):
                self._sort(series)
            if not (math.isfinite(series.times[0]) and math.isfinite(series.times[-1])):
                raise self.wrong(series.line, "a timestamp of this series is no time", "write Unix seconds")
            series.ends = any(map(math.isnan, series.values))
        return list(self._series.values())

    def _sort(self, series: RecordedSeries) -> None:
        """Put the samples in order; the same sample may be there twice, but not two for one time."""
        if any(map(math.isnan, series.times)):
            raise self.wrong(series.line, "a timestamp of this series is NaN", "write Unix seconds")
        samples = dict(zip(series.times, series.values, strict=True))
        for at, value in zip(series.times, series.values, strict=True):
            if samples[at] != value and not (math.isnan(value) and math.isnan(samples[at])):
                what = f"the series that begins here has two values at {at:.3f}: {value:g} and {samples[at]:g}"
                raise self.wrong(series.line, what, "keep one sample for each time")
        series.times[:] = array("d", sorted(samples))
        series.values[:] = array("d", (samples[at] for at in series.times))


def _unquoted(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text[1:-1])
