"""Durations, ratios and factors: numbers that are written with a unit and print as they are written."""

from __future__ import annotations

import re
from abc import abstractmethod
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic_core import PydanticCustomError, core_schema

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

_NUMBER = r"(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?"
_DURATION = re.compile(rf"(?:({_NUMBER})d)?(?:({_NUMBER})h)?(?:({_NUMBER})m)?(?:({_NUMBER})s)?(?:({_NUMBER})ms)?\Z")
_PERCENT = re.compile(rf"({_NUMBER})\s?%\Z")
_PLAIN = re.compile(rf"{_NUMBER}\Z")
_FACTOR = re.compile(rf"({_NUMBER})x\Z")
_UNITS = (Decimal(86400), Decimal(3600), Decimal(60), Decimal(1), Decimal("0.001"))
_LONGEST = 3650 * 86400


def wrong(what: str, remedy: str) -> PydanticCustomError:
    """The error of a value, for pydantic to carry to its place."""
    return PydanticCustomError("watcher", "{what}; {remedy}", {"what": what, "remedy": remedy})


def shown(value: object) -> str:
    """A value as it may stand in a message: as in YAML, and not longer than a line."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _decimal(number: float) -> str:
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class _Written(float):
    """A number with a notation of its own in YAML."""

    __slots__ = ()
    schema: ClassVar[dict[str, Any]] = {}

    @classmethod
    @abstractmethod
    def parse(cls, value: object) -> Self:
        """Read what stands in the file.  Raises PydanticCustomError with what is wrong and the remedy."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema(when_used="always")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(cls.schema)


class Duration(_Written):
    """Seconds, written `500ms`, `30s`, `5m`, `24h`, `14d` or combined as in `1h30m`."""

    __slots__ = ()
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^(?=[0-9])([0-9.]+d)?([0-9.]+h)?([0-9.]+m)?([0-9.]+s)?([0-9.]+ms)?$",
        "examples": ["30s", "5m", "1h30m", "14d"],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a duration.  Raises PydanticCustomError."""
        match = _DURATION.match(value) if isinstance(value, str) and value else None
        if match is None:
            remedy = "write a number with its unit, largest unit first, as in 500ms, 30s, 5m, 1h30m or 14d"
            if isinstance(value, int | float) and not isinstance(value, bool):
                raise wrong(f"the duration {value} has no unit", remedy)
            raise wrong(f"{shown(value)} is not a duration", remedy)
        total = sum(Decimal(part) * unit for part, unit in zip(match.groups(), _UNITS, strict=True) if part)
        if total > _LONGEST:
            raise wrong(f"the duration {shown(value)} is longer than ten years", "write a shorter one")
        return cls(total)

    def __str__(self) -> str:
        left = Decimal(repr(float(self)))
        parts: list[str] = []
        for unit, name in zip(_UNITS[:4], "dhms", strict=True):
            whole = int(left // unit)
            left -= whole * unit
            parts += [f"{whole}{name}"] if whole else []
        parts += [f"{_decimal(float(left * 1000))}ms"] if left else []
        return "".join(parts) or "0s"


class Ratio(_Written):
    """A share in [0, 1], written `1%` or `0.01`."""

    __slots__ = ()
    schema: ClassVar[dict[str, Any]] = {
        "anyOf": [
            {"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s?%$"},
            {"type": "number", "minimum": 0, "exclusiveMaximum": 1},
        ],
        "examples": ["1%", "0.5%", 0.01],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a ratio.  Raises PydanticCustomError."""
        share = _share(value)
        if share is None:
            raise wrong(f"{shown(value)} is not a ratio", "write a percentage as in 1% or a number as in 0.01")
        if isinstance(value, int | float) and value >= 1:
            raise wrong(f"the ratio {value} is not below 1", f"write {value}% if percent are meant")
        if not 0 <= share <= 1:
            raise wrong(f"the ratio {shown(value)} is not between 0% and 100%", "write a share such as 1%")
        return cls(share)

    def __str__(self) -> str:
        return f"{_decimal(float(Decimal(repr(float(self))) * 100))}%"


class Factor(_Written):
    """A factor of at least 1, written `2x`."""

    __slots__ = ()
    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^[1-9][0-9]*(\.[0-9]+)?x$",
        "examples": ["2x", "1.5x"],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a factor.  Raises PydanticCustomError."""
        match = _FACTOR.match(value) if isinstance(value, str) else None
        if match is None:
            raise wrong(f"{shown(value)} is not a factor", "write a number with an x, as in 2x")
        if float(match[1]) < 1:
            raise wrong(
                f"the factor {value} is below 1", "write 1x or more: it allows at most that many times the old share"
            )
        return cls(match[1])

    def __str__(self) -> str:
        return f"{_decimal(self)}x"


class Bound(_Written):
    """A bound: a share (`1%`) where a share is judged, a plain number where a query's value is."""

    __slots__ = ()
    schema: ClassVar[dict[str, Any]] = {
        "anyOf": [{"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)?\s?%$"}, {"type": "number"}],
        "examples": ["1%", 10000],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read a bound.  Raises PydanticCustomError."""
        share = _share(value)
        if share is None:
            raise wrong(f"{shown(value)} is not a bound", "write a percentage as in 1%, or a number for a query check")
        return cls(share)

    def __str__(self) -> str:
        return _decimal(self)


def _share(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, str):
        return None
    percent = _PERCENT.match(value)
    if percent:
        return float(Decimal(percent[1]) / 100)
    return float(value) if _PLAIN.match(value) else None


@dataclass(frozen=True, slots=True)
class FalseRollbacks:
    """How many wrong rollbacks are accepted: `count` per `releases`, or per quarter when `releases` is None."""

    count: int
    releases: int | None

    schema: ClassVar[dict[str, Any]] = {
        "type": "string",
        "pattern": r"^[1-9][0-9]* per ([1-9][0-9]* releases|quarter)$",
        "examples": ["1 per 1000 releases", "1 per quarter"],
    }

    @classmethod
    def parse(cls, value: object) -> Self:
        """Read the promise.  Raises PydanticCustomError."""
        remedy = "write 1 per 1000 releases, or 1 per quarter for the whole fleet"
        pattern = r"([1-9][0-9]{0,8}) per (?:([1-9][0-9]{0,8}) releases|quarter)"
        match = re.fullmatch(pattern, value) if isinstance(value, str) else None
        if match is None:
            raise wrong(f"{shown(value)} is not a rate of false rollbacks", remedy)
        count, releases = int(match[1]), int(match[2]) if match[2] else None
        if releases is not None and count >= releases:
            raise wrong(f"{value} would accept that every rollback is wrong", remedy)
        return cls(count, releases)

    def __str__(self) -> str:
        return f"{self.count} per {'quarter' if self.releases is None else f'{self.releases} releases'}"

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: object, _handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.to_string_ser_schema(when_used="always")
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, _core: core_schema.CoreSchema, _handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return dict(cls.schema)
