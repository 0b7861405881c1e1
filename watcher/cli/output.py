"""How commands answer: tables for people, JSON and YAML for programs."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence


class Format(StrEnum):
    """Form of an answer."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Output = Annotated[Format, typer.Option("--output", "-o", help="table for people, json or yaml for programs.")]


def for_programs(answer: Any, form: Format) -> str:
    """The answer as JSON or YAML."""
    if form is Format.JSON:
        return json.dumps(answer, indent=2, ensure_ascii=False)
    import yaml

    text: str = yaml.safe_dump(answer, sort_keys=False, allow_unicode=True)
    return text.rstrip("\n")


def columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Lines with aligned columns; the first row is the heading."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return [line.rstrip() for line in lines]
