"""`watcher approve`: let a proposal be carried out."""

from __future__ import annotations

from typing import Annotated

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported
from watcher.cli.reading import Server, identified
from watcher.cli.secret import TokenFile, writing


def approve(
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, or the beginning of it.")],
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Approve a proposal: it is judged anew, and carried out if that comes to the same.

    Exit code 1: it does not wait (any more), or the token may not; 2: the command line is wrong, no decision has this
    id; 5: the daemon cannot be reached.
    """
    with failures_reported():
        found = writing(server, token_file).approve(identified(decision))
    typer.echo(
        for_programs(found, output) if output is not Format.TABLE else f"{found['workload']}: {found['message']}"
    )
