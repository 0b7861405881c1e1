"""`watcher rollback`: go back from what runs now, at a person's command."""

from __future__ import annotations

import secrets
from typing import Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported
from watcher.cli.reading import Server, named
from watcher.cli.secret import TokenFile, writing
from watcher.ports import Unavailable

ATTEMPTS = 3
"""Times that a command is sent where nobody knows whether it arrived; it counts once."""


def rollback(
    workload: Annotated[str, typer.Argument(help="Kind/namespace/name, as in Deployment/shop/checkout.")],
    reason: Annotated[str, typer.Option("--reason", "-r", help="Why; goes into the decision log.")],
    leaving: Annotated[
        str | None, typer.Option("--from", help="Revision to go back from, by name or number; refused if another runs.")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Revision to go back to, by name or number.")] = "",
    override: Annotated[list[str] | None, typer.Option("--override", help="Guard to pass, by its id.")] = None,
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Go back from the release that runs now, be it under watch or not.

    Guards, ladder and record are those of every decision. What holds refuses it, and the answer says how to pass what
    may be passed.

    Exit code 1: it is refused, as where another revision runs than the named one, or the token may not; 2: the command
    line is wrong; 5: the daemon cannot be reached.
    """
    with failures_reported():
        if not reason.strip():
            raise WrongUse("say why: --reason TEXT")
        if leaving is not None and not leaving.strip():
            raise WrongUse("say which revision is to be left: --from REVISION")
        body = {"id": secrets.token_hex(8), "workload": named(workload), "reason": reason.strip()}
        revisions = {key: text for key, text in (("from", leaving), ("to", to)) if text}
        wanted = {**body, "overrides": override or [], **revisions}
        daemon = writing(server, token_file)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                found = daemon.roll_back(wanted)
                break
            except Unavailable:
                if attempt == ATTEMPTS:
                    raise
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    typer.echo(f"{found['workload']}: {found['message']}")
    if found.get("decision"):
        typer.echo(f"Follow it: watcher decisions show {found['decision']}")
