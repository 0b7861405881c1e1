"""One part of the control plane: a process with a log, that can be stopped, killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

TETHER = Path(__file__).with_name("tether.py")
LOG_LINES = 25
POLL_SECONDS = 0.03


class PartError(Exception):
    """A part did not start or did not stop; the message ends with the tail of its log."""


class Part:
    """A process of its own group, tied to this one: it ends when this one ends, however that happens.

    Start parts from the main thread: the tie is to the thread that started them.
    """

    def __init__(self, name: str, argv: Sequence[str | Path], log: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.argv = [str(argument) for argument in argv]
        self.log = log
        self.env = dict(env or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Process id. Raises PartError when not running."""
        if self._process is None or not self.running:
            raise PartError(f"{self.name} is not running")
        return self._process.pid

    def tail(self) -> str:
        """The last lines of the log."""
        if not self.log.exists():
            return "(no log)"
        lines = self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]
        return "\n".join(line[:400] for line in lines) or "(empty log)"

    def start(self, *more: str) -> None:
        """Start it, with ``more`` arguments this time only. Its log is continued."""
        if self.running:
            raise PartError(f"{self.name} runs already")
        tied = [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *self.argv, *more]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                tied,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | self.env,
                cwd=self.log.parent,
                start_new_session=True,
            )

    def wait_ready(self, ready: Callable[[], bool], within: float) -> None:
        """Wait until ``ready`` says so. Raises PartError when the process ends or ``within`` seconds pass before."""
        if self._process is None:
            raise PartError(f"{self.name} was not started")
        deadline = time.monotonic() + within
        while not ready():
            if time.monotonic() > deadline:
                raise PartError(f"{self.name} was not ready within {within:g} s; end of {self.log}:\n{self.tail()}")
            with suppress(subprocess.TimeoutExpired):
                code = self._process.wait(POLL_SECONDS)
                raise PartError(
                    f"{self.name} ended with code {code} before it was ready; end of {self.log}:\n{self.tail()}"
                )

    def stop(self, grace: float = 10.0) -> int | None:
        """SIGTERM to its group, SIGKILL after ``grace`` seconds; returns its exit code when it is gone."""
        return self._end(signal.SIGTERM, grace)

    def kill(self) -> None:
        """SIGKILL to its group; returns when it is gone."""
        self._end(signal.SIGKILL, 10.0)

    def _end(self, how: signal.Signals, grace: float) -> int | None:
        if self._process is None:
            return None
        process, self._process = self._process, None
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            return process.wait(grace)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait(10.0)
