"""`watcher releases`: what was watched, and what became of it."""

from __future__ import annotations

from typing import Any

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import show_table
from watcher.cli.reading import Limit, Only, Server, Since, Store, asking, beginning, only, present
from watcher.core.moments import moment

_COLUMNS = ("WORKLOAD", "REVISION", "IMAGE", "BEGAN", "ENDED", "VERDICT", "ACTION", "OUTCOME")


def releases(
    workload: Only = "",
    limit: Limit = 20,
    since: Since = "",
    server: Server = "",
    store: Store = None,
    output: Output = Format.TABLE,
) -> None:
    """List releases, newest first.

    Exit code 2: the command line is wrong; 5: the daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.releases(only(workload), limit, beginning(since, present()))
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
    elif found:
        show_table(_COLUMNS, [_row(release) for release in found])
    else:
        typer.echo("no releases")


def _row(release: dict[str, Any]) -> tuple[str, ...]:
    ended = release.get("ended")
    return (
        str(release.get("workload")),
        str(release.get("revision")),
        ", ".join(release.get("images") or []),
        moment(release.get("began")),
        moment(ended) if ended is not None else f"no, {release.get('phase') or 'under watch'}",
        _verdict(release),
        release.get("action") or "-",
        release.get("outcome") or "-",
    )


def _verdict(release: dict[str, Any]) -> str:
    """What was seen, and what a person says of it."""
    called = release.get("called")
    said = f", {called.get('verdict')} says {called.get('by')}" if called else ""
    return f"{release.get('verdict') or '-'}{said}"
