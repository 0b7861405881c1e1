"""Label and field selectors, as query parameters and as `spec.selector`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from watcher.sandbox.kubernetes import errors
from watcher.sandbox.kubernetes.kinds import EVENT, NAMESPACE, POD, Kind

Labels = Mapping[str, str]
Predicate = Callable[[Labels], bool]

_SET = re.compile(r"^(?P<key>\S+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]*)\)$")
_EQUALITY = re.compile(r"^(?P<key>[^=!\s]+)\s*(?P<operator>==|=|!=)\s*(?P<value>[^=!\s]*)$")
_EXISTENCE = re.compile(r"^(?P<not>!?)\s*(?P<key>[\w./-]+)$")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")

_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: dict[str, frozenset[str]] = {
    POD.plural: frozenset({"spec.nodeName", "spec.restartPolicy", "status.phase", "status.podIP"}),
    NAMESPACE.plural: frozenset({"status.phase"}),
    EVENT.plural: frozenset(
        {
            *(f"involvedObject.{part}" for part in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")),
            *("reason", "type", "reportingComponent", "source"),
        }
    ),
}


def parse_labels(text: str) -> Predicate:
    """The test that a `labelSelector` parameter means. Raises 400 for what it cannot read."""
    requirements = [_requirement(part.strip()) for part in _COMMA_OUTSIDE_PARENTHESES.split(text) if part.strip()]
    return lambda labels: all(requirement(labels) for requirement in requirements)


def _requirement(part: str) -> Predicate:
    if found := _SET.match(part):
        values = [value.strip() for value in found["values"].split(",")]
        return _expression(found["key"], "In" if found["operator"] == "in" else "NotIn", values)
    if found := _EQUALITY.match(part):
        return _expression(found["key"], "NotIn" if found["operator"] == "!=" else "In", [found["value"]])
    if found := _EXISTENCE.match(part):
        return _expression(found["key"], "DoesNotExist" if found["not"] else "Exists", [])
    raise errors.bad_request(f"unable to parse requirement: {part!r} is not a label requirement")


def _expression(key: str, operator: str, values: list[str]) -> Predicate:
    tests: dict[str, Predicate] = {
        "In": lambda labels: labels.get(key) in values,
        "NotIn": lambda labels: labels.get(key) not in values,
        "Exists": lambda labels: key in labels,
        "DoesNotExist": lambda labels: key not in labels,
    }
    if operator not in tests:
        raise errors.bad_request(f"{operator!r} is not a valid label selector operator")
    return tests[operator]


def selects(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether `spec.selector` (matchLabels and matchExpressions) selects these labels; None selects nothing."""
    if selector is None:
        return False
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _expression(part["key"], part["operator"], list(part.get("values") or ()))(labels) for part in expressions
    )


def label_text(selector: Mapping[str, Any] | None) -> str:
    """`spec.selector` written as a `labelSelector`, e.g. for `status.selector` of a scale."""
    if selector is None:
        return ""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for part in selector.get("matchExpressions") or ():
        values = ",".join(part.get("values") or ())
        written = {
            "In": f"{part['key']} in ({values})",
            "NotIn": f"{part['key']} notin ({values})",
            "Exists": part["key"],
            "DoesNotExist": f"!{part['key']}",
        }
        parts.append(written[part["operator"]])
    return ",".join(parts)


def parse_fields(kind: Kind, text: str) -> Callable[[Mapping[str, Any]], bool]:
    """The test that a `fieldSelector` parameter means. Raises 400 for a field the kind cannot be selected by."""
    allowed = _COMMON_FIELDS | _FIELDS.get(kind.plural, frozenset())
    tests: list[tuple[str, bool, str]] = []
    for part in filter(None, text.split(",")):
        found = _EQUALITY.match(part.strip())
        if not found:
            raise errors.bad_request(f"invalid selector: {text!r}; can't understand {part!r}")
        if found["key"] not in allowed:
            known = ", ".join(f'"{field}"' for field in sorted(allowed))
            raise errors.bad_request(f'"{found["key"]}" is not a known field selector: only {known}')
        tests.append((found["key"], found["operator"] != "!=", found["value"]))
    return lambda obj: all((_field(obj, path) == value) is equal for path, equal, value in tests)


def _field(obj: Mapping[str, Any], path: str) -> str:
    value: Any = obj
    for part in path.split("."):
        value = value.get(part, "") if isinstance(value, Mapping) else ""
    return str(value)
