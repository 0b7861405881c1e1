"""`watcher explain`: each effective value of a workload and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from watcher.cli.exits import Exit
from watcher.cli.output import Format, Output, columns, for_programs

if TYPE_CHECKING:
    from watcher.config import Explanation
    from watcher.core.policy import Subject


def explain(
    workload: Annotated[str, typer.Argument(help="Kind/namespace/name, as in Deployment/shop/checkout.")],
    config: Annotated[
        Path, typer.Option("--config", "-c", envvar="WATCHER_CONFIG", help="The thresholds file.")
    ] = Path("thresholds.yaml"),
    label: Annotated[
        list[str] | None, typer.Option(help="A label of the workload, name=value; may be repeated.")
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Show each effective value of a workload and where it comes from.

    FROM is FILE:LINE, or default. Exit code 2: the thresholds file or an argument is wrong.
    """
    from watcher.config import ConfigError, explain, load

    try:
        explanation = explain(load(config), subject_of(workload, label or []))
    except ConfigError as error:
        typer.echo(error, err=True)
        raise typer.Exit(Exit.INVALID) from None
    typer.echo(shown(explanation) if output is Format.TABLE else for_programs(answer(explanation), output))


def subject_of(workload: str, labels: list[str]) -> Subject:
    """The workload that arguments name.  Raises typer.BadParameter."""
    from watcher.core.model import Workload
    from watcher.core.policy import Subject

    try:
        named = Workload.parse(workload)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    pairs: dict[str, str] = {}
    for label in labels:
        name, separator, value = label.partition("=")
        if not name or not separator:
            raise typer.BadParameter(f"{label!r} is not a label; write name=value")
        pairs[name] = value
    return Subject(named.kind, named.namespace, named.name, pairs)


def answer(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON and YAML show it."""
    subject = explanation.subject
    return {
        "workload": f"{subject.kind}/{subject.namespace}/{subject.name}",
        "watched": explanation.watched,
        "entries": list(explanation.entries),
        "values": [{"key": row.key, "value": row.value, "from": row.origin} for row in explanation.rows],
    }


def shown(explanation: Explanation) -> str:
    """The explanation as a table."""
    subject = explanation.subject
    name = f"{subject.kind}/{subject.namespace}/{subject.name}"
    if not explanation.watched:
        return f"{name} is not watched: no entry of services matches it"
    head = f"{name} is watched by {', '.join(explanation.entries)}"
    rows = [("KEY", "VALUE", "FROM"), *((row.key, row.value, row.origin) for row in explanation.rows)]
    return "\n".join([head, "", *columns(rows)])
