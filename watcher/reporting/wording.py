"""What pages are made of: sections, tables, and how times and counts are written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

MOST = 50
"""Rows of a table on a page; `-o json` has all."""

Row = tuple[str, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Section:
    """One section; the first row of `table` is its heading, `code` is YAML."""

    title: str
    text: tuple[str, ...] = ()
    table: tuple[Row, ...] = ()
    after: tuple[str, ...] = ()
    code: str = ""


def moment(at: float | None) -> str:
    """A time in UTC to the minute; a dash for none."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%MZ") if at is not None else "-"


def minutes(duration: float) -> str:
    """A duration in minutes, whatever its length: so that they can be compared."""
    return f"{duration / 60:,.1f} min"


def count(number: int, what: str) -> str:
    """A number and what is counted, which takes an s for several."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def table(columns: Row, items: Iterable[T], row: Callable[[T], Row]) -> tuple[Row, ...]:
    """A table of these items, with its heading; empty where there are none."""
    shown = [row(each) for each in list(items)[:MOST]]
    return (columns, *shown) if shown else ()


def more(items: Sequence[object]) -> tuple[str, ...]:
    """What to say below a table that does not show all."""
    return (f"And {len(items) - MOST:,} more: -o json has all.",) if len(items) > MOST else ()
