"""The example of a note is the one that the code makes, and the page tells of each section of it."""

from __future__ import annotations

import re

from tests.docs.pages import code, page
from tests.incident.demo import COMMAND, EXAMPLES, NAME, example
from watcher.core.words import Action, Outcome, Rung
from watcher.daemon import notes
from watcher.incident import panels, timeline

PAGE = page("docs/incident-note.md")


def test_the_example_is_what_the_code_makes() -> None:
    made = example()
    for ending, text in ((".md", made.markdown), (".svg", made.picture)):
        kept = (EXAMPLES / f"{NAME}{ending}").read_text()
        assert kept == text, f"docs/examples/{NAME}{ending} is not what the code makes; write it anew: {COMMAND}"


def test_each_section_is_explained() -> None:
    sections = {"Heading", "Likely causes", *re.findall(r"^## (.*)$", example().markdown, re.MULTILINE)}
    assert set(PAGE.table("What is in it")) == sections


def test_every_word_of_the_log_is_a_sentence_in_the_timeline() -> None:
    words = {word for cells in page("docs/decision-log.md").table("Records").values() for word in code(cells[0])}
    told = {*timeline.WORDS, *Action, *Rung, *Outcome, "seen"}
    assert words <= told, words - told


def test_figures_of_the_text_are_those_of_the_code() -> None:
    text = " ".join(PAGE.prose())
    assert f"{timeline.MOST} lines at the most" in text
    assert f"{notes.MOST} at the most" in text
    assert panels.MOST_PANELS == 3
    assert "three at the most" in text
