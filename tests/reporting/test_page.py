"""The page: one kept as it must be, and what comes from the cluster is no markup in it."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.reporting.sample import PAGE, sample
from tests.reporting.story import BEGIN, CART, NOW, Story
from watcher.adapters.store.memory import MemoryStore
from watcher.adapters.store.sqlite import SQLiteStore
from watcher.ports import Rejected, Store
from watcher.reporting.compiling import Span
from watcher.reporting.document import document, from_document
from watcher.reporting.markdown import markdown
from watcher.reporting.page import sections
from watcher.reporting.reading import report_from
from watcher.reporting.wording import MOST

SPAN = Span(BEGIN, NOW, NOW)


def test_the_page_is_as_it_was_kept() -> None:
    assert markdown(sample().report()) == PAGE.read_text(), "write it anew: python -m tests.reporting.sample"


def test_every_section_is_on_it() -> None:
    titles = [section.title for section in sections(sample().report())]
    assert titles == [
        "In short",
        "Coverage",
        "Blind time",
        "Rehearsals",
        "Releases",
        "Would have been undone",
        "Undone",
        "Missed",
        "How fast",
        "How many may be wrong",
        "Guards that held",
        "Without enough traffic",
        "Ready to act",
        "Not ready yet",
    ]


def test_text_of_the_cluster_is_no_markup() -> None:
    page = markdown(sample().report())
    assert r"bad \| cache &lt;key>" in page
    rows = [line for line in page.splitlines() if line.startswith(("| d0 |", "| d2 |"))]
    assert {line.replace(r"\|", "").count("|") for line in rows} == {8}


def test_an_empty_log_says_what_to_do() -> None:
    page = markdown(Story().report(recorded_from=None))
    assert "The decision log is empty. Start `watcher run`" in page
    assert "## Releases" not in page
    quiet = markdown(Story().report())
    assert "No release of what is watched began in this time" in quiet


def test_a_young_log_says_since_when_it_knows() -> None:
    assert "of the time before, nothing is known" in markdown(sample().report(recorded_from=BEGIN + 60.0))


def test_long_tables_are_cut_and_say_so() -> None:
    story = Story()
    for number in range(MOST + 3):
        story.cover(f"Deployment/shop/{number}", "blind", f"reason {number}")
    page = markdown(story.report())
    assert page.count("| blind |") == MOST
    assert "And 3 more: -o json has all." in page


def test_the_document_is_json_and_comes_back_as_the_same_report() -> None:
    report = sample().report()
    assert from_document(json.loads(json.dumps(document(report)))) == report


@pytest.mark.parametrize("data", [{}, [], {"since": "yesterday"}])
def test_what_is_no_report_is_refused(data: object) -> None:
    with pytest.raises(Rejected, match="no report of this version"):
        from_document(data)


def test_a_log_in_a_file_or_in_memory_gives_the_report_of_its_rows(tmp_path: Path) -> None:
    story = sample()
    stores: list[Store] = [SQLiteStore.open(tmp_path / "log.db", reserve=0), MemoryStore()]
    for store in stores:
        with closing(store):
            store.commit(story.commit())
            assert report_from(store, SPAN) == story.report(recorded_from=BEGIN)
            assert {each.workload for each in report_from(store, SPAN).ready} == {CART}
