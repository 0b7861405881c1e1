"""`watcher breaker`: how the breakers stand, and closing one before its time."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from watcher.cli.answers import DEFAULT_SERVER, WrongUse
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported, show_table
from watcher.cli.reading import Server
from watcher.cli.secret import TokenFile, writing
from watcher.cli.server import ServerAnswers
from watcher.core.deciding.breaker import CLUSTER, of_namespace
from watcher.core.moments import moment, span

app = typer.Typer(no_args_is_help=True, help="Show the breakers, or close one before its time.")

_COLUMNS = ("BREAKER", "STATE", "ROLLBACKS", "CLOSES", "CLOSED BY HAND")


@app.callback()
def breaker() -> None:
    """Show the breakers, or close one before its time."""


@app.command("show")
def show(server: Server = "", output: Output = Format.TABLE) -> None:
    """Show how many rollbacks each breaker counts, and whether it is open.

    Exit code 5: the daemon cannot be reached.
    """
    with failures_reported():
        asked = server or os.environ.get("WATCHER_SERVER") or DEFAULT_SERVER
        found = ServerAnswers(asked).breakers()
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
        return
    show_table(_COLUMNS, [_row(each) for each in found])


@app.command("close")
def close(
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why it may count anew; goes into the decision log.")],
    namespace: Annotated[
        str, typer.Option("--namespace", help="The breaker of this namespace, instead of that of the cluster.")
    ] = "",
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Let an open breaker count anew: rollbacks before now do not count any more, and what it held is judged anew.

    Exit code 1: it is not open, or the token may not; 2: the command line is wrong; 5: the daemon cannot be reached.
    """
    with failures_reported():
        if not reason.strip():
            raise WrongUse("say why: --reason TEXT")
        scope = of_namespace(namespace) if namespace else CLUSTER
        found = writing(server, token_file).close_breaker(scope, reason.strip())
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    typer.echo(f"{_name(found)} is closed: {found['rollbacks']} of {found['max']} rollbacks count now.")


def _row(found: dict[str, Any]) -> tuple[str, ...]:
    closed = found.get("closed")
    by_hand = f"{moment(closed['at'])} by {closed['by']}: {closed['reason']}" if closed else "-"
    used = f"{found['rollbacks']} of {found['max']} in {span(found['window_s'])}"
    return _name(found), "open" if found["open"] else "closed", used, moment(found.get("closes")), by_hand


def _name(found: dict[str, Any]) -> str:
    return "cluster" if found["scope"] == CLUSTER else str(found["scope"])
