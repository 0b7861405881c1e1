"""The example of a runbook is the one that the code makes, and the page tells of each step."""

from __future__ import annotations

import re

from tests.docs.pages import page
from tests.runbook.demo import COMMAND, EXAMPLE, example

PAGE = page("docs/incident-runbook.md")


def test_the_example_is_what_the_code_makes() -> None:
    assert EXAMPLE.read_text() == example(), f"{EXAMPLE.name} is not what the code makes; write it anew: {COMMAND}"


def test_each_step_is_explained() -> None:
    steps = re.findall(r"^## \d+\. (.*)$", example(), re.MULTILINE)
    assert list(PAGE.table("The incident runbook"))[: len(steps)] == steps
