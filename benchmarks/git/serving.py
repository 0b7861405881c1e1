"""A Git server in a process of its own, so that its memory is not counted."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

from tests.e2e.controlplane.git_server import GitServer


@contextmanager
def serving(directory: Path) -> Iterator[tuple[str, str]]:
    """Serve the repositories in a directory: the address, and a token."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(directory, theirs))
    process.start()
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def _serve(directory: Path, pipe: Connection) -> None:
    server = GitServer(directory)
    server.start()
    pipe.send((server.url, server.token))
    pipe.poll(None)  # until the other end is closed
    server.stop()
