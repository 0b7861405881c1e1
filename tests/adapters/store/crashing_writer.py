"""Commits what it is told on a log and kills itself, as `kill -9` does, just before its n-th SQL statement.

Arguments: path, n, and a JSON list of commits, each a list of workload numbers.  Writes the number of a commit as
soon as that has returned.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from tests.contract.store.rows import commit, decision, release, transition
from watcher.adapters.store.sqlite import SQLiteStore


def main(path: Path, kill_at: int, plan: list[list[int]]) -> None:
    store = SQLiteStore.open(path, reserve=0)
    left = kill_at

    def before_statement(_: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    store._connection.set_trace_callback(before_statement)
    for number, workloads in enumerate(plan, start=1):
        store.commit(
            commit(
                *(transition(number, uid=f"u{each}", release=f"c{number}", at=number) for each in workloads),
                decisions=(decision("same", reason=f"c{number}"), decision(f"d{number}", release=f"c{number}")),
                releases=tuple(release(f"c{number}/u{each}", began=number) for each in workloads),
            )
        )
        os.write(1, b"%d\n" % number)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]))
