"""The decision log of a daemon under test, read beside it, and each of its records taken through the core again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from watcher.adapters.store.reading import SQLiteReader
from watcher.core.record import Record, replay
from watcher.ports import Transition


@dataclass
class Replayed:
    """How much was replayed, over the whole session."""

    logs: int = 0
    transitions: int = 0
    _lock: Lock = field(default_factory=Lock)

    def add(self, file: Path) -> None:
        """Replay this decision log and count it. Raises AssertionError as ``replay_all``."""
        transitions = replay_all(file)
        with self._lock:
            self.logs += 1
            self.transitions += transitions


@contextmanager
def decision_log(file: Path) -> Iterator[SQLiteReader]:
    """The decision log in this file, for reading; its daemon may run."""
    log = SQLiteReader.open(file)
    try:
        yield log
    finally:
        log.close()


def replay_all(file: Path) -> int:
    """Replay every transition in this file; returns their number. Raises AssertionError for one that differs."""
    with decision_log(file) as log:
        differing = [each for each in log.transitions() if not replay(_record(log, each))]
        assert not differing, [f"{each.id}: {each.workload} {each.kind}" for each in differing]
        return sum(1 for _ in log.transitions())


def _record(log: SQLiteReader, transition: Transition) -> Record:
    policy = log.policy(transition.policy_hash)
    assert policy is not None, f"transition {transition.id} names a policy that the log does not hold"
    return Record(
        at=transition.at,
        policy=policy,
        state_before=transition.state_before,
        observation=transition.observation,
        state_after=transition.state_after,
        commands=transition.commands,
    )
