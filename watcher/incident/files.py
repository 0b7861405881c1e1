"""Writes a note and its picture into files, each whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import quote

from watcher.ports import Rejected

MARKDOWN, PICTURE = ".md", ".svg"


def write(to: Path, name: str, markdown: str, picture: str) -> Path:
    """The path of the note.  `to` is a folder, which is made, or a file that ends in `.md`; the picture lies beside it.

    The picture is written first: a note is never seen without it.  Raises Rejected.
    """
    to_file = to.suffix == MARKDOWN and not to.is_dir()
    place = to if to_file else to / f"{name}{MARKDOWN}"
    if to_file:
        markdown = markdown.replace(f"]({name}{PICTURE})", f"]({_address(place.stem)}{PICTURE})")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        if picture:
            _replace(place.with_suffix(PICTURE), picture)
        _replace(place, markdown)
    except OSError as error:
        raise Rejected(f"cannot write {place}: {error.strerror or error}; give another place") from error
    return place


def _address(stem: str) -> str:
    """A file's name as an address in Markdown."""
    return quote(stem)


def _replace(path: Path, text: str) -> None:
    with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(file.name).unlink()
            raise
