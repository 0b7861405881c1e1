"""`watcher store`: mending the file of the decision log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.printing import failures_reported

if TYPE_CHECKING:
    from watcher.adapters.store.recovery import Recovered

app = typer.Typer(no_args_is_help=True, help="Mend the file of the decision log.")


@app.callback()
def store() -> None:
    """Mend the file of the decision log."""


@app.command("recover")
def recover_store(
    path: Annotated[Path, typer.Argument(help="The damaged decision log; it is only read.")],
    to: Annotated[Path | None, typer.Option("--to", help="The new file.  [default: PATH.recovered]")] = None,
) -> None:
    """Save every row that can still be read from a damaged decision log into a new file.

    Exit code 1: the new file exists or cannot be written; 5: there is no such log, or a daemon is writing it.
    """
    from watcher.adapters.store.recovery import recover

    with failures_reported():
        report = recover(path, to)
    typer.echo("\n".join(_lines(path, report)))


def _lines(path: Path, report: Recovered) -> list[str]:
    lines = [f"{count:>8} {table}" for table, count in report.saved.items()]
    if report.states_rebuilt:
        lines.append(f"{report.states_rebuilt:>8} states made again from the last transition of their workload")
    if report.without_policy:
        lines.append(f"{report.without_policy:>8} transitions whose policy is lost: readable, but not to be replayed")
    lines.append(f"{report.unreadable:>8} damaged rows left out")
    return [f"Saved from {path} into {report.target}:", *lines, _next(path, report.target)]


def _next(path: Path, target: Path) -> str:
    """The commands that put the recovered file in the place of the damaged one; nothing is deleted."""
    there = [suffix for suffix in ("", "-wal", "-shm") if path.with_name(path.name + suffix).exists()]
    moves = [f"mv {path}{suffix} {path}.damaged{suffix}" for suffix in there]
    return "\n".join(["To go on with it:", *(f"  {move}" for move in [*moves, f"mv {target} {path}"])])
