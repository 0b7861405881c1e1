"""What the reading commands share: where to read, which rows, and one way to ask."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli.answers import Answers, WrongUse, choose
from watcher.cli.printing import failures_reported
from watcher.core.model import Workload

Server = Annotated[
    str,
    typer.Option("--server", help="URL of a running daemon.  [env: WATCHER_SERVER; default: http://127.0.0.1:8080]"),
]
Store = Annotated[Path | None, typer.Option("--store", help="Read this decision log instead.  [env: WATCHER_STORE]")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="How many at the most.")]
Since = Annotated[str, typer.Option("--since", help="Only the newest stretch of time: 30m, 24h, 7d.")]
Only = Annotated[str, typer.Option("--workload", "-w", help="Only this workload: Kind/namespace/name.")]


@contextmanager
def asking(server: str, store: Path | None) -> Iterator[Answers]:
    """The chosen source, closed at the end; what goes wrong ends the command with its exit code."""
    with failures_reported(), closing(choose(server, store)) as answers:
        yield answers


def named(workload: str) -> str:
    """The workload as the log writes it.  Raises WrongUse."""
    try:
        return str(Workload.parse(workload))
    except ValueError as error:
        raise WrongUse(str(error)) from error


def only(workload: str) -> str:
    """The workload that an option names; empty: each of them.  Raises WrongUse."""
    return named(workload) if workload else ""


def identified(decision: str) -> str:
    """The id of a decision, or the beginning of it.  Raises WrongUse for an empty one, as of a variable that is not
    set: every id begins so."""
    if not decision.strip():
        raise WrongUse("name the decision by its id, or the beginning of it; `watcher decisions list` shows them")
    return decision


def beginning(since: str, now: float) -> float:
    """Unix seconds of the oldest moment that is asked for; 0 for an empty `since`.  Raises WrongUse."""
    if not since:
        return 0.0
    from watcher.config.values import Duration

    try:
        return now - Duration.parse(since)
    except ValueError as error:
        raise WrongUse(f"--since: {error}") from error


def present() -> float:
    """Now, in Unix seconds."""
    return time.time()
