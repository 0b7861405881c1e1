"""A process that records a notification as a step does, and is killed before it is sent: `killed_writer.py LOG`."""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.adapters.notify.rows import notification
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.ports import Commit

if __name__ == "__main__":
    store = SQLiteStore.open(Path(sys.argv[1]), reserve=0)
    store.commit(Commit(notifications=(replace(notification(), at=time.time()),)))
    os.kill(os.getpid(), signal.SIGKILL)
