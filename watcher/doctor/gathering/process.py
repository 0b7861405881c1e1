"""This process: may the decision log be written, and is there room for it?"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from watcher.doctor.facts import ProcessFacts


def process(store: Path | None) -> ProcessFacts:
    """Look at the decision log's file and disk, without writing."""
    if store is None:
        return ProcessFacts()
    directory = _existing(store.absolute().parent)
    problem = ""
    if store.exists() and not os.access(store, os.R_OK | os.W_OK):
        problem = "the file may not be written by this user"
    elif not os.access(directory, os.W_OK | os.X_OK):
        problem = f"the directory {directory} may not be written by this user"
    try:
        free = shutil.disk_usage(directory).free
    except OSError as error:
        return ProcessFacts(str(store), problem or f"{directory}: {error.strerror}")
    return ProcessFacts(str(store), problem, free)


def _existing(directory: Path) -> Path:
    """The nearest directory that is there: what is below it would be made."""
    while not directory.exists() and directory != directory.parent:
        directory = directory.parent
    return directory
