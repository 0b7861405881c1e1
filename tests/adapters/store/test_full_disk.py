"""A full disk: the reserve lets the log be written a while longer, loudly."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.contract.store.rows import commit, transition
from watcher.adapters.store.errors import StoreFull
from watcher.adapters.store.reserve import Reserve
from watcher.adapters.store.sqlite import SQLiteStore

KIB = 1024
RESERVE = 256 * KIB


def big(number: int) -> bytes:
    """Bytes that do not compress."""
    return os.urandom(16 * KIB) + b"%d" % number


def write_until_full(store: SQLiteStore, most: int) -> int:
    """Commit until the store raises; returns how many were committed."""
    for number in range(most):
        try:
            store.commit(commit(replace(transition(number), observation=big(number))))
        except StoreFull:
            return number
    raise AssertionError(f"{most} commits fitted")


def limit_pages(store: SQLiteStore, pages: int) -> None:
    store._connection.execute(f"PRAGMA max_page_count = {pages}")


def test_a_write_that_finds_no_space_releases_the_reserve_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=RESERVE)) as store, capture_logs() as logs:
        assert store.degraded() == ""
        limit_pages(store, 60)
        committed = write_until_full(store, 100)
        assert "is full" in store.degraded()
        assert not path.with_name("log.db.reserve").exists()
        assert logs[0]["event"] == "store_disk_full"
        assert (logs[0]["log_level"], logs[0]["bytes"]) == ("error", RESERVE)
        assert len(list(store.transitions())) == committed, "the failed commit left nothing"

        limit_pages(store, 10_000)
        store.commit(commit(transition(committed)))
        assert store.degraded() == ""
        assert path.with_name("log.db.reserve").stat().st_size == RESERVE
        assert logs[-1]["event"] == "store_disk_recovered"


def test_an_error_that_is_not_about_space_keeps_the_reserve(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=RESERVE)) as store:
        store._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(Exception, match="readonly"):
            store.commit(commit(transition()))
        assert store.degraded() == ""
        assert path.with_name("log.db.reserve").exists()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"only root may mount a file system here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_full_file_system_the_reserve_is_used_to_the_end_and_nothing_is_torn(small_disk: Path) -> None:
    path = small_disk / "log.db"
    with closing(SQLiteStore.open(path, reserve=RESERVE)) as store:
        released_after = None
        for number in range(200):
            try:
                store.commit(commit(replace(transition(number), observation=big(number))))
            except StoreFull:
                break
            if released_after is None and store.degraded():
                released_after = number
        assert released_after is not None
        assert number - released_after >= 3, "the reserve held several commits more"
        committed = list(store.transitions())
        assert len(committed) == number
    with closing(SQLiteStore.open(path, reserve=RESERVE)) as store:
        assert list(store.transitions()) == committed


def test_space_that_comes_back_refills_the_reserve(small_disk: Path) -> None:
    path = small_disk / "log.db"
    ballast = small_disk / "ballast"
    with closing(SQLiteStore.open(path, reserve=RESERVE)) as store:
        free = os.statvfs(small_disk)
        ballast.write_bytes(b"\xff" * free.f_bavail * free.f_frsize)
        for number in range(3):
            store.commit(commit(replace(transition(number), observation=big(number))))
        assert "is full" in store.degraded()
        ballast.unlink()
        store.commit(commit(transition(4)))
        assert store.degraded() == ""
        assert path.with_name("log.db.reserve").stat().st_size == RESERVE


def test_a_start_without_space_for_the_reserve_says_so(small_disk: Path) -> None:
    with capture_logs() as logs:
        reserve = Reserve(small_disk / "log.db", 1536 * KIB)
    assert "in reserve" in reserve.trouble
    assert [line["event"] for line in logs] == ["store_reserve_missing"]
    assert list(small_disk.iterdir()) == []


def test_a_limit_of_sqlite_is_not_passed(tmp_path: Path) -> None:
    """The page limit stands for a full disk above: it must be a real one."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as connection:
        connection.execute("PRAGMA max_page_count = 3")
        connection.execute("CREATE TABLE t (a)")
        with pytest.raises(sqlite3.OperationalError) as caught:
            connection.execute("INSERT INTO t VALUES (randomblob(100000))")
    assert caught.value.sqlite_errorcode == sqlite3.SQLITE_FULL
