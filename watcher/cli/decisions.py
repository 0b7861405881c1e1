"""`watcher decisions`: what was decided, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from watcher.cli.decision_page import facts
from watcher.cli.moments import moment
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import show_facts, show_table
from watcher.cli.reading import Limit, Only, Server, Since, Store, asking, beginning, named, present

app = typer.Typer(no_args_is_help=True, help="List decisions, or show one with all its reasons.")

_COLUMNS = ("ID", "DECIDED", "WORKLOAD", "ACTION", "RUNG", "OUTCOME", "REASON")


@app.command("list")
def list_decisions(
    workload: Only = "",
    limit: Limit = 20,
    since: Since = "",
    server: Server = "",
    store: Store = None,
    output: Output = Format.TABLE,
) -> None:
    """List decisions, newest first.

    Exit code 2: the command line is wrong; 5: the daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.decisions(named(workload), limit, beginning(since, present()))
    if output is not Format.TABLE:
        typer.echo(for_programs({"items": found}, output))
    elif found:
        show_table(_COLUMNS, [_row(decision) for decision in found])
    else:
        typer.echo("no decisions")


@app.command("show")
def show_decision(
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, or the beginning of it.")],
    server: Server = "",
    store: Store = None,
    output: Output = Format.TABLE,
) -> None:
    """Show one decision: over or not, what to do, the evidence, what changed, each rung.

    Exit code 2: no decision, or more than one, has an id that begins so; 5: the daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.decision(decision)
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    typer.echo(f"{found.get('id')}  {found.get('workload')}\n")
    show_facts(facts(found, present()))


def _row(decision: dict[str, Any]) -> tuple[str, ...]:
    action, mode = str(decision.get("action") or "-"), decision.get("mode")
    return (
        str(decision.get("id")),
        moment(decision.get("at")),
        str(decision.get("workload")),
        f"{action} ({mode})" if mode else action,
        decision.get("rung") or "-",
        decision.get("outcome") or "-",
        decision.get("reason") or "",
    )
