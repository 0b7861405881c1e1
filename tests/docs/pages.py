"""The documentation as data: headings, tables, fenced blocks and links of a page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMES = (
    "README.md",
    "CONTRIBUTING.md",
    "examples/recordings/README.md",
    "helm/watcher/README.md",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))),
    "examples/report.md",
    "examples/first-hour.md",
)

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class Fence:
    """A fenced block: the words behind the backticks, its text, and its first line's number."""

    info: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """One page of Markdown."""

    name: str
    lines: tuple[str, ...]

    def fences(self) -> Iterator[Fence]:
        info, start = "", 0
        for number, line in enumerate(self.lines, start=1):
            if not line.startswith("```"):
                continue
            if start:
                yield Fence(tuple(info.split()), "\n".join(self.lines[start : number - 1]) + "\n", start + 1)
                start = 0
            else:
                info, start = line.removeprefix("```"), number

    def prose(self) -> tuple[str, ...]:
        """Lines outside of fenced blocks."""
        inside, kept = False, []
        for line in self.lines:
            if line.startswith("```"):
                inside = not inside
            elif not inside:
                kept.append(line)
        return tuple(kept)

    def headings(self) -> tuple[str, ...]:
        return tuple(line.lstrip("#").strip() for line in self.prose() if line.startswith("#"))

    def anchors(self) -> set[str]:
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in self.headings()}

    def links(self) -> tuple[str, ...]:
        return tuple(_LINK.findall("\n".join(self.prose())))

    def section(self, heading: str) -> tuple[str, ...]:
        """Lines between this heading and the next one of any level."""
        lines = self.prose()
        found = [index for index, line in enumerate(lines) if line.startswith("#") and line.strip("# ") == heading]
        assert len(found) == 1, f"{self.name} needs one heading {heading!r}, it has {len(found)}"
        rest = lines[found[0] + 1 :]
        end = next((index for index, line in enumerate(rest) if line.startswith("#")), len(rest))
        return rest[:end]

    def table(self, heading: str) -> dict[str, tuple[str, ...]]:
        """The first table of a section: cells of each row by what stands in code type in its first cell."""
        rows = [line for line in self.section(heading) if line.startswith("|")]
        return dict(row for line in rows[2:] for row in _row(line))


def _row(line: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    cells = tuple(cell.strip() for cell in line.strip("|\n").split(" |"))
    names = _CODE.findall(cells[0]) or [cells[0]]
    yield from ((name, cells) for name in names)


def code(cell: str) -> tuple[str, ...]:
    """What stands in code type in a cell."""
    return tuple(_CODE.findall(cell))


@cache
def page(name: str) -> Page:
    """A page by its path in the repository."""
    return Page(name, tuple((ROOT / name).read_text().splitlines()))
