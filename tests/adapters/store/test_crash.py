"""A writer that dies anywhere leaves a log in which every commit is whole, or not there at all."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.store.rows import commit, transition
from watcher.adapters.store.sqlite import SQLiteStore

PLANS = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True), min_size=1, max_size=6)


def whole_commits(path: Path, plan: list[list[int]]) -> int:
    """How many commits the log holds; fails unless they are the first ones and each is complete."""
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        found = list(store.transitions())
        number = max((int(each.release[1:]) for each in found), default=0)
        done = plan[:number]
        assert [(each.release, each.uid) for each in found] == [
            (f"c{n}", f"u{each}") for n, workloads in enumerate(done, start=1) for each in workloads
        ]
        newest = {f"u{each}": float(n) for n, workloads in enumerate(done, start=1) for each in workloads}
        assert {each.uid: each.at for each in store.states()} == newest
        decisions = {row.id: row for row in store.decisions()}
        assert set(decisions) == {f"d{n}" for n in range(1, number + 1)} | ({"same"} if number else set())
        assert not number or decisions["same"].reason == f"c{number}"
        assert {row.id for row in store.releases()} == {
            f"c{n}/u{each}" for n, workloads in enumerate(done, start=1) for each in workloads
        }
        store.commit(commit(transition(99)))
    return number


@settings(max_examples=15, deadline=None)
@given(plan=PLANS, kill_at=st.integers(1, 70))
def test_killed_between_any_two_statements(plan: list[list[int]], kill_at: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        writer = subprocess.run(
            [sys.executable, "-m", "tests.adapters.store.crashing_writer", path, str(kill_at), json.dumps(plan)],
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert writer.returncode in (0, -signal.SIGKILL)
        acknowledged = len(writer.stdout.splitlines())
        assert acknowledged <= whole_commits(path, plan) <= acknowledged + 1


@settings(max_examples=30, deadline=None)
@given(commits=st.integers(1, 8), lost=st.floats(0, 1))
def test_a_write_ahead_log_that_was_cut_off_anywhere_holds_whole_commits(commits: int, lost: float) -> None:
    """What a power failure leaves of pages that were never acknowledged."""
    with tempfile.TemporaryDirectory() as directory:
        path, copy = Path(directory) / "log.db", Path(directory) / "copy.db"
        with closing(SQLiteStore.open(path, reserve=0)) as store:
            for number in range(1, commits + 1):
                store.commit(commit(transition(number), transition(number, uid="u2")))
            shutil.copy(path, copy)
            frames = path.with_name("log.db-wal").read_bytes()
        copy.with_name("copy.db-wal").write_bytes(frames[: int(len(frames) * lost)])
        with closing(SQLiteStore.open(copy, reserve=0)) as store:
            found = [each.state_after for each in store.transitions()]
        assert len(found) % 2 == 0
        assert found == [b'{"n":%d}' % (1 + n // 2) for n in range(len(found))]
