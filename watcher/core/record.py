"""Records: the core's values as canonical JSON, and back.

A record of one transition holds everything that went into it, so replaying it gives the same bytes.  Canonical means:
keys in the order of the dataclass's fields, no spaces, floats as Python's shortest repr (those that JSON lacks as
strings: inf, -inf, nan), unions tagged with the class name.  A field that is marked as `added` is left out while it
has its default.  Raises RecordError for bytes that are no such record.
"""

from __future__ import annotations

import hashlib
import json
import math
import types
import typing
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, get_args, get_origin

from watcher.core.machine import step
from watcher.core.model import ADDED, Observation
from watcher.core.policy import Policy
from watcher.core.state import WorkloadState
from watcher.core.turn import Step

SCHEMA = 1
"""Version of the records' shape; raised with every change that old bytes do not survive."""

_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})
_NAMES: dict[type, tuple[str, ...]] = {}  # `dataclasses.fields` takes most of the time otherwise
_DEFAULTS: dict[type, dict[str, object]] = {}  # of fields that older records lack


class RecordError(ValueError):
    """The bytes are not a record of this shape; the message names the place."""


@dataclass(frozen=True, slots=True)
class Record:
    """One transition: what went in, and what came out."""

    at: float
    policy: bytes
    state_before: bytes
    observation: bytes
    state_after: bytes
    commands: bytes


def encode(value: object) -> bytes:
    """Canonical JSON bytes of a core value (dataclasses, enums, tuples, None, str, int, float, bool)."""
    return _ENCODER.encode(_plain(value)).encode()


def decode(kind: Any, data: bytes) -> Any:
    """The value of type `kind` that `encode` wrote.  Raises RecordError."""
    try:
        return _reader(kind)(json.loads(data))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"not a record of {kind}: {error}") from error


def digest(value: object) -> str:
    """sha256 of the canonical bytes, hexadecimal: the parameters' hash of a record."""
    return digest_of(encode(value))


def digest_of(data: bytes) -> str:
    """The `digest` of a value that has these canonical bytes."""
    return hashlib.sha256(data).hexdigest()


def keep(before: WorkloadState | None, observation: Observation, now: float, policy: Policy, taken: Step) -> Record:
    """Everything needed to take this step again."""
    return Record(now, encode(policy), encode(before), encode(observation), encode(taken.state), encode(taken.commands))


def replay(kept: Record) -> bool:
    """Whether taking the recorded step again gives the same bytes.  Raises RecordError for what cannot be read."""
    before = decode(WorkloadState | None, kept.state_before)
    observation = decode(Observation, kept.observation)
    again = step(before, observation, kept.at, decode(Policy, kept.policy))
    if again is None:
        return False
    return encode(again.state) == kept.state_after and encode(again.commands) == kept.commands


def _plain(value: Any) -> object:
    kind = type(value)
    if kind in _AS_THEY_ARE:  # most values; the checks below take ten times as long
        return value
    if kind is tuple:
        return [_plain(each) for each in value]
    if kind is float and math.isfinite(value):
        return value
    names = _names(kind)
    if names:
        plain: dict[str, object] = {"_": kind.__name__}
        for name in names:
            plain[name] = _plain(getattr(value, name))
        return _without_defaults(plain, value) if _DEFAULTS[kind] else plain
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if isinstance(value, str | int | float):
        return value
    raise TypeError(f"{kind.__name__} is no value of the core")


def _without_defaults(plain: dict[str, object], value: Any) -> dict[str, object]:
    for name, default in _DEFAULTS[type(value)].items():
        if getattr(value, name) == default:
            del plain[name]
    return plain


def _names(kind: type) -> tuple[str, ...]:
    """Fields of a dataclass, in their order; none for other types."""
    if kind not in _NAMES:
        found = fields(kind) if is_dataclass(kind) else ()
        _DEFAULTS[kind] = {field.name: field.default for field in found if field.metadata == ADDED}
        _NAMES[kind] = tuple(field.name for field in found)
    return _NAMES[kind]


@cache
def _reader(kind: Any) -> Callable[[Any], Any]:
    origin = get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        return _union(get_args(kind))
    if origin is tuple:
        return _tuple(get_args(kind))
    if is_dataclass(kind) and isinstance(kind, type):
        return _dataclass(kind)
    if kind is float:
        return _number
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    return _scalar(kind)


def _scalar(kind: type) -> Callable[[Any], Any]:
    def read(data: Any) -> Any:
        if not isinstance(data, kind):
            raise TypeError(f"{data!r} is not {kind.__name__}")
        return data

    return read


def _number(data: Any) -> Any:
    if data in ("inf", "-inf", "nan"):
        return float(data)
    if isinstance(data, bool) or not isinstance(data, int | float):
        raise TypeError(f"{data!r} is not a number")
    return data


def _tuple(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(arguments) == 2 and arguments[1] is Ellipsis:
        read = _reader(arguments[0])
        return lambda data: tuple(read(each) for each in data)
    readers = tuple(_reader(each) for each in arguments)
    return lambda data: tuple(read(each) for read, each in zip(readers, data, strict=True))


def _dataclass(kind: type) -> Callable[[Any], Any]:
    hints = typing.get_type_hints(kind)
    readers = {name: _reader(hints[name]) for name in _names(kind)}
    defaults = _DEFAULTS[kind]

    def read_fields(data: Any) -> Any:
        if data["_"] != kind.__name__:
            raise TypeError(f"{data['_']} where {kind.__name__} belongs")
        return kind(
            **{name: read(data[name]) for name, read in readers.items() if name in data or name not in defaults}
        )

    return read_fields


def _union(arguments: tuple[Any, ...]) -> Callable[[Any], Any]:
    classes = {each.__name__: each for each in arguments if is_dataclass(each) and isinstance(each, type)}
    others = [each for each in arguments if each is not type(None) and each not in classes.values()]

    def read(data: Any) -> Any:
        if data is None:
            return None
        if isinstance(data, dict):
            return _reader(classes[data["_"]])(data)
        return _reader(others[0])(data)

    return read
