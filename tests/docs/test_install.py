"""Values that the documentation shows are values of the chart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from helm import generate
from tests.docs.pages import NAMES, Fence, page
from watcher.config.schema import json_schema

KNOWN = {value.path: value for value in generate.values((generate.CHART / "values.yaml").read_text())}
THRESHOLDS = json_schema()["properties"]
SNIPPETS = [
    pytest.param(fence, id=f"{name}:{fence.line}")
    for name in NAMES
    for fence in page(name).fences()
    if "values" in fence.info
]
NAMED = re.compile(r"`((?:[a-z]\w+\.)+\w+)(?:: [^`]+)?`")


def paths(tree: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items():
        here = (*above, key)
        if here not in KNOWN and isinstance(value, dict):
            yield from paths(value, here)
        else:
            yield here


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_snippets_of_values_name_values_that_exist(snippet: Fence) -> None:
    shown = yaml.safe_load(snippet.text)
    assert set(paths(shown)) <= KNOWN.keys()
    assert shown.get("thresholds", {}).keys() <= THRESHOLDS.keys()


def test_there_are_snippets() -> None:
    assert len(SNIPPETS) > 3


@pytest.mark.parametrize("name", ["docs/install.md", "helm/watcher/README.md"])
def test_values_that_are_named_exist(name: str) -> None:
    groups = {path[0] for path in KNOWN if len(path) > 1}
    named = {tuple(found.split(".")) for line in page(name).prose() for found in NAMED.findall(line)}
    assert {path for path in named if path[0] in groups} <= KNOWN.keys()


def test_values_that_are_set_on_the_command_line_exist() -> None:
    shown = [line for name in NAMES for fence in page(name).fences() for line in fence.text.splitlines()]
    assert {tuple(found.split(".")) for line in shown for found in re.findall(r"--set ([\w.]+)=", line)} <= KNOWN.keys()
