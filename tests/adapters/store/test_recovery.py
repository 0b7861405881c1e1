"""What is saved from a damaged log: every row that is whole, and never a row that was not written."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.store.rows import (
    blind,
    closed,
    commit,
    covered,
    decision,
    hold,
    label,
    notification,
    put_back,
    rehearsal,
    release,
    state,
    transition,
)
from watcher.adapters.store.errors import StoreDamaged, StoreInUse, StoreMissing
from watcher.adapters.store.pages import PAGE_SIZE, Pages, RawRow
from watcher.adapters.store.recovery import recover
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.ports import Rejected, StoreReader

ROWS = 120
ROWS_OF_A_PAGE = 64  # at most: the smallest rows of the sample, releases, are 58 a page


def contents(store: StoreReader) -> dict[str, set[object]]:
    policy = store.policy("p1")
    return {
        "transitions": set(store.transitions()),
        "states": set(store.states()),
        "decisions": set(store.decisions(limit=ROWS * 2)),
        "releases": set(store.releases(limit=ROWS * 2)),
        "outbox": set(store.outbox("oncall", limit=ROWS * 2)),
        "policies": {policy} if policy else set(),
        "labels": set(store.labels()),
        "holds": set(store.holds()),
        "coverage": set(store.coverage()),
        "blindness": set(store.blindness(0.0)),
        "rehearsals": set(store.rehearsals(limit=ROWS * 2)),
        "breaker_closings": set(store.closings(0.0)),
        "flag_restores": {each for n in range(ROWS) for each in store.flag_restores(f"d{n}")},
    }


def fill(store: SQLiteStore) -> None:
    chance = random.Random(7)  # noqa: S311 - bytes that can be repeated
    sizes = (10, 900, 5000, 20000)  # on the page, and on overflow pages
    large = [chance.randbytes(chance.choice(sizes)) for _ in range(ROWS)]
    store.commit(
        commit(
            *(replace(transition(n, uid=f"u{n % 10}", at=float(n)), observation=large[n]) for n in range(ROWS)),
            states=tuple(state(f"s{n}", content=large[n][:3000]) for n in range(ROWS)),
            decisions=tuple(decision(f"d{n}", at=n + 0.25) for n in range(ROWS)),
            releases=tuple(release(f"r{n}", began=n + 0.5, ended=None if n % 2 else float(n)) for n in range(ROWS)),
            holds=tuple(hold(f"namespace/n{n}", until=None if n % 2 else 1e10 + n) for n in range(ROWS)),
            labels=tuple(label(f"d{n}", at=n + 0.75, note="n" * n) for n in range(ROWS)),
            coverage=tuple(covered(f"Deployment/shop/{n}", why="w" * n) for n in range(ROWS)),
            blindness=tuple(blind(n * 3600.0, source="a source with a long name" * 2) for n in range(ROWS)),
            notifications=tuple(notification(f"d{n}/held", at=n + 0.75) for n in range(ROWS)),
            rehearsals=tuple(rehearsal(f"h{n}", at=float(n)) for n in range(ROWS)),
            closings=tuple(closed(f"namespace/n{n}", at=float(n), reason="a long reason " * 4) for n in range(ROWS)),
            flag_restores=tuple(put_back(f"d{n}", at=float(n), result="restored") for n in range(ROWS)),
        )
    )


@cache
def sample() -> tuple[bytes, dict[str, set[object]]]:
    """The bytes of a log and what is in it."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        with closing(SQLiteStore.open(path, reserve=0)) as store:
            fill(store)
            held = contents(store)
        return path.read_bytes(), held


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    path.write_bytes(sample()[0])
    return path


def recovered_contents(path: Path) -> dict[str, set[object]]:
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        return contents(store)


def test_a_whole_log_is_saved_whole(log: Path) -> None:
    report = recover(log)
    assert report.target == log.with_name("log.db.recovered")
    assert report.saved == {
        "policies": 1,
        "transitions": ROWS,
        "states": ROWS + 10,
        "decisions": ROWS,
        "releases": ROWS,
        "labels": ROWS,
        "holds": ROWS,
        "coverage": ROWS,
        "blindness": ROWS,
        "outbox": ROWS,
        "rehearsals": ROWS,
        "breaker_closings": ROWS,
        "flag_restores": ROWS,
    }
    assert (report.unreadable, report.states_rebuilt, report.without_policy) == (0, 0, 0)
    assert recovered_contents(report.target) == sample()[1]


def test_what_is_still_in_the_write_ahead_log_is_saved(tmp_path: Path) -> None:
    path, copy = tmp_path / "log.db", tmp_path / "copy.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        store._connection.execute("PRAGMA wal_autocheckpoint = 0")
        fill(store)
        held = contents(store)
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    assert copy.stat().st_size < copy.with_name("copy.db-wal").stat().st_size
    assert recovered_contents(recover(copy).target) == held


