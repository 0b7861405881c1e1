"""The token with which a person writes over HTTP: from a file, never from the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from watcher.cli.answers import DEFAULT_SERVER, WrongUse
from watcher.cli.server import ServerAnswers

TokenFile = Annotated[
    Path | None,
    typer.Option("--token-file", help="File that holds your token and nothing else.  [env: WATCHER_TOKEN_FILE]"),
]

_LONGEST = 4096


def writing(server: str, token_file: Path | None, environment: Mapping[str, str] = os.environ) -> ServerAnswers:
    """The daemon that is to be written to, with the caller's token.  Raises WrongUse."""
    return ServerAnswers(server or environment.get("WATCHER_SERVER") or DEFAULT_SERVER, _token(token_file, environment))


def _token(given: Path | None, environment: Mapping[str, str]) -> str:
    named = given or Path(environment["WATCHER_TOKEN_FILE"]) if given or environment.get("WATCHER_TOKEN_FILE") else None
    if named is None:
        raise WrongUse(
            "this needs a token: name the file that holds it with --token-file or WATCHER_TOKEN_FILE; whoever runs "
            "the daemon makes one with `watcher token new NAME`"
        )
    try:
        with named.open(encoding="ascii") as file:
            token = file.read(_LONGEST).strip()
    except (OSError, UnicodeError) as error:
        raise WrongUse(f"the token file {named} cannot be read: {error}") from error
    if not token or not token.isprintable() or " " in token:
        raise WrongUse(f"the token file {named} does not hold one token and nothing else")
    return token
