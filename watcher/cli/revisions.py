"""`watcher good` and `watcher bad`: a person's word on a revision."""

from __future__ import annotations

from typing import Annotated

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported
from watcher.cli.reading import Server, named
from watcher.cli.secret import TokenFile, writing

Which = Annotated[str, typer.Argument(metavar="WORKLOAD", help="Kind/namespace/name, as in Deployment/shop/checkout.")]
Revision = Annotated[str, typer.Argument(metavar="REVISION", help="The revision's name, or its number.")]
Reason = Annotated[str, typer.Option("--reason", "-r", help="Why; shown wherever it counts.")]


def good(
    workload: Which,
    revision: Revision,
    reason: Reason = "",
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Call a revision good: it may be gone back to, and is in quarantine no more.

    Exit code 1: it does not count, or the token may not; 2: the command line is wrong; 5: the daemon cannot be reached.
    """
    _call(workload, revision, "good", reason, server, token_file, output)


def bad(
    workload: Which,
    revision: Revision,
    reason: Reason = "",
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Call a revision bad: it is gone back to no more, and its return is an alarm.  Nothing is rolled back by it.

    Exit code 1: it does not count, or the token may not; 2: the command line is wrong; 5: the daemon cannot be reached.
    """
    _call(workload, revision, "bad", reason, server, token_file, output)


def _call(
    workload: str,
    revision: str,
    verdict: str,
    reason: str,
    server: str,
    token_file: TokenFile,
    output: Format,
) -> None:
    with failures_reported():
        found = writing(server, token_file).call_revision(named(workload), revision, verdict, reason.strip())
    text = f"{found['workload']}: {found['message']}" if output is Format.TABLE else for_programs(found, output)
    typer.echo(text)
