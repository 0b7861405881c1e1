"""The files of the chart that are made from others are those that would be made now."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from helm import generate
from tests.chart.variants import CHART

SCHEMA = json.loads((CHART / "values.schema.json").read_text())
OUTPUTS = generate.outputs()
TEXT = (CHART / "values.yaml").read_text()


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_generated_files_are_current(path: Path) -> None:
    assert path.read_text() == OUTPUTS[path], "run: make schema"


def test_nothing_else_is_among_the_copies() -> None:
    assert {path.name for path in (CHART / "files").iterdir()} == set(generate.SHARED)


def test_every_value_has_its_row_and_its_schema() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \|", (CHART / "README.md").read_text(), re.MULTILINE)
    assert rows == [".".join(value.path) for value in generate.values(TEXT)]
    for value in generate.values(TEXT):
        place = SCHEMA
        for key in value.path:
            assert place["additionalProperties"] is False, "a typo in a group of values is refused"
            place = place["properties"][key]
        assert place["default"] == value.default
        assert len(value.description) > 10


def test_every_value_is_used_by_a_template() -> None:
    templates = "".join(path.read_text() for path in (CHART / "templates").rglob("*") if path.is_file())
    unused = [value.path for value in generate.values(TEXT) if f".Values.{'.'.join(value.path)}" not in templates]
    assert unused == []


def test_a_value_without_description_is_refused() -> None:
    with pytest.raises(ValueError, match=r"group\.b has no description"):
        list(generate.values("group:\n  # -- Described.\n  a: 1\n  b: 2\n"))


def test_the_schema_speaks_what_every_helm_understands() -> None:
    text = json.dumps(SCHEMA)
    assert "$defs" not in text
    assert "(?" not in text, "Go's regular expressions do not look ahead"
    references = set(re.findall(r'"#/definitions/(\w+)"', text))
    assert references <= SCHEMA["definitions"].keys()
