"""`watcher replay`: recordings through the daemon's own code in virtual time."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from watcher.cli.exits import Exit

if TYPE_CHECKING:
    from watcher.config import ConfigError, Thresholds
    from watcher.replay.finals import Row


class Form(StrEnum):
    """Form of the answer."""

    TABLE = "table"
    JSON = "json"


class Answer(NamedTuple):
    """What became of one recording: its rows, or what is wrong."""

    rows: list[Row]
    unreadable: str = ""
    failed: str = ""


def replay(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="Recordings, or directories of recordings.")],
    config: Annotated[
        Path | None, typer.Option(help="The thresholds file of recordings that name none themselves.")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Recordings that are replayed at the same time.")] = 1,
    output: Annotated[
        Form, typer.Option("--output", "-o", help="table for people; json: one object a line and release.")
    ] = Form.TABLE,
) -> None:
    """Replay recordings: what would have been decided, and when.

    Exit code 0 when every recording was replayed, whatever the verdicts. 1 when watcher itself failed on one. 2 when
    one cannot be read; the others are replayed all the same.
    """
    rows: list[Row] = []
    problems: list[str] = []
    code = Exit.OK
    for answer in _answers(paths, config, jobs):
        if output is Form.JSON:
            _print_lines(answer.rows)
        rows += answer.rows
        if answer.unreadable:
            problems.append(answer.unreadable)
            code = Exit.INVALID
        if answer.failed:
            problems.append(answer.failed)
            code = code or Exit.FAILED
    if output is Form.TABLE and rows:
        _print_table(rows)
    for problem in problems:
        typer.echo(problem, err=True)
    raise typer.Exit(code)


def _answers(paths: list[Path], config: Path | None, jobs: int) -> Iterator[Answer]:
    """One answer a recording, in their order; a progress bar on standard error where that is a terminal."""
    from rich.console import Console
    from rich.progress import track

    from watcher.config import ConfigError
    from watcher.replay.recording import find

    quiet()
    found = list(find(paths))
    recordings = [each for each in found if not isinstance(each, ConfigError)]
    replayed = _in_order(recordings, config, min(jobs, max(1, len(recordings))))
    answers = (Answer([], str(each)) if isinstance(each, ConfigError) else next(replayed) for each in found)
    console = Console(stderr=True)
    if not console.is_terminal or len(recordings) < 2:
        yield from answers
        return
    yield from track(answers, "replaying", total=len(found), console=console, transient=True)


def _in_order(recordings: list[Path], config: Path | None, jobs: int) -> Iterator[Answer]:
    if jobs == 1:
        yield from (answer(each, config) for each in recordings)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(jobs, get_context("spawn"), quiet) as pool:
        yield from pool.map(answer, recordings, [config] * len(recordings))


def quiet() -> None:
    """Log only what is wrong with watcher itself: rows tell everything else."""
    from watcher.cli import logs

    logs.configure("auto", "error")


def answer(directory: Path, config: Path | None) -> Answer:
    """Replay one recording."""
    from watcher.config import ConfigError
    from watcher.replay.recording import load
    from watcher.replay.run import ReplayFailed, replay

    try:
        recording = load(directory)
        return Answer(replay(recording, _thresholds(recording.thresholds or config, directory)))
    except ConfigError as error:
        return Answer([], unreadable=str(error))
    except ReplayFailed as error:
        return Answer([], failed=f"{directory}: {error}")


_loaded: dict[Path, Thresholds | ConfigError] = {}
"""Thresholds files that were read in this process."""


def _thresholds(path: Path | None, directory: Path) -> Thresholds:
    """The thresholds of this recording.  Raises ConfigError."""
    from watcher.config import ConfigError, Problem, load

    if path is None:
        what = "the recording names no thresholds"
        remedy = "add thresholds: FILE to it, or give --config FILE"
        raise ConfigError([Problem(str(directory / "recording.yaml"), 1, 1, what, remedy)])
    if path not in _loaded:
        try:
            _loaded[path] = load(path)
        except ConfigError as error:
            _loaded[path] = error
    found = _loaded[path]
    if isinstance(found, ConfigError):
        raise found
    return found


def _print_lines(rows: list[Row]) -> None:
    import json
    from dataclasses import asdict

    for row in rows:
        sys.stdout.write(json.dumps(asdict(row), ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _print_table(rows: list[Row]) -> None:
    from watcher.cli.printing import show_table

    columns = ("recording", "workload", "revision", "verdict", "action", "after", "check", "reason")
    show_table(columns, [_cells(row) for row in rows])


def _cells(row: Row) -> tuple[str, ...]:
    action = {"none": "", "hold": f"hold ({row.guard})"}.get(row.action, f"{row.action} ({row.mode})")
    after = "" if row.after_s is None else f"{row.after_s:.0f} s"
    verdict = (row.verdict or "") + ("" if row.complete else " (open)")
    check = " ".join(filter(None, dict.fromkeys((row.check, row.lane))))
    return (row.recording, row.workload, row.revision, verdict, action, after, check, row.reason)
