"""`watcher flags`: the feature flags of releases under watch, and putting one back."""

from __future__ import annotations

import os
from typing import Annotated, Any

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported, show_table
from watcher.cli.reading import Server, identified
from watcher.cli.secret import TokenFile, writing
from watcher.core.moments import moment

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Feature flags that releases are tied to.")

_COLUMNS = ("FLAG", "STATE", "CHANGED", "RELEASES OF", "PROBLEM")


@app.command("list")
def list_flags(server: Server = "", output: Output = Format.TABLE) -> None:
    """List the flags that releases under watch are tied to, and how they stand.

    Exit code 2: the command line is wrong; 5: the daemon cannot be reached.
    """
    from watcher.cli.answers import DEFAULT_SERVER
    from watcher.cli.server import ServerAnswers

    with failures_reported():
        found = ServerAnswers(server or os.environ.get("WATCHER_SERVER") or DEFAULT_SERVER).flags()
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
    elif found:
        show_table(_COLUMNS, [_row(each) for each in found])
    else:
        typer.echo("no release under watch is tied to a flag")


@app.command("restore")
def restore(
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, or the beginning of it.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; goes into the decision log.")] = "",
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Put the flag that a decision switched off back to the state that the decision found.

    Exit code 1: it has switched none, somebody has changed it since, or you may not; 2: the command line is wrong, no
    decision has this id; 5: the daemon or the provider cannot be reached.
    """
    from watcher.cli.answers import WrongUse

    with failures_reported():
        if not reason.strip():
            raise WrongUse("say why: --reason TEXT")
        found = writing(server, token_file).restore_flag(identified(decision), reason.strip())
    typer.echo(for_programs(found, output) if output is not Format.TABLE else found["message"])


def _row(flag: dict[str, Any]) -> tuple[str, ...]:
    changed = moment(flag["changed"]) if flag.get("changed") is not None else "-"
    state = flag.get("state") or "not known"
    return str(flag["flag"]), str(state), changed, ", ".join(flag["workloads"]), flag.get("problem") or "-"
