"""Writes a recording's directory: all of it, or nothing."""

from __future__ import annotations

import gzip
import math
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import yaml

from watcher.config.promql import is_label, is_metric
from watcher.ports import Rejected
from watcher.recorder.gathering import Gathered
from watcher.replay.openmetrics import NAME
from watcher.replay.recording import FILE, METRICS

THRESHOLDS = "thresholds.yaml"

_BARE = re.compile(r"[A-Za-z][\w ./-]*\Z")
_WORDS = frozenset({"on", "off", "yes", "no", "y", "n", "true", "false", "null", "nan", "inf", "infinity"})
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


class _Dumper(yaml.SafeDumper):
    """Quotes every text that some reader of YAML could take for something else."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - the signature of the parent
        """Write everything out."""
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    bare = _BARE.match(value) is not None and value.lower() not in _WORDS
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=None if bare else '"')


_Dumper.add_representer(str, _text)


def as_yaml(data: Any) -> str:
    """Data as YAML, keys in the order they have."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def moment(at: float) -> str:
    """A time as recordings write it: RFC 3339, to the millisecond where that is not zero."""
    precise = "seconds" if float(at).is_integer() else "milliseconds"
    return datetime.fromtimestamp(at, UTC).isoformat(timespec=precise).replace("+00:00", "Z")


def refuse_taken(directory: Path) -> None:
    """Raises Rejected where the directory cannot become the recording's."""
    try:
        if directory.is_dir() and not directory.is_symlink():
            if any(directory.iterdir()):
                raise Rejected(f"{directory} is not empty; name a new directory, or empty it")
        elif directory.exists() or directory.is_symlink():
            raise Rejected(f"{directory} exists and is no directory; name a new one")
        elif not directory.resolve().parent.is_dir():
            raise Rejected(f"there is no directory {directory.resolve().parent} to put it in; make it first")
    except OSError as error:
        raise _unwritable(directory, error) from error


def write(directory: Path, recording: str, thresholds: str, series: Iterable[Gathered]) -> None:
    """Write all files beside `directory` and rename them into place.  Raises Rejected; nothing is left then."""
    refuse_taken(directory)
    place = directory.resolve()
    beside = place.with_name(f".{place.name}.{uuid4().hex[:8]}")
    try:
        beside.mkdir()
        with gzip.open(beside / METRICS[1], "wt", encoding="utf-8", newline="\n") as file:
            file.writelines(lines(series))
        (beside / THRESHOLDS).write_text(thresholds, encoding="utf-8")
        (beside / FILE).write_text(recording, encoding="utf-8")  # the last: without it nothing is a recording
        beside.rename(place)
    except OSError as error:
        raise _unwritable(directory, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unwritable(directory: Path, error: OSError) -> Rejected:
    return Rejected(f"{directory} cannot be written: {error.strerror or error}; give a directory that may be written")


def lines(series: Iterable[Gathered]) -> Iterator[str]:
    """OpenMetrics text, the series of one metric after the other."""
    for each in sorted(series, key=lambda one: (one.labels[NAME], sorted(one.labels.items()))):
        name = _series(each.labels)
        for at, value in zip(each.times, each.values, strict=True):
            yield f"{name} {_number(value)} {at:.3f}\n"
    yield "# EOF\n"


def _series(labels: Mapping[str, str]) -> str:
    """Name and labels; names of other alphabets in quotes, as Prometheus 3 writes them."""
    pairs = [f"{_name(label)}={_quoted(value)}" for label, value in sorted(labels.items()) if label != NAME]
    name = labels[NAME]
    if is_metric(name):
        return f"{name}{{{','.join(pairs)}}}"
    return f"{{{','.join([_quoted(name), *pairs])}}}"


def _name(label: str) -> str:
    return label if is_label(label) else _quoted(label)


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if math.isnan(value):
        return "NaN"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