@cache
def sample_with_write_ahead_log() -> tuple[bytes, bytes]:
    """The bytes of a log and of its write-ahead log, with eight commits partly in the one and all in the other."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        with closing(SQLiteStore.open(path, reserve=0)) as store:
            for n in range(8):
                store.commit(commit(transition(n), decisions=(decision(f"d{n}"),)))
            return path.read_bytes(), path.with_name("log.db-wal").read_bytes()


@settings(max_examples=30, deadline=None)
@given(keep=st.floats(0, 1), flip=st.none() | st.floats(0, 1))
def test_a_damaged_write_ahead_log_is_read_as_far_as_sqlite_reads_it(keep: float, flip: float | None) -> None:
    main, frames = sample_with_write_ahead_log()
    damaged = bytearray(frames[: int(len(frames) * keep)])
    if flip is not None and damaged:
        damaged[int((len(damaged) - 1) * flip)] ^= 0x10
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "log.db"
        path.write_bytes(main)
        path.with_name("log.db-wal").write_bytes(damaged)
        target = recover(path).target
        assert recovered_contents(target) == recovered_contents(path)


def test_the_first_page_is_not_needed(log: Path) -> None:
    data = bytearray(log.read_bytes())
    data[:PAGE_SIZE] = b"\0" * PAGE_SIZE
    log.write_bytes(data)
    with pytest.raises(StoreDamaged):
        SQLiteStore.open(log, reserve=0)
    assert recovered_contents(recover(log).target) == sample()[1]


def test_a_file_cut_in_two_keeps_its_first_half(log: Path) -> None:
    log.write_bytes(log.read_bytes()[: len(sample()[0]) // 2 + 100])
    with pytest.raises(StoreDamaged):
        SQLiteStore.open(log, reserve=0)
    saved = recovered_contents(recover(log).target)
    assert ROWS / 4 < len(saved["transitions"]) < ROWS
    assert saved["transitions"] < sample()[1]["transitions"]


@settings(max_examples=25, deadline=None)
@given(
    lost=st.lists(st.integers(1, len(sample()[0]) // PAGE_SIZE), min_size=1, max_size=6, unique=True),
    seed=st.integers(0, 2**32),
)
def test_pages_overwritten_by_anything_lose_their_own_rows_only(lost: list[int], seed: int) -> None:
    data, held = bytearray(sample()[0]), sample()[1]
    for page in lost:
        noise = random.Random(seed + page)  # noqa: S311 - damage that can be repeated
        data[(page - 1) * PAGE_SIZE : page * PAGE_SIZE] = noise.randbytes(PAGE_SIZE)
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log.db"
        log.write_bytes(data)
        report = recover(log)
        saved = recovered_contents(report.target)
        assert log.read_bytes() == data, "the damaged file is as it was"
    rebuilt = {each for each in saved["states"] if each not in held["states"]}
    assert len(rebuilt) <= report.states_rebuilt
    for table in ("transitions", "decisions", "releases", "outbox", "policies"):
        assert saved[table] <= held[table]
    missing = sum(len(held[table] - saved[table]) for table in held)
    assert missing <= ROWS_OF_A_PAGE * len(lost)


@settings(max_examples=25, deadline=None)
@given(damage=st.lists(st.tuples(st.integers(0, len(sample()[0]) - 1), st.integers(0, 255)), max_size=60))
def test_single_bytes_never_make_recovery_fail(damage: list[tuple[int, int]]) -> None:
    data = bytearray(sample()[0])
    for at, byte in damage:
        data[at] = byte
    with tempfile.TemporaryDirectory() as directory:
        log = Path(directory) / "log.db"
        log.write_bytes(data)
        report = recover(log)
        saved = recovered_contents(report.target)
    held = sample()[1]
    blobs = {(each.observation, each.state_after) for each in held["transitions"]}  # type: ignore[attr-defined]
    assert {(each.observation, each.state_after) for each in saved["transitions"]} <= blobs  # type: ignore[attr-defined]
    missing = sum(len(held[table] - saved[table]) for table in held)
    assert missing <= ROWS_OF_A_PAGE * len(damage)


def test_a_lost_state_is_made_again_from_the_last_transition(log: Path) -> None:
    with closing(sqlite3.connect(log)) as file:
        file.execute("DELETE FROM states WHERE uid = 'u3'")
        file.commit()
    report = recover(log)
    assert report.states_rebuilt == 1
    saved = {each.uid: each.state for each in recovered_contents(report.target)["states"]}  # type: ignore[attr-defined]
    assert saved["u3"] == b'{"n":113}'


def test_records_without_their_policy_are_counted(log: Path) -> None:
    with closing(sqlite3.connect(log)) as file:
        file.execute("DELETE FROM policies")
        file.commit()
    assert recover(log).without_policy == ROWS


def test_deleted_rows_do_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with closing(SQLiteStore.open(path, reserve=0)) as store:
        fill(store)
        while store.expire(now=1e12):
            pass
        store.commit(commit(releases=tuple(release(f"r{n}", ended=1.0) for n in range(ROWS))))
        while store.expire(now=1e12):
            pass
        held = contents(store)
    assert not held["decisions"]
    assert recovered_contents(recover(path).target) == held


def test_recovery_refuses_to_overwrite(log: Path) -> None:
    recover(log)
    with pytest.raises(Rejected, match="--to"):
        recover(log)


def test_recovery_of_a_log_that_is_being_written(log: Path) -> None:
    with closing(SQLiteStore.open(log, reserve=0)), pytest.raises(StoreInUse, match=f"process {os.getpid()}"):
        recover(log)


def test_recovery_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreMissing):
        recover(tmp_path / "log.db")


NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.none(),
    st.text(max_size=50),
    st.binary(max_size=9000),
)


def raw_rows(path: Path, page_size: int) -> Iterator[RawRow]:
    for row in Pages(path, page_size).rows():
        assert isinstance(row, RawRow)
        yield row


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), NUMBERS, NUMBERS), unique_by=lambda row: row[0]),
    page_size=st.sampled_from([512, 4096, 65536]),
)
def test_pages_are_read_as_sqlite_reads_them(rows: list[tuple[int, object, object]], page_size: int) -> None:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "any.db"
        with closing(sqlite3.connect(path)) as file:
            file.execute(f"PRAGMA page_size = {page_size}")
            file.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a, b)")
            file.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
            file.commit()
            stored = file.execute("SELECT id, NULL, a, b FROM t").fetchall()
        found = [(row.rowid, *row.values) for row in raw_rows(path, page_size) if len(row.values) == 3]
    assert sorted(map(repr, found)) == sorted(map(repr, stored))
