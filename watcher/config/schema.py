"""The JSON Schema of the thresholds file, for editors: from the models, with what they cannot say themselves."""

from __future__ import annotations

import json
from typing import Any

from watcher.config.checks import ANCHORS
from watcher.config.models import ThresholdsSpec
from watcher.config.presets import presets

_NAMES = r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$"


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12)."""
    schema: dict[str, Any] = without_null(ThresholdsSpec.model_json_schema(by_alias=True))
    for name in ("sources", "checks", "notifications", "freezes"):
        schema["properties"][name]["propertyNames"] = {"pattern": _NAMES}
    schema["$defs"]["MatchSpec"]["properties"] |= _with_kinds(schema["$defs"]["MatchSpec"])
    schema["$defs"]["MatchFields"]["properties"] |= _with_kinds(schema["$defs"]["MatchFields"])
    definition = schema["properties"]["checks"]["additionalProperties"]
    kinds = {"oneOf": [{"required": [anchor]} for anchor in ANCHORS]}
    definition["anyOf"] = [{"required": ["preset"]}, kinds]
    schema["$defs"]["CheckSpec"]["properties"]["preset"]["examples"] = list(presets())
    override = schema["$defs"]["ServiceSpec"]["properties"]["checks"]
    override["additionalProperties"] = {"anyOf": [{"$ref": "#/$defs/CheckSpec"}, {"const": "none"}]}
    bake = schema["$defs"]["ServiceSpec"]["properties"]["bake"]
    bake["anyOf"] = [{"$ref": bake.pop("$ref")}, schema["$defs"]["BakeSpec"]["properties"]["for"] | {"default": "30m"}]
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Thresholds of watcher"}
    return title | schema


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _with_kinds(match: dict[str, Any]) -> dict[str, Any]:
    kinds = ["Deployment", "StatefulSet", "DaemonSet", "Rollout"]
    return {"kind": match["properties"]["kind"] | {"examples": [*kinds, kinds]}}


def without_null(node: Any) -> Any:
    """Optional keys may be left out, but not be null."""
    if isinstance(node, list):
        return [without_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: without_null(value) for key, value in node.items() if not _is_noise(key, value)}
    choices = plain.get("anyOf", [])
    if {"type": "null"} in choices:
        left = [choice for choice in choices if choice != {"type": "null"}]
        plain.pop("anyOf")
        plain |= left[0] | plain if len(left) == 1 else {"anyOf": left}
    return plain


def _is_noise(key: str, value: Any) -> bool:
    return (key == "default" and value is None) or (key == "title" and isinstance(value, str))
