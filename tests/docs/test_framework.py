"""The page on the framework shows the rules as they are, and names each answer of the gate."""

from __future__ import annotations

from tests.docs.framework import BEGIN, END, PAGE, table
from tests.docs.pages import page
from watcher.core.deciding.gate import Gate
from watcher.core.migrations import Safety

TEXT = PAGE.read_text()


def test_the_table_is_that_of_the_rules() -> None:
    assert TEXT.partition(BEGIN)[2].partition(END)[0].strip() == table(), "run: python -m tests.docs.framework"


def test_every_answer_of_the_gate_has_its_row() -> None:
    assert set(page("docs/decision-framework.md").table("Database migrations")) == set(Gate)


def test_every_word_of_a_note_is_explained() -> None:
    assert all(f"`{each}`" in TEXT for each in Safety)
