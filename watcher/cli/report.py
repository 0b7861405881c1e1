"""`watcher report`: what was watched, what would have been undone, what people did then, and what is ready to act."""

from __future__ import annotations

import json
from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.reading import Server, Store, asking, present

if TYPE_CHECKING:
    from watcher.reporting.compiling import Span
    from watcher.reporting.report import Report


class Form(StrEnum):
    """Form of the report."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


Time = Annotated[str, typer.Option("--since", metavar="TIME", help="Begin: 14d or 24h ago, RFC 3339, or Unix seconds.")]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="End, written the same way.  [default: now]")]
Namespace = Annotated[str, typer.Option("--namespace", help="Only namespaces that fit this glob.")]
Output = Annotated[
    Form, typer.Option("--output", "-o", help="text for people, markdown to keep or send, json for programs.")
]


def report(
    since: Time = "14d",
    until: Until = "",
    namespace: Namespace = "",
    server: Server = "",
    store: Store = None,
    output: Output = Form.TEXT,
) -> None:
    """Report on the releases of the last two weeks: the case for switching from observe to act, or against it.

    Exit code 0 whatever it says, also when there is nothing to report on; 1: the log is damaged; 2: the command line is
    wrong; 5: the daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.report(_span(since, until, namespace, present()))
    _PRINT[output](found)


def _span(since: str, until: str, namespace: str, now: float) -> Span:
    """What the report is on.  Raises WrongUse."""
    from watcher.reporting.compiling import Span

    begin, end = _moment("--since", since, now), _moment("--until", until, now) if until else now
    if end <= begin:
        raise WrongUse("--until is not after --since; give a later time")
    return Span(begin, end, now, namespace)


def _moment(option: str, text: str, now: float) -> float:
    """Unix seconds of a duration before now, or of a time.  Raises WrongUse."""
    from watcher.config.values import Duration
    from watcher.replay.spec import read_moment

    try:
        if text[-1:] in set("dhms"):
            return now - Duration.parse(text)
        return read_moment(float(text) if text.replace(".", "", 1).isdecimal() else text)
    except ValueError as error:
        raise WrongUse(f"{option}: {error}") from error


def _as_text(found: Report) -> None:
    from watcher.cli.printing import show_table
    from watcher.reporting.page import sections, title

    typer.echo(f"{title(found)}\n")
    for section in sections(found):
        typer.secho(section.title, bold=True)
        for line in section.text:
            typer.echo(line)
        if section.table:
            show_table(section.table[0], section.table[1:])
        for line in (*section.after, *section.code.splitlines()):
            typer.echo(line)
        typer.echo("")


def _as_markdown(found: Report) -> None:
    from watcher.reporting.markdown import markdown

    typer.echo(markdown(found), nl=False)


def _as_json(found: Report) -> None:
    from watcher.reporting.document import document

    typer.echo(json.dumps(document(found), indent=2, ensure_ascii=False))


_PRINT: dict[Form, Callable[[Report], None]] = {
    Form.TEXT: _as_text,
    Form.MARKDOWN: _as_markdown,
    Form.JSON: _as_json,
}
