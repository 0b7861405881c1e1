"""Every guard that a decision can name has its heading, with when, why and what to do."""

from __future__ import annotations

import ast

import pytest

from tests.docs.pages import ROOT, page
from watcher.core.deciding.guards import GUARDS
from watcher.core.words import Rung

PAGE = page("docs/guards.md")


def _named_in_the_core() -> set[str]:
    """Ids that the core gives to a `GuardFinding` by itself."""
    trees = (ast.parse(path.read_text()) for path in (ROOT / "watcher" / "core").glob("*.py"))
    calls = (node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call))
    made = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "GuardFinding" and call.args)
    return {str(call.args[0].value) for call in made if isinstance(call.args[0], ast.Constant)}


def test_every_guard_that_the_core_names_is_in_the_table() -> None:
    assert _named_in_the_core() - GUARDS.keys() == set()


def test_every_guard_has_its_heading_and_no_heading_is_left_over() -> None:
    headings = [heading.strip("`") for heading in PAGE.headings() if heading.startswith("`")]
    assert sorted(headings) == sorted(GUARDS)


def test_the_headings_are_in_the_order_of_the_guards() -> None:
    headings = [heading.strip("`") for heading in PAGE.headings() if heading.strip("`") in GUARDS]
    assert headings == list(GUARDS)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_says_when_why_and_what_to_do(guard: str) -> None:
    text = "\n".join(PAGE.section(f"`{guard}`"))
    for part in ("- **When:** ", "- **Why:** ", "- **What to do:** "):
        assert text.count(part) == 1


@pytest.mark.parametrize("guard", [each.id for each in GUARDS.values() if Rung.FLAG in each.not_for])
def test_a_guard_that_does_not_concern_a_flag_says_so(guard: str) -> None:
    text = "\n".join(PAGE.section(f"`{guard}`"))
    assert "- **Not:** for a flag" in text


def test_the_table_says_what_the_rules_say() -> None:
    found = PAGE.table("At a glance")
    assert list(found) == list(GUARDS)
    for guard in GUARDS.values():
        rungs = ", ".join(sorted(guard.not_for)) or "\N{EN DASH}"
        assert found[guard.id][1:] == (guard.sentence, rungs, "yes" if guard.passable else "no")
