from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.retention import Retention
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.ports import Store

RETENTION = Retention(decisions=1000.0, transitions=100.0)


@pytest.fixture(params=["sqlite", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened: Store
    if request.param == "sqlite":
        opened = SQLiteStore.open(tmp_path / "log.db", reserve=0, retention=RETENTION)
    else:
        opened = MemoryStore(retention=RETENTION)
    yield opened
    opened.close()
