"""The words of the decision log, of Events and of the log are those of the code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.pages import ROOT, code, page
from watcher.adapters.store.schema import TABLES
from watcher.core.stages import TOLD
from watcher.core.words import Outcome, Verdict

LOG = page("docs/decision-log.md")
OPERATIONS = page("docs/operations.md")
SOURCES = [*(ROOT / "watcher").rglob("*.py")]


def _calls() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Name of each method that is called, with its constant texts."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                texts = (each.value for each in node.args if isinstance(each, ast.Constant))
                yield node.func.attr, tuple(text for text in texts if isinstance(text, str))


def test_every_transition_has_its_word() -> None:
    named = {word for cells in LOG.table("Records").values() for word in code(cells[0])}
    moved = {texts[0] for name, texts in _calls() if name == "move" and texts}
    assert len(moved) > 10
    assert moved | {each.value for each in (*Outcome, *Verdict)} - {"waiting_for_person"} <= named


def test_every_table_is_told() -> None:
    assert set(LOG.table("Tables")) == set(TABLES)


def test_every_reason_of_an_event_is_told() -> None:
    reasons = {
        text
        for name, texts in _calls()
        if name in ("announce", "warn")
        for text in texts
        if re.fullmatch(r"([A-Z][a-z]+){2,}", text)
    }
    assert reasons <= {each.reason for each in TOLD.values()}
    assert {each.reason for each in TOLD.values()} <= {word for line in LOG.section("Records") for word in code(line)}


def test_log_lines_that_are_named_are_written() -> None:
    logged = {text for name, texts in _calls() for text in texts[:1] if name in _LEVELS}
    named = {word for cells in OPERATIONS.table("Logs").values() for word in code(cells[0])}
    assert len(named) > 10
    assert named <= logged


_LEVELS = ("debug", "info", "warning", "error", "exception", "critical")
