"""Somebody else's text in a Markdown page: it is shown as it is, and means nothing there.

Commit subjects, reasons and messages of other programs are written by others.  They must neither break a table, nor
become a link, a picture or a heading, nor call people by their name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 600
"""Characters of one text."""

_SPECIAL = re.compile(r"([\\`*{}\[\]<>#|~$]|(?<!\w)_|_(?!\w))")  # GitHub takes no underscore within a word for emphasis
_CALLED = re.compile(r"(?<![\w`])@(?=\w)")
_LINK = re.compile(r"\b(https?|ftp)://|\bwww\.")
_AT_BEGIN = re.compile(r"^(\d+)([.)])|^([-+=:])")
_NOTHING = "\u200b"  # has no width, and keeps what stands around it apart


def plain(text: object, most: int = LONGEST) -> str:
    """One line of text, of so many characters at the most."""
    line = " ".join("".join(each if each.isprintable() else " " for each in str(text)).split())
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    line = _SPECIAL.sub(r"\\\1", line)
    line = _LINK.sub(lambda found: f"{found.group()[:-1]}{_NOTHING}{found.group()[-1]}", line)
    line = _CALLED.sub(f"@{_NOTHING}", line)
    return _AT_BEGIN.sub(lambda found: f"{found[1]}\\{found[2]}" if found[1] else f"\\{found[3]}", line)


def code(text: object, most: int = LONGEST) -> str:
    """A name as code; a name in code cannot hold a backtick or a line break, and in a table no bar."""
    line = " ".join("".join(each if each.isprintable() else " " for each in str(text)).split())
    line = line if len(line) <= most else f"{line[: most - 1]}…"
    fence = "`" * (max((len(each) for each in re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in line else ""
    return f"{fence}{pad}{line}{pad}{fence}".replace("|", "\\|") if line else ""


def block(*lines: str) -> list[str]:
    """Commands to copy."""
    return ["```sh", *lines, "```"]


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A table whose cells are Markdown already; empty without rows."""
    if not rows:
        return []
    return [_row(head), _row(("---",) * len(head)), *map(_row, rows)]


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def link(address: str) -> str:
    """An address of a pull request: as a link where it is plain, as text where anything in it could mean more."""
    good = re.fullmatch(r"https?://[\w.:/%~+@=&?#-]{1,500}", address)
    return f"<{address}>" if good else plain(address)
