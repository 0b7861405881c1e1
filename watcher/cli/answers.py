"""Where the reading commands get their answers: from a running daemon's API, or from the file of its log."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from watcher.ports import WatcherError

if TYPE_CHECKING:
    from watcher.ports import StoreReader
    from watcher.reporting.compiling import Span
    from watcher.reporting.report import Report

Document = dict[str, Any]

DEFAULT_SERVER = "http://127.0.0.1:8080"  # where `watcher run` listens when nothing else is said


class WrongUse(WatcherError):
    """The command line asks for something that makes no sense."""


class Answers(Protocol):
    """What the reading commands ask.  Shapes as the HTTP API serves them; workloads as Kind/namespace/name.

    Every method raises Unavailable when nobody answers, Rejected when the answer makes no sense.
    """

    def decisions(self, workload: str, limit: int, since: float) -> list[Document]:
        """Decisions at or after `since` (Unix seconds), newest first; an empty workload means all."""

    def decision(self, prefix: str) -> Document:
        """One decision by the beginning of its id.  Raises NoSuchDecision."""

    def note(self, prefix: str) -> Document:
        """The post-incident note on one decision: decision, name, markdown, picture.  Raises NoSuchDecision."""

    def releases(self, workload: str, limit: int, since: float) -> list[Document]:
        """Releases that began at or after `since`, newest first."""

    def status(self) -> Document:
        """Everything at a glance."""

    def why(self, workload: str) -> Document:
        """Why this workload was, or was not, rolled back."""

    def holds(self) -> list[Document]:
        """Everything that is held; of a file only what was placed over HTTP."""

    def rehearsals(self, workload: str, limit: int, since: float) -> list[Document]:
        """Rehearsed rungs at or after `since`, newest first."""

    def report(self, span: Span) -> Report:
        """What the log says of this time."""

    def close(self) -> None:
        """Let go of the source."""


class FileAnswers:
    """Answers from the file of the decision log, read beside a daemon that may be writing it."""

    def __init__(self, log: StoreReader) -> None:
        self._log = log

    def decisions(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        from watcher.adapters.store.documents import labelled

        return labelled(self._log, self._log.decisions(workload, limit=limit, since=since))

    def decision(self, prefix: str) -> Document:
        """As Answers says."""
        from watcher.adapters.store.documents import whole_decision

        return whole_decision(self._log, self._log.decision(prefix))

    def note(self, prefix: str) -> Document:
        """As Answers says."""
        from watcher.incident.note import note

        return dict(note(self._log, prefix).body())

    def releases(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        from watcher.adapters.store.documents import release_document

        return [release_document(row) for row in self._log.releases(workload, limit=limit, since=since)]

    def status(self) -> Document:
        """As Answers says."""
        from watcher.adapters.store.documents import status_document

        return status_document(self._log)

    def why(self, workload: str) -> Document:
        """As Answers says."""
        from watcher.adapters.store.documents import why_document

        return why_document(self._log, workload)

    def holds(self) -> list[Document]:
        """As Answers says."""
        from watcher.core.telling.report import hold_body

        return [hold_body(each) for each in self._log.holds() if each.in_force(time.time())]

    def rehearsals(self, workload: str, limit: int, since: float) -> list[Document]:
        """As Answers says."""
        from watcher.adapters.store.documents import rehearsal_document

        return [rehearsal_document(row) for row in self._log.rehearsals(workload, limit=limit, since=since)]

    def report(self, span: Span) -> Report:
        """As Answers says."""
        from watcher.reporting.reading import report_from

        return report_from(self._log, span)

    def close(self) -> None:
        """As Answers says."""
        self._log.close()


def choose(server: str, store: Path | None, environment: Mapping[str, str] = os.environ) -> Answers:
    """The source that was named: flags before WATCHER_SERVER before WATCHER_STORE before a daemon on this machine.

    Raises WrongUse for two flags, Unavailable or Rejected for a file that cannot be read.
    """
    if server and store is not None:
        raise WrongUse("--server and --store name two sources; give one of them")
    if store is not None:
        return _file(store)
    if server or environment.get("WATCHER_SERVER"):
        return _server(server or environment["WATCHER_SERVER"])
    if environment.get("WATCHER_STORE"):
        return _file(Path(environment["WATCHER_STORE"]))
    return _server(DEFAULT_SERVER)


def _file(path: Path) -> FileAnswers:
    from watcher.adapters.store.reading import SQLiteReader

    return FileAnswers(SQLiteReader.open(path))


def _server(url: str) -> Answers:
    from watcher.cli.server import ServerAnswers

    return ServerAnswers(url, or_file=True)
