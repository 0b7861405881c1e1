"""Makes the files of the chart that follow from others: `make schema`, or `python -m helm.generate`.

- `values.schema.json`: values.yaml with its comments, and the schema of the thresholds file from the models
- the table of values in `README.md`: values.yaml with its comments
- `files/`: copies of the alert rules and of the dashboard, for a chart cannot reach outside of its directory

A value's comment begins with `# --`; a line `# @schema {...}` in it adds to the value's JSON Schema. A mapping with
such a comment is one value, of any content; one without is a group of values.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from watcher.config.schema import json_schema

CHART = Path(__file__).parent / "watcher"
SHARED = {name: CHART.parents[1] / "config" / name for name in ("alerts.yaml", "dashboard.json")}
BEGIN, END = "<!-- values -->", "<!-- end of values -->"
TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Value:
    """One value: its path, default, description, and what it adds to its schema."""

    path: tuple[str, ...]
    default: Any
    description: str
    schema: Json = field(default_factory=dict)


def values(text: str) -> Iterator[Value]:
    """The values of a values.yaml in its order.  Raises ValueError for one without a description."""
    defaults, path, comment = yaml.safe_load(text), [], []
    inside = -1  # indentation of the value whose own lines are passed over
    for line in text.splitlines():
        stripped, indent = line.strip(), len(line) - len(line.lstrip())
        if not stripped:
            comment = []
        elif stripped.startswith("#"):
            comment.append(stripped.removeprefix("#").strip())
        elif inside < 0 or indent <= inside:
            path = [*path[: indent // 2], stripped.partition(":")[0]]
            default = _at(defaults, path)
            inside = indent if comment else -1
            if comment:
                yield _value(tuple(path), default, comment)
            elif not (isinstance(default, dict) and default):
                raise ValueError(f"{'.'.join(path)} has no description in values.yaml: add one, beginning with `# --`")
            comment = []


def _at(tree: Any, path: list[str]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def _value(path: tuple[str, ...], default: Any, comment: list[str]) -> Value:
    begins = max(index for index, line in enumerate(comment) if line.startswith("-- "))
    text = [line for line in comment[begins:] if not line.startswith("@schema")]
    added = [json.loads(line.removeprefix("@schema")) for line in comment[begins:] if line.startswith("@schema")]
    return Value(path, default, " ".join(text).removeprefix("-- "), added[0] if added else {})


def values_schema() -> Json:
    """The schema of the values.  Draft 7, the newest that every Helm 3 knows."""
    schema = _group() | {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of the chart watcher"}
    for value in values((CHART / "values.yaml").read_text()):
        place = schema
        for key in value.path[:-1]:
            place = place["properties"].setdefault(key, _group())
        own = {"description": value.description, "default": value.default, "type": TYPES[type(value.default)]}
        place["properties"][value.path[-1]] = own | value.schema
    schema["properties"]["global"] = {"type": "object", "description": "What Helm hands to all charts of a release."}
    return schema | {"definitions": definitions()}


def _group() -> Json:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def definitions() -> Json:
    """The schema of the thresholds file as definitions of another one."""
    thresholds = _for_helm(copy.deepcopy(json_schema()))
    found: Json = thresholds.pop("$defs")
    thresholds.pop("$schema")
    return found | {"Thresholds": thresholds}


def _for_helm(node: Any) -> Any:
    """Helm's validators know draft 7, and no regular expressions that look ahead."""
    if isinstance(node, list):
        return [_for_helm(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _for_helm(value) for key, value in node.items()}
    if isinstance(found.get("$ref"), str):
        found["$ref"] = found["$ref"].replace("#/$defs/", "#/definitions/")
    if isinstance(found.get("pattern"), str):
        found["pattern"] = found["pattern"].replace("^(?=[0-9])", "^")
    return found


def table() -> str:
    """The table of values for the README."""
    rows = [
        f"| `{'.'.join(value.path)}` | `{json.dumps(value.default)}` | {value.description} |"
        for value in values((CHART / "values.yaml").read_text())
    ]
    return "\n".join(["| value | default | meaning |", "|---|---|---|", *rows])


def readme(text: str) -> str:
    """The README with the table as it must be."""
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.partition(END)[2]}"


def outputs() -> dict[Path, str]:
    """What each generated file must hold."""
    found = {
        CHART / "values.schema.json": json.dumps(values_schema(), indent=2, ensure_ascii=False) + "\n",
        CHART / "README.md": readme((CHART / "README.md").read_text()),
    }
    return found | {CHART / "files" / name: source.read_text() for name, source in SHARED.items()}


def main() -> None:
    """Write them all."""
    for path, text in outputs().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
