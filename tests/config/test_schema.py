"""The committed schema is the models', says the truth about defaults, and agrees with the models about files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.config.texts import GOOD, problems, spoilt
from watcher.config import load
from watcher.config.defaults import CHECK_FLOOR, CHECK_HOLD_FOR, CHECK_MIN_BAD, DEFAULT_FALSE_ROLLBACKS, SETTINGS
from watcher.config.explaining import written_form
from watcher.config.schema import json_schema, text

CONFIG = Path(__file__).parents[2] / "config"
SCHEMA = json_schema()
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def test_the_committed_schema_is_the_one_of_the_models() -> None:
    assert (CONFIG / "thresholds.schema.json").read_text() == text(), "run: make schema"


def test_the_example_names_the_schema_and_is_good() -> None:
    example = CONFIG / "thresholds.yaml"
    assert example.read_text().splitlines()[0] == "# yaml-language-server: $schema=thresholds.schema.json"
    assert len(load(example).digest) == 64  # no ConfigError
    assert faults(yaml.safe_load(example.read_text()), SCHEMA) == []


def faults(value: Any, schema: dict[str, Any], where: str = "") -> list[str]:
    """What the keywords that this schema uses say against a value."""
    if "$ref" in schema:
        found = faults(value, SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]], where)
    else:
        found = _own_faults(value, schema, where)
    for keyword, wanted in (("anyOf", 1), ("oneOf", 1)):
        if keyword in schema:
            fitting = [choice for choice in schema[keyword] if not faults(value, choice, where)]
            found += (
                [] if (len(fitting) >= wanted if keyword == "anyOf" else len(fitting) == 1) else [f"{where} {keyword}"]
            )
    return found


def _own_faults(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where} is no {kind}"]
    found = [f"{where} {word}" for word in ("enum", "const") if word in schema and value not in _list(schema[word])]
    found += [f"{where} lacks {key}" for key in schema.get("required", ()) if key not in value]
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{where} pattern")
    if "minimum" in schema and value < schema["minimum"]:
        found.append(f"{where} minimum")
    if "exclusiveMaximum" in schema and value >= schema["exclusiveMaximum"]:
        found.append(f"{where} maximum")
    if isinstance(value, dict):
        found += _faults_inside(value, schema, where)
    if isinstance(value, list):
        found += [
            f for index, item in enumerate(value) for f in faults(item, schema.get("items", {}), f"{where}[{index}]")
        ]
    return found


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _faults_inside(value: dict[str, Any], schema: dict[str, Any], where: str) -> list[str]:
    found = [
        f"{where} key {key}" for key in value if not re.search(schema.get("propertyNames", {}).get("pattern", ""), key)
    ]
    others = schema.get("additionalProperties", {})
    for key, item in value.items():
        inside = schema.get("properties", {}).get(key, others)
        found += [f"{where} unknown {key}"] if inside is False else faults(item, inside, f"{where}.{key}")
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 1", "version: 2"),
        ("version: 1\n", "mode: act\n"),
        ("max: 1%", "max: 1%, increase: 2"),
        ("max: 1%", "max: 1%, increse: 2x"),
        ("max: 1%", "max: 1%, floor: 1"),
        ("max: 1%", "max: 1%, query: x"),
        ("max: 1%", "max: 1%, may: always"),
        ("slowerThan: 500ms", "slowerThan: 500"),
        ("slowerThan: 500ms", "slowerThan: 500 ms"),
        ("match: {namespace: shop}", "mode: act"),
        ("match: {namespace: shop}", "match: {namespace: shop}\n    bake: 30"),
        ("match: {namespace: shop}", "match: {namespace: shop}\n    cooldown: ~"),
        ("errors: {}, latency: {}", "errors: maybe"),
        ("main:", "Main:"),
    ],
)
def test_editors_and_the_models_refuse_the_same(old: str, new: str) -> None:
    changed = spoilt(old, new)
    assert problems(changed)
    assert faults(yaml.safe_load(changed), SCHEMA)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max: 1%", "max: 0.01"),
        ("errors: {}, latency: {}", "errors: none, latency: {max: 2%}"),
        ("match: {namespace: shop}", "match: {}\n    bake: 1h30m"),
        ("match: {namespace: shop}", "match: {not: {kind: [Rollout]}}\n    bake: {for: 2m}"),
        ('bad: {code: "5.."}', 'bad: [{code: ["5..", "429"]}, {grpc: Internal}]'),
        ("version: 1", "version: 1\nfalseRollbacks: 1 per quarter"),
    ],
)
def test_editors_and_the_models_accept_the_same(old: str, new: str) -> None:
    changed = spoilt(old, new)
    assert problems(changed) == []
    assert faults(yaml.safe_load(changed), SCHEMA) == []


def properties() -> list[tuple[str, str, dict[str, Any]]]:
    holders = {"": SCHEMA, **SCHEMA["$defs"]}
    return [(name, key, prop) for name, holder in holders.items() for key, prop in holder["properties"].items()]


def test_every_key_is_described() -> None:
    assert [f"{name}.{key}" for name, key, prop in properties() if not prop.get("description")] == []
    assert "null" not in json.dumps(SCHEMA)


def test_examples_of_the_schema_fit_it() -> None:
    for name, key, prop in properties():
        for example in prop.get("examples", ()):
            assert faults(example, prop) == [], f"{name}.{key}"


HOLDERS = {
    "bake": "BakeSpec",
    "knownGood": "KnownGoodSpec",
    "judge": "JudgeSpec",
    "traffic": "TrafficSpec",
    "availability": "AvailabilitySpec",
    "breaker": "BreakerSpec",
    "rungs": "RungsSpec",
}


def test_defaults_of_the_schema_are_those_that_hold() -> None:
    for key, value in SETTINGS.items():
        if len(key) == 3 or key == ("rungs", "sync"):
            continue  # told in the description of what holds them
        holder = SCHEMA if key == ("mode",) else SCHEMA["$defs"]["ServiceSpec" if len(key) == 1 else HOLDERS[key[0]]]
        assert written_form(holder["properties"][key[-1]]["default"]) == written_form(value), key
    check = SCHEMA["$defs"]["CheckSpec"]["properties"]
    written = [written_form(check[key]["default"]) for key in ("floor", "minBad", "for")]
    assert written == [written_form(value) for value in (CHECK_FLOOR, CHECK_MIN_BAD, CHECK_HOLD_FOR)]
    assert SCHEMA["properties"]["falseRollbacks"]["default"] == str(DEFAULT_FALSE_ROLLBACKS)


def test_the_good_file_fits() -> None:
    assert faults(yaml.safe_load(GOOD), SCHEMA) == []
