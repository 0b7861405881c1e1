"""`watcher token`: tokens for people who write over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported

app = typer.Typer(no_args_is_help=True, help="Make tokens for people who write over HTTP.")


@app.callback()
def token() -> None:
    """Make tokens for people who write over HTTP."""


@app.command("new")
def new_token(
    name: Annotated[str, typer.Argument(help="Whose it is; this name goes into the decision log.")],
    scopes: Annotated[
        str,
        typer.Option(
            "--scopes",
            help="What it may do: approve, flag, hold, label, breaker, rollback, revision, rehearse.",
        ),
    ] = "approve,hold,label",
    output: Output = Format.TABLE,
) -> None:
    """Make a token, show it once, and show the entry for the daemon's file (WATCHER_TOKENS), which holds its hash.

    Exit code 2: the name or a scope cannot be one.
    """
    import yaml

    from watcher.web.tokens import Scope, new

    with failures_reported():
        try:
            wanted = tuple(Scope(each.strip()) for each in scopes.split(","))
        except ValueError as error:
            raise WrongUse(f"--scopes {scopes}: {error}; use {', '.join(Scope)}, separated by commas") from error
        try:
            secret, entry = new(name, wanted)
        except ValueError as error:
            raise WrongUse(f"{name!r} cannot be the name of a token: {error}") from error
    known = entry.model_dump(mode="json")
    if output is not Format.TABLE:
        typer.echo(for_programs({"token": secret, "entry": known}, output))
        return
    typer.echo(f"The token, shown this once; {name} keeps it in a file that nobody else can read:\n\n  {secret}\n")
    typer.echo("Add to the file that WATCHER_TOKENS names (it takes effect at the next request):\n")
    typer.echo(yaml.safe_dump([known], sort_keys=False, default_flow_style=None, width=200).rstrip())
