"""Keeps the thresholds file in force: reads it again when it changes, keeps the running one when the new one is bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from watcher.config import ConfigError, Thresholds, fingerprint, load
from watcher.daemon.telemetry import Telemetry

log = structlog.get_logger("watcher.config")


class Reloading:
    """The thresholds in force.  `rejected` says what is wrong with the file on disk, a problem a line, or is empty.

    `on_change` are called with new thresholds.  Raises ConfigError when the very first reading fails: there is
    nothing to keep.
    """

    def __init__(self, path: Path, telemetry: Telemetry) -> None:
        self._fingerprint = fingerprint(path)
        self.current = load(path)
        self.rejected = ""
        self.on_change: list[Callable[[Thresholds], None]] = []
        self._path, self._telemetry = path, telemetry

    @property
    def file(self) -> str:
        """The thresholds file."""
        return str(self._path)

    def hand_over(self, telemetry: Telemetry) -> None:
        """What is in force stays, for whoever is told of changes from now on; it counts into this telemetry."""
        self.on_change.clear()
        self._telemetry = telemetry
        telemetry.config_bad.set(bool(self.rejected))

    def look(self) -> bool:
        """Look at the file once; True when it was changed since and was refused."""
        seen = fingerprint(self._path)
        if seen == self._fingerprint:
            return False
        self._fingerprint = seen
        try:
            self.current = load(self._path)
        except ConfigError as error:
            self._refused(str(error))
            return True
        self.rejected = ""
        self._telemetry.config_bad.set(0)
        self._telemetry.reloads.labels("accepted").inc()
        log.info("config_reloaded", file=str(self._path), digest=self.current.digest)
        for changed in self.on_change:
            changed(self.current)
        return False

    def _refused(self, problems: str) -> None:
        self.rejected = problems
        self._telemetry.config_bad.set(1)
        self._telemetry.reloads.labels("rejected").inc()
        log.error("config_rejected", file=str(self._path), kept=self.current.digest, problems=problems.splitlines())
