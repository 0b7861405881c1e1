"""The pages on the report name every section, key and condition; the promises name tests that exist."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from tests.docs.pages import ROOT, code, page
from tests.reporting.sample import sample
from tests.reporting.story import Story
from watcher.core.deciding.guards import GUARDS
from watcher.reporting import readiness
from watcher.reporting.bound import at_most
from watcher.reporting.page import sections
from watcher.reporting.report import Report

PATH = page("docs/from-observe-to-act.md")
NEVER = page("docs/what-it-never-does.md")
EXAMPLE = page("examples/report.md")


def acting() -> Story:
    story = Story()
    story.release("v1", 0.0)
    story.cover(mode="act")
    return story


TITLES = {each.title for story in (sample(), acting()) for each in sections(story.report())}


def test_every_section_is_explained() -> None:
    assert set(PATH.table("2. Read the report")) == TITLES


def test_every_key_is_explained() -> None:
    assert set(PATH.table("The report as JSON")) == {each.name for each in fields(Report)}


def test_figures_of_the_text_are_those_of_the_code() -> None:
    text = " ".join(PATH.prose())
    assert f"{readiness.JUDGED} releases judged" in text
    assert f"a verdict in {readiness.DECIDED:.0%}".replace("%", " %") in text
    for of, shown in ((214, "1.4"), (5, "45")):
        assert f"{100 * at_most(0, of):.2g}" == shown
        assert f"{shown} %" in text


def test_the_example_has_the_sections_of_a_report_and_says_what_it_was_made_from() -> None:
    headings = EXAMPLE.headings()
    assert headings[0].startswith("watcher report: ")
    assert {each for each in headings[1:] if each != "What this was made from"} <= TITLES
    assert {"In short", "Coverage", "Would have been undone", "Missed", "Ready to act"} <= set(headings)
    assert any("simulated" in line or "real" in line for line in EXAMPLE.section("What this was made from"))


@pytest.mark.parametrize("promise", NEVER.table("What it never does").values())
def test_every_promise_names_what_would_fail_without_it(promise: tuple[str, ...]) -> None:
    named = [each for each in code(promise[2]) if each.startswith("tests/")]
    assert named
    assert all((ROOT / each).is_file() for each in named)
    assert set(re.findall(r"guards\.md#(\w+)", promise[1])) <= GUARDS.keys()
