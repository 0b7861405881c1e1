"""Tables and facts for people, and errors that end a reading command with the exit code of their kind."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.ports import NoSuchDecision, Unavailable, WatcherError

if TYPE_CHECKING:
    from rich.table import Table

_WIDTH = 160  # columns where the output is no terminal


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table; long cells are folded, never cut."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    _print(table, rows)


def show_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print facts under each other, their names in a column; a fact may have several lines; empty ones are left out."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    _print(table, [fact for fact in facts if fact[1]])


def _print(table: Table, rows: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.text import Text

    for row in rows:
        table.add_row(*map(Text, row))  # as Text: brackets in a reason are no markup
    Console(width=None if sys.stdout.isatty() else _WIDTH).print(table)


@contextmanager
def failures_reported() -> Iterator[None]:
    """Say in one line on stderr what is wrong and what mends it, and end with the exit code of its kind."""
    try:
        yield
    except WatcherError as error:
        typer.echo(f"watcher: {error}{_near(error)}", err=True)
        raise typer.Exit(exit_code(error)) from error


def exit_code(error: WatcherError) -> Exit:
    """The exit code for this kind of error."""
    if isinstance(error, NoSuchDecision | WrongUse):
        return Exit.INVALID
    return Exit.UNREACHABLE if isinstance(error, Unavailable) else Exit.FAILED


def _near(error: WatcherError) -> str:
    return f"; did you mean {' or '.join(error.near)}?" if isinstance(error, NoSuchDecision) and error.near else ""
