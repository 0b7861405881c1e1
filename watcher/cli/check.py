"""`watcher check`: every mistake of a thresholds file, with its place and remedy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from watcher.cli.exits import Exit

if TYPE_CHECKING:
    from watcher.config import Problem, Thresholds

OWN_SOURCES = "sources"


class CheckCommand(TyperCommand):
    """Lets `--prometheus` stand alone: then the sources of the file are asked."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give a lone `--prometheus` its value."""
        following = [*args, ""][1:]
        filled = [
            f"{arg}={OWN_SOURCES}" if arg == "--prometheus" and "://" not in after else arg
            for arg, after in zip(args, following, strict=True)
        ]
        return super().parse_args(ctx, filled)


def check(
    file: Annotated[Path, typer.Argument(help="The thresholds file.")],
    prometheus: Annotated[
        str,
        typer.Option(
            metavar="[URL]", help="Ask the file's sources too (or URL instead of them): do the metrics exist?"
        ),
    ] = "",
) -> None:
    """Check a thresholds file: every mistake with its place and remedy.

    Exit code 0: nothing is wrong. 2: something is, one line for each mistake: FILE:LINE:COLUMN what is wrong; remedy.
    """
    problems, thresholds = problems_of(file, prometheus)
    for problem in problems:
        typer.echo(problem)
    if problems:
        typer.echo(f"{file}: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}", err=True)
        raise typer.Exit(Exit.INVALID)
    typer.echo(_summary(file, prometheus, thresholds))


check.command_class = CheckCommand  # type: ignore[attr-defined]  # read where the command is loaded


def problems_of(file: Path, prometheus: str = "") -> tuple[tuple[Problem, ...], Thresholds | None]:
    """All problems of a file, and what it says when there are none before a source was asked.

    `prometheus`: empty: offline; `sources`: ask those of the file; else the address to ask.
    """
    from watcher.config import ConfigError, Problem, load

    try:
        thresholds = load(file)
    except ConfigError as error:
        return error.problems, None
    if not prometheus:
        return (), thresholds
    from watcher.config.online import problems_online
    from watcher.config.rules_sources import url_error

    if prometheus == OWN_SOURCES:
        return problems_online(thresholds), thresholds
    error_of_url = url_error(prometheus)
    if error_of_url is not None:
        return (Problem("--prometheus", 1, 1, *error_of_url),), thresholds
    return problems_online(thresholds, prometheus), thresholds


def _summary(file: Path, prometheus: str, thresholds: Thresholds | None) -> str:
    if thresholds is None:
        return ""
    spec = thresholds.spec
    asked = ", sources agree" if prometheus else ""
    parts = f"checks: {len(spec.checks or {})}, entries of services: {len(spec.services or ())}{asked}"
    return f"{file}: ok ({parts}, parameters {thresholds.digest[:12]})"
