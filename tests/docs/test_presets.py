"""The page of presets says what the preset files say."""

from __future__ import annotations

from tests.docs.presets_table import PAGE, page


def test_the_tables_are_those_of_the_preset_files() -> None:
    text = PAGE.read_text()
    assert text == page(text), "run: python -m tests.docs.presets_table"
