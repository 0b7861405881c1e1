"""`watcher decisions`: what was decided, and why."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported, show_facts, show_table
from watcher.cli.reading import Limit, Only, Server, Since, Store, asking, beginning, identified, only, present
from watcher.cli.secret import TokenFile, writing
from watcher.core.moments import moment
from watcher.core.telling.facts import facts

app = typer.Typer(no_args_is_help=True, help="List decisions, show one with all its reasons, or write the note on it.")


class Judgement(StrEnum):
    """What a person says of a decision."""

    RIGHT = "right"
    WRONG = "wrong"


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
        found = answers.decisions(only(workload), limit, beginning(since, present()))
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
        found = answers.decision(identified(decision))
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    typer.echo(f"{found.get('id')}  {found.get('workload')}\n")
    show_facts(facts(found, present()))


@app.command("note")
def note_on_decision(
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, or the beginning of it.")],
    to: Annotated[
        Path | None,
        typer.Option("--to", help="Write it into this folder, or this .md file, with the picture beside it."),
    ] = None,
    server: Server = "",
    store: Store = None,
    output: Output = Format.TABLE,
) -> None:
    """Write the post-incident note: what broke, the evidence with a picture, the way back, what is left to do.

    Exit code 1: it cannot be written; 2: no decision, or more than one, has an id that begins so; 5: the daemon or the
    log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.note(identified(decision))
    if to is not None:
        with failures_reported():
            from watcher.incident.files import write

            typer.echo(write(to, found["name"], found["markdown"], found["picture"]))
    else:
        typer.echo(for_programs(found, output) if output is not Format.TABLE else found["markdown"].rstrip("\n"))


@app.command("label")
def label_decision(
    decision: Annotated[str, typer.Argument(metavar="ID", help="The decision's id, or the beginning of it.")],
    verdict: Annotated[Judgement, typer.Argument(help="right or wrong")],
    note: Annotated[str, typer.Option("--note", help="What made it so, in a line.")] = "",
    server: Server = "",
    token_file: TokenFile = None,
    output: Output = Format.TABLE,
) -> None:
    """Say afterwards whether a decision was right; the newest word counts, and `watcher report` counts with it.

    Exit code 1: the token may not; 2: the command line is wrong, no decision has this id; 5: the daemon cannot be
    reached.
    """
    with failures_reported():
        found = writing(server, token_file).label(identified(decision), verdict.value, note)
    typer.echo(
        for_programs(found, output) if output is not Format.TABLE else f"{found['decision']}: {found['verdict']}"
    )


def _row(decision: dict[str, Any]) -> tuple[str, ...]:
    action, mode = str(decision.get("action") or "-"), decision.get("mode")
    return (
        str(decision.get("id")),
        moment(decision.get("at")),
        str(decision.get("workload")),
        f"{action} ({mode})" if mode else action,
        decision.get("rung") or "-",
        _outcome(decision),
        decision.get("reason") or "",
    )


def _outcome(decision: dict[str, Any]) -> str:
    """How it ended, or that it waits; and what a person said of it."""
    label = decision.get("label") or {}
    found = decision.get("outcome") or ("waits for approval" if decision.get("waiting") else "-")
    return f"{found} ({label['verdict']})" if label else found
