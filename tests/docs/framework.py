"""The table of docs/decision-framework.md, made of the rules: `python -m tests.docs.framework` writes it anew."""

from __future__ import annotations

from collections.abc import Iterator

from tests.docs.pages import ROOT
from watcher.core.deciding.framework import TABLE, Row
from watcher.core.deciding.gate import Gate
from watcher.core.words import Mode

PAGE = ROOT / "docs" / "decision-framework.md"
BEGIN, END = "<!-- framework, by python -m tests.docs.framework -->", "<!-- end of framework -->"
HEAD = ("", "breach", "guard", "flag", "good version", "way back", "migrations", "action", "by itself", "because")


def table() -> str:
    """One row a rule, in their order."""
    lines = [_line(HEAD), _line(("---",) * len(HEAD))]
    lines += [_line((str(number), *_cells(row))) for number, row in enumerate(TABLE, start=1)]
    return "\n".join(lines)


def _cells(row: Row) -> Iterator[str]:
    for wanted in (row.breach, row.guard, row.flag, row.target, row.rung):
        yield {None: "any", True: "yes", False: "no"}[wanted]
    yield "any" if row.gates is None else ", ".join(f"`{each}`" for each in Gate if each in row.gates)
    yield f"`{row.course.action}`"
    yield {Mode.ACT: "as the settings say", Mode.PROPOSE: "proposed at the most"}.get(row.course.most, "nothing")
    yield row.course.sentence


def _line(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


def main() -> None:
    """Write the table into the page."""
    text = PAGE.read_text()
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}")


if __name__ == "__main__":
    main()
