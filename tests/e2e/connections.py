"""Connections of the harness's own HTTP clients that end before their answers do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp


@contextmanager
def cut_off(answer: aiohttp.ClientResponse) -> Iterator[None]:
    """Cut the connection of an answer that is not read to its end.

    To close TLS in good order takes until the other side agrees, and the event loop may have ended by then.
    """
    connection = answer.connection
    try:
        yield
    except BaseException:
        if connection is not None and connection.transport is not None:
            connection.transport.abort()
        raise
