"""Every command, option and exit code has its entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from tests.docs.pages import page
from watcher.cli.application import COMMANDS, application, loaded
from watcher.cli.exits import Exit

PAGE = page("docs/cli.md")
HELP = {"-h", "--help"}
WORDS = re.compile(r"(?<!\w)(\d)(?=: | after | only | when )")


def _commands() -> Iterator[tuple[str, Any]]:
    for name, lazy in COMMANDS.items():
        command = loaded(name, lazy)
        if isinstance(command, typer.core.TyperGroup):
            yield from ((f"{name} {inner}", each) for inner, each in command.commands.items())
        else:
            yield name, command


FOUND = dict(_commands())


def _options(command: Any) -> set[str]:
    options = [each for each in command.params if isinstance(each, typer.core.TyperOption)]
    return {spelling for each in options for spelling in each.opts} - HELP


def test_every_command_has_its_heading_and_its_line_in_the_overview() -> None:
    wanted = {f"watcher {name}" for name in FOUND}
    assert {heading.strip("`") for heading in PAGE.headings() if heading.startswith("`watcher ")} == wanted
    assert set(PAGE.table("Command line")) == wanted


@pytest.mark.parametrize("name", FOUND)
def test_every_option_of_a_command_has_its_row(name: str) -> None:
    options = _options(FOUND[name])
    if not options:
        assert not any(line.startswith("|") for line in PAGE.section(f"`watcher {name}`"))
    else:
        assert set(PAGE.table(f"`watcher {name}`")) == options


def test_every_exit_code_has_its_row() -> None:
    rows = PAGE.table("Exit codes")
    codes = {int(cells[0]): name for name, cells in rows.items()}
    assert set(codes) == {each.value for each in Exit}
    for each in Exit:
        assert f"`{each.name}`" in rows[codes[each.value]][1]


@pytest.mark.parametrize("name", FOUND)
def test_exit_codes_that_are_named_exist(name: str) -> None:
    said = [line for line in PAGE.section(f"`watcher {name}`") if line.startswith("Exit code")]
    for text in (*said, FOUND[name].help or ""):
        assert {int(number) for number in WORDS.findall(text)} <= {each.value for each in Exit}, text
    assert said or name == "schema", f"`watcher {name}` does not say how it can end"


def test_the_application_knows_no_other_commands() -> None:
    group = typer.main.get_command(application)
    assert isinstance(group, typer.core.TyperGroup)
    assert list(COMMANDS) == group.list_commands(typer.Context(group))
