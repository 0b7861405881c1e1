"""`watcher migrations`: notes on database migrations, in a checkout and in a pull request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from watcher.cli.answers import WrongUse
from watcher.cli.exits import Exit
from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import failures_reported

if TYPE_CHECKING:
    from watcher.config.migration_files import Lack, Read

app = typer.Typer(no_args_is_help=True, help="Check and write notes on database migrations.")

LARGEST = 1 << 20
"""Bytes of a file that are looked at."""

NOWHERE_ELSE = "migration-notes"
"""Directory in which a note is proposed where nothing tells of a better one."""


@app.callback()
def migrations() -> None:
    """Check and write notes on database migrations."""


@app.command("check")
def check(
    path: Annotated[Path, typer.Argument(help="Folder with the migrations and their notes; part of a Git checkout.")],
    base: Annotated[str, typer.Option("--base", help="Only migrations that are new since this commit or branch.")] = "",
    others: Annotated[
        list[str] | None,
        typer.Option("--migrations", metavar="GLOB", help="Files that are migrations too, beside the known layouts."),
    ] = None,
    notes: Annotated[
        list[str] | None,
        typer.Option("--notes", metavar="GLOB", help="Where notes are.  [default: YAML files with rollbackSafe]"),
    ] = None,
    output: Output = Format.TABLE,
) -> None:
    """Check that every migration has a valid note which names it.

    A glob that fits no file is told on standard error.

    Exit code 0: it has. 1: one has not, or a note is wrong; one line each says what mends it. 2: there is no such
    folder, or no such commit.
    """
    from watcher.config.migration_files import is_migration, is_note, lacks

    with failures_reported():
        root = _folder(path)
        files = sorted(_files(root))
        read = _reader(root)
        wanted = [each for each in _new(root, base, files) if is_migration(each, read, others or ())]
        found = [each for each in files if is_note(each, read, notes or ())]
        _warn_of_globs("--migrations", others or (), files, f"no file in {root}")
        _warn_of_globs("--notes", notes or (), found, f"no YAML file in {root}")
        missing = list(lacks(wanted, found, read, _place(found, notes or ())))
    _show(missing, len(wanted), output)
    if missing:
        raise typer.Exit(Exit.FAILED)


@app.command("new")
def new(
    file: Annotated[Path, typer.Argument(help="The note's file; its folder is made.")],
    forward: Annotated[
        list[str] | None, typer.Option("--forward", help="The migration's file, from the root of the repository.")
    ] = None,
) -> None:
    """Write a note to fill in; it is no valid one before somebody has decided.

    A migration's file that is not there is told on standard error; the note is written all the same.

    Exit code 1: the file is there, or cannot be written.
    """
    from watcher.config.migration_files import template

    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as note:
            note.write(template(file.stem, forward or ()))
    except FileExistsError as error:
        typer.echo(f"watcher: {file} is there already, and is left as it is: fill it in, or name another", err=True)
        raise typer.Exit(Exit.FAILED) from error
    except OSError as error:
        typer.echo(f"watcher: {file} is not written: {error.strerror}", err=True)
        raise typer.Exit(Exit.FAILED) from error
    typer.echo(f"{file}: fill in rollbackSafe, reason and reviewer")
    for each in forward or ():
        _warn_of_missing(each, file.parent)


@app.command("schema")
def schema() -> None:
    """Print the JSON Schema of a note, for editors.

    Exit code 0: always.
    """
    from watcher.config.migration_notes import schema_text

    typer.echo(schema_text(), nl=False)


def _warn_of_globs(option: str, globs: Sequence[str], files: Sequence[str], nothing: str) -> None:
    """A glob that is written wrong makes nothing be looked at, which reads like good news."""
    from watcher.config.migration_files import fits

    for glob in globs:
        if not any(fits(each, glob) for each in files):
            typer.echo(f"watcher: {nothing} fits {option} {glob}; it is matched with paths from there on", err=True)


def _warn_of_missing(forward: str, beside: Path) -> None:
    """A file that is not there; what is written in words, as where there is no file, is none."""
    from watcher.config.migration_files import is_meant

    top = _git(beside, "rev-parse", "--show-toplevel")
    root = Path(top.rstrip("\n")) if top is not None else Path()
    there = any(is_meant(each, forward) for each in _files(root)) if top is not None else (root / forward).is_file()
    if not there and not any(map(str.isspace, forward)):
        where = f"the repository {root}" if top is not None else "this folder"
        typer.echo(
            f"watcher: {where} has no file {forward}, so this note names no migration yet; "
            "write its path from the root of the repository",
            err=True,
        )


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise WrongUse(f"{path} is no folder")
    return path


def _files(root: Path) -> Iterator[str]:
    """All files but those that Git ignores; where it is no checkout, all but hidden ones."""
    listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed is not None:
        yield from (name for name in dict.fromkeys(listed.split("\0")) if name and (root / name).is_file())
        return
    for each in root.rglob("*"):
        parts = each.relative_to(root).parts
        if each.is_file() and not any(part.startswith(".") for part in parts):
            yield str(PurePosixPath(*parts))


def _new(root: Path, base: str, files: Sequence[str]) -> list[str]:
    """Files that are not at the commit where this branch left the base; and changed ones that run once more.

    Raises WrongUse where Git does not know it.
    """
    from watcher.config.migration_files import runs_again

    if not base:
        return list(files)
    fork = None if base.startswith("-") else _git(root, "merge-base", base, "HEAD")
    if fork is None:
        raise WrongUse(f"--base {base}: Git knows no such commit in {root} that this branch comes from; fetch it whole")
    before, changed = (
        set((_git(root, *question, fork.strip()) or "").split("\0"))
        for question in (
            ("ls-tree", "-r", "-z", "--name-only"),
            ("diff", "-z", "--name-only", "--relative", "--no-renames"),
        )
    )
    return [each for each in files if each not in before or (runs_again(each) and each in changed)]


def _git(root: Path, *arguments: str) -> str | None:
    """What Git says in this folder; None where it refuses, or is not there."""
    import subprocess

    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None


def _reader(root: Path) -> Read:
    """The beginning of a file; nothing where it cannot be read."""

    def read(name: str) -> bytes:
        try:
            with (root / name).open("rb") as file:
                return file.read(LARGEST)
        except OSError:
            return b""

    return read


def _place(found: Sequence[str], globs: Sequence[str]) -> str:
    """Where a new note belongs: as the first glob says, or beside another note."""
    for glob in globs:
        parts = glob.split("/")[:-1]
        if not any(character in part for part in parts for character in "*?["):
            return "/".join(parts)
    return str(PurePosixPath(found[0]).parent) if found else NOWHERE_ELSE


def _show(missing: Sequence[Lack], count: int, output: Format) -> None:
    if output is not Format.TABLE:
        told = [{"file": each.file, "place": each.place, "what": each.what, "remedy": each.remedy} for each in missing]
        typer.echo(for_programs({"migrations": count, "missing": told}, output))
        return
    for each in missing:
        typer.echo(each)
    migrations = f"{count} {'migration' if count == 1 else 'migrations'}"
    things = f"{len(missing)} {'thing' if len(missing) == 1 else 'things'}"
    if missing:
        typer.echo(f"{migrations} looked at, {things} to mend", err=True)
    else:
        typer.echo(f"{migrations}, each with a valid note" if count else "no migrations")
