"""Notes are written by themselves when a rollback ends, and disturb nothing when they cannot be."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.daemon import life as lives
from tests.daemon.life import Life, alive, virtual
from tests.daemon.outside import Outside
from watcher.adapters.store.worker import StoreThread
from watcher.core.words import Outcome
from watcher.daemon.notes import FAILED, LOOK_BACK, LOOK_EVERY, MOST, WRITTEN, Folder, Notes
from watcher.daemon.telemetry import Telemetry
from watcher.incident import note as notes_of

pytestmark = virtual

DAY = 86400.0


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every life writes its notes into this folder."""
    path = tmp_path / "notes"
    monkeypatch.setattr(lives, "NOTES", Folder(path, 400 * DAY))
    return path


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir()) if folder.is_dir() else []


async def undone(life: Life) -> str:
    """A release that is rolled back; its decision."""
    life.outside.release("v2", errors=0.2)
    await life.until_outcome("restored")
    decision = life.watch().decision
    assert decision is not None
    return decision.id


def note(folder: Path) -> Path:
    """The one note."""
    (path,) = folder.glob("*.md")
    return path


def put(path: Path, text: str) -> None:
    path.write_text(text)


def remove(path: Path) -> None:
    path.unlink()


def counted(life: Life, result: str) -> float:
    found = life.daemon.telemetry.registry.get_sample_value("watcher_notes_total", {"result": result})
    return float(found or 0.0)


async def test_the_note_of_a_rollback_is_there_soon_after_its_end(thresholds: Path, folder: Path) -> None:
    async with lives.living(thresholds) as life:
        decision = await undone(life)
        await asyncio.sleep(5.0)
        assert [name.rpartition("-")[2] for name in names(folder)] == [f"{decision}.md", f"{decision}.svg"]
        assert "The service has recovered" in note(folder).read_text()
        assert counted(life, WRITTEN) == 1


async def test_what_ended_while_nothing_was_written_is_written_at_the_start(thresholds: Path, tmp_path: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        decision = await undone(life)
        await life.end()
        late = Notes(Folder(tmp_path / "late", DAY), StoreThread(outside.store), Telemetry(), outside.clock)
        await late.round()
        assert f"{decision}.md" in names(tmp_path / "late")[0]
        await asyncio.sleep(LOOK_BACK + 60.0)
        too_late = Notes(Folder(tmp_path / "later", DAY), StoreThread(outside.store), Telemetry(), outside.clock)
        await too_late.round()
        assert names(tmp_path / "later") == []


async def test_a_note_that_is_there_is_left_as_it_is(thresholds: Path, folder: Path) -> None:
    async with alive() as outside:
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        await undone(life)
        await asyncio.sleep(5.0)
        await life.end()
        path = note(folder)
        put(path, "what people have added")
        life = await Life.begin(outside, thresholds)
        await asyncio.sleep(60.0)
        assert path.read_text() == "what people have added"
        await life.end()


async def test_what_cannot_be_written_disturbs_nothing_and_is_tried_again(thresholds: Path, folder: Path) -> None:
    put(folder, "a file where the folder should be")
    async with lives.living(thresholds) as life:
        await undone(life)
        await asyncio.sleep(5.0)
        assert counted(life, FAILED) >= 1
        assert life.running is not None
        assert not life.running.done()
        remove(folder)
        await asyncio.sleep(LOOK_EVERY + 60.0)
        assert counted(life, WRITTEN) == 1
    assert life.outside.log_of("note_not_written")


async def test_a_fault_of_ours_in_a_note_takes_nothing_down(
    thresholds: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notes_of, "markdown", lambda *_: 1 / 0)
    async with lives.living(thresholds) as life:
        await undone(life)
        await asyncio.sleep(5.0)
        assert counted(life, FAILED) == 1
        assert life.watch().outcome is Outcome.RESTORED
    assert names(folder) == []


async def test_old_notes_and_too_many_go_and_other_files_stay(tmp_path: Path) -> None:
    outside = Outside()
    for name in ("20230101-000000-x-a1.md", "20230101-000000-x-a1.svg", "README.md", "20230101-mine.md"):
        (tmp_path / name).write_text("x")
    (tmp_path / "20231114-000000-x-b2.md").write_text("x")
    notes = Notes(Folder(tmp_path, 10 * DAY), StoreThread(outside.store), Telemetry(), outside.clock)
    await notes.round()
    assert names(tmp_path) == ["20230101-mine.md", "20231114-000000-x-b2.md", "README.md"]
    for number in range(MOST):
        (tmp_path / f"20231114-000001-x-c{number}.md").write_text("x")
    await notes.round()
    assert len(names(tmp_path)) == MOST + 2
    assert "20231114-000000-x-b2.md" not in names(tmp_path)
