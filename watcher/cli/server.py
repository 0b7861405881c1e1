"""Answers from the HTTP API of a running daemon."""

from __future__ import annotations

import json
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from watcher.cli.answers import Document, WrongUse
from watcher.ports import NoSuchDecision, Rejected, Unavailable

if TYPE_CHECKING:
    from watcher.reporting.compiling import Span
    from watcher.reporting.report import Report

_TIMEOUT = 10.0  # seconds
_LONG_TIMEOUT = 120.0  # seconds; for what goes through all of the log


class ServerAnswers:
    """Asks one daemon; see Answers."""

    def __init__(self, url: str, token: str = "", *, or_file: bool = False) -> None:
        """`token` is sent with what writes; `or_file`: whether the command reads a decision log as well.

        Raises WrongUse for what is no HTTP address.
        """
        if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
            raise WrongUse(f"--server {url!r} is no address; write it like http://127.0.0.1:8080")
        self._url = url.rstrip("/")
        self._token = token
        self._or_file = or_file

    def decisions(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        return self._items("decisions", workload, limit, since)

    def decision(self, prefix: str) -> Document:
        """As Answers says."""
        return self._of_decision(quote(prefix, safe=""))

    def note(self, prefix: str) -> Document:
        """As Answers says."""
        return self._of_decision(f"{quote(prefix, safe='')}/note", _LONG_TIMEOUT)

    def releases(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        return self._items("releases", workload, limit, since)

    def status(self) -> Document:
        """As Answers says."""
        return self._get("/api/v1/status")

    def why(self, workload: str) -> Document:
        """As Answers says."""
        return self._get(f"/api/v1/why/{quote(workload)}")

    def holds(self) -> list[Document]:
        """As Answers says."""
        found: list[Document] = self._get("/api/v1/holds").get("items") or []
        return found

    def approve(self, decision: str) -> Document:
        """Approve a proposal.  Raises NoSuchDecision, and Rejected where it does not wait or the token may not."""
        return self._about(decision, "approve", {})

    def flags(self) -> list[Document]:
        """Feature flags of releases under watch."""
        found: list[Document] = self._get("/api/v1/flags").get("items") or []
        return found

    def restore_flag(self, decision: str, reason: str) -> Document:
        """Put back the flag that this decision switched.  Raises as `approve`."""
        return self._about(decision, "restore-flag", {"reason": reason})

    def label(self, decision: str, verdict: str, note: str) -> Document:
        """Call a decision right or wrong.  Raises as `approve`."""
        return self._about(decision, "label", {"verdict": verdict, "note": note})

    def hold(self, scope: str, reason: str, lasts: str) -> Document:
        """Hold this.  Raises Rejected where the token may not."""
        body = {"scope": scope, "reason": reason, **({"for": lasts} if lasts else {})}
        return self._send("POST", "/api/v1/holds", body)

    def resume(self, scope: str) -> Document:
        """Lift the hold on just this.  Raises Rejected where there is none, or the token may not."""
        return self._send("DELETE", f"/api/v1/holds?{urlencode({'scope': scope})}", None)

    def breakers(self) -> list[Document]:
        """How the breakers stand."""
        found: list[Document] = self._get("/api/v1/breakers").get("items") or []
        return found

    def roll_back(self, command: Document) -> Document:
        """Command a rollback.  Raises Rejected where it is refused, or the token may not."""
        return self._send("POST", "/api/v1/rollbacks", command, _LONG_TIMEOUT)

    def call_revision(self, workload: str, revision: str, verdict: str, reason: str) -> Document:
        """Call a revision good or bad.  Raises Rejected where that does not count, or the token may not."""
        body = {"workload": workload, "revision": revision, "verdict": verdict, "reason": reason}
        return self._send("POST", "/api/v1/revisions", body)

    def close_breaker(self, scope: str, reason: str) -> Document:
        """Let a breaker count anew.  Raises Rejected where it is not open, or the token may not."""
        return self._send("POST", "/api/v1/breakers/close", {"scope": scope, "reason": reason})

    def rehearsals(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        return self._items("rehearsals", workload, limit, since)

    def prospect(self, workload: str) -> Document:
        """What a rehearsal on this workload would rehearse now, and what keeps it from being held."""
        return self._get(f"/api/v1/rehearsals/{quote(workload)}")

    def rehearsed(self, body: Document) -> Document:
        """Record how a rehearsed rung ended.  Raises Rejected where the token may not."""
        return self._send("POST", "/api/v1/rehearsals", body)

    def report(self, span: Span) -> Report:
        """As Answers says; the daemon's clock tells when it was made."""
        from watcher.reporting.document import from_document

        query = {"since": repr(span.since), "until": repr(span.until), "namespace": span.namespace}
        return from_document(self._get(f"/api/v1/report?{urlencode(query)}", _LONG_TIMEOUT))

    def close(self) -> None:
        """As Answers says: there is nothing to close."""

    def _about(self, decision: str, what: str, body: Document) -> Document:
        try:
            return self._send("POST", f"/api/v1/decisions/{quote(decision, safe='')}/{what}", body)
        except _NotFound as error:
            raise NoSuchDecision(str(error)) from error

    def _of_decision(self, path: str, timeout: float = _TIMEOUT) -> Document:
        try:
            return self._get(f"/api/v1/decisions/{path}", timeout)
        except _NotFound as error:
            raise NoSuchDecision(str(error)) from error

    def _send(self, method: str, path: str, body: Document | None, timeout: float = _TIMEOUT) -> Document:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(self._url + path, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        request.add_unredirected_header("Authorization", f"Bearer {self._token}")  # to this daemon and nobody else
        return self._ask(request, timeout)

    def _items(self, kind: str, workload: str, limit: int, since: float) -> list[Document]:
        query = {"limit": str(limit), "since": repr(since), **({"workload": workload} if workload else {})}
        items = self._get(f"/api/v1/{kind}?{urlencode(query)}").get("items")
        if not isinstance(items, list):
            raise Rejected(f"{self._url}/api/v1/{kind} answered without items; is this a watcher daemon?")
        return items

    def _get(self, path: str, timeout: float = _TIMEOUT) -> Document:
        return self._ask(Request(self._url + path), timeout)  # noqa: S310 - the scheme was checked

    def _ask(self, request: Request, timeout: float = _TIMEOUT) -> Document:
        try:
            with urlopen(request, timeout=timeout) as response:  # noqa: S310 - the scheme was checked
                return self._parsed(response.read())
        except HTTPError as error:
            with error:
                raise self._failure(error) from error
        except (URLError, HTTPException, OSError) as error:
            reason = error.reason if isinstance(error, URLError) else error
            elsewhere = ", name another one with --server URL, or read its file with --store PATH"
            raise Unavailable(
                f"no daemon answers at {self._url} ({reason}). Start it with `watcher run`"
                f"{elsewhere if self._or_file else ', or name another one with --server URL'}"
            ) from error

    def _parsed(self, body: bytes) -> Document:
        try:
            answer = json.loads(body)
        except ValueError as error:
            raise Rejected(f"{self._url} did not answer in JSON: {error}. Is this a watcher daemon?") from error
        if not isinstance(answer, dict):
            raise Rejected(f"{self._url} did not answer with a JSON object. Is this a watcher daemon?")
        return answer

    def _failure(self, error: HTTPError) -> Exception:
        text = self._message(error)
        if error.code == 404:
            return _NotFound(text)
        if error.code == 400:
            return WrongUse(text)
        return Unavailable(text) if error.code >= 500 else Rejected(text)

    def _message(self, error: HTTPError) -> str:
        """Message and remedy of the API's error shape, or at least the status."""
        try:
            stated: Any = json.loads(error.read())["error"]
            return f"{stated['message']}. {_sentence(stated['remedy'])}"
        except (ValueError, KeyError, TypeError):
            return f"{error.url} answered {error.code} {error.reason}. Is this a watcher daemon?"


class _NotFound(Rejected):
    """The API knows no such thing."""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
