"""Who may write over HTTP: named tokens in a file that holds only their hashes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import structlog
import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from watcher.adapters.secret_files import Stamp, stamp_of
from watcher.ports import Clock

PREFIX = "wtk_"
"""How every token begins, so that scanners for leaked secrets can know it."""

BYTES = 32
"""Random bytes of a token: too many to be guessed, so that a plain hash is enough to keep."""

MAX_BYTES = 256 * 1024
"""Size of the file, at the most."""

WRONG_ALLOWED, WRONG_WINDOW = 10, 60.0
"""Wrong tokens that are answered in so many seconds; more of them are turned away at once."""

log = structlog.get_logger("watcher.tokens")


class Scope(StrEnum):
    """What a token may do."""

    APPROVE = "approve"
    FLAG = "flag"
    HOLD = "hold"
    LABEL = "label"
    BREAKER = "breaker"
    ROLLBACK = "rollback"
    REVISION = "revision"
    REHEARSE = "rehearse"


class Token(BaseModel):
    """One entry of the file: whose token it is, its hash, and what it may do."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1)]


class Refused(Exception):
    """The request may not write: HTTP status, what is wrong, what mends it."""

    def __init__(self, status: int, message: str, remedy: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status, self.remedy, self.retry_after = status, remedy, retry_after


class Tokens:
    """The tokens in force: the file is looked at with every use, so that a change counts from the next request on.

    A file that is wrong in any place gives nobody a right: what was taken out of it must not go on to count.
    """

    def __init__(self, path: Path | None, clock: Clock) -> None:
        self._path, self._clock = path, clock
        self._wrong: list[float] = []
        self._problem = ""
        self._stamp: Stamp | None = None
        self._known: tuple[Token, ...] = ()

    def holder(self, authorization: str, scope: Scope) -> str:
        """Name of whoever sent this `Authorization` header.  Raises Refused."""
        entries = self._entries()
        presented = authorization.removeprefix("Bearer ").strip() if authorization.startswith("Bearer ") else ""
        found = _matching(entries, presented)
        if found is None:
            raise self._unknown(presented)
        if scope not in found.scopes:
            may = ", ".join(found.scopes)
            raise Refused(403, f"the token of {found.name} may {may}, not {scope}", f"add {scope} to its scopes")
        return found.name

    def _entries(self) -> tuple[Token, ...]:
        if self._path is None or not self._path.exists():
            remedy = "make one with `watcher token new NAME`, and name the file in WATCHER_TOKENS"
            raise Refused(403, "nobody may write here: there is no file of tokens", remedy)
        try:
            entries = self._read(self._path)
        except ValueError as error:
            self._complain(str(error))
            raise Refused(403, "nobody may write here: the file of tokens is refused", "see the daemon's log") from None
        self._complain("")
        return entries

    def _read(self, path: Path) -> tuple[Token, ...]:
        """As `read`, once for each change: whoever has no token must not keep the daemon busy with it."""
        try:
            stamp = stamp_of(str(path))
        except OSError as error:
            raise ValueError(f"{path} cannot be read: {error.strerror}") from error
        if stamp != self._stamp:
            self._stamp, self._known = None, ()
            self._known = read(path)
            self._stamp = stamp
        return self._known

    def _complain(self, problem: str) -> None:
        if problem and problem != self._problem:
            log.error("tokens_refused", file=str(self._path), problem=problem)
        self._problem = problem

    def _unknown(self, presented: str) -> Refused:
        now = self._clock.now()
        self._wrong = [at for at in self._wrong if 0 <= now - at < WRONG_WINDOW]
        if len(self._wrong) >= WRONG_ALLOWED:
            return Refused(429, "too many wrong tokens", "wait a minute", int(WRONG_WINDOW))
        self._wrong.append(now)
        if not presented:
            return Refused(401, "this needs a token", "send it as `Authorization: Bearer TOKEN`")
        log.warning("token_unknown")
        return Refused(401, "this token is not known", "make one with `watcher token new NAME`")


def read(path: Path) -> tuple[Token, ...]:
    """The entries of a file.  Raises ValueError with what is wrong; nothing of what stands in it is repeated."""
    try:
        content = path.read_bytes()[: MAX_BYTES + 1]
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > MAX_BYTES:
        raise ValueError(f"{path} is larger than {MAX_BYTES} bytes")
    try:
        entries = TypeAdapter(tuple[Token, ...]).validate_python(yaml.safe_load(content) or [])
    except yaml.YAMLError:
        raise ValueError(f"{path} is no YAML") from None
    except ValidationError as error:
        raise ValueError(f"{path}: {_first(error)}") from None
    twice = {each.name for each in entries if [other.name for other in entries].count(each.name) > 1}
    if twice:
        raise ValueError(f"{path} names {', '.join(sorted(twice))} more than once: one entry for each name")
    return entries


def new(name: str, scopes: tuple[Scope, ...]) -> tuple[str, Token]:
    """A fresh token, and the entry by which it is known.  Raises ValueError for a name that cannot be one."""
    token = PREFIX + secrets.token_urlsafe(BYTES)
    try:
        return token, Token(name=name, sha256=_hash(token), scopes=scopes)
    except ValidationError as error:
        raise ValueError(_first(error)) from None


def _matching(entries: tuple[Token, ...], presented: str) -> Token | None:
    """The entry of this token; all of them are compared, each in the same time."""
    digest, found = _hash(presented), None
    for entry in entries:
        if hmac.compare_digest(entry.sha256, digest):
            found = entry
    return found if presented else None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


def _first(error: ValidationError) -> str:
    """The first problem, without the value: somebody may have written a token in place of its hash."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])
