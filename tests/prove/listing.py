"""The table of mutations, as it is printed and as `docs/proof.md` has it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.prove.mutating import Verdict

PAGE = Path(__file__).parents[2] / "docs" / "proof.md"
BEGIN, END = "<!-- mutations: begin -->", "<!-- mutations: end -->"


def line(verdict: Verdict) -> str:
    """One line of a run."""
    if not verdict.histories:
        return f"{verdict.name:<40} SURVIVES"
    if verdict.without:
        return f"{verdict.name:<40} SPOILT: without it too: {verdict.without}"
    after = f"{verdict.histories} histor{'y' if verdict.histories == 1 else 'ies'}"
    return f"{verdict.name:<40} found out after {after}: invariant {verdict.invariant}: {verdict.what}"


def table(verdicts: Iterable[Verdict]) -> str:
    """Markdown."""
    rows = ["| taken out | what it is | found out after histories | by invariant |", "|---|---|---|---|"]
    rows += [f"| `{each.name}` | {each.removes} | {each.histories} | {each.invariant} |" for each in verdicts]
    return "\n".join(rows)


def write(verdicts: Iterable[Verdict]) -> None:
    """Put the table in its place on the page."""
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table(verdicts)}\n{END}{after}")


def listed() -> tuple[str, ...]:
    """Names of mutations that the page tells of."""
    rows = PAGE.read_text().partition(BEGIN)[2].partition(END)[0].splitlines()
    return tuple(row.split("`")[1] for row in rows if row.startswith("| `"))
