"""One rehearsal: what is broken for it, how long each step took, and whether all is as it was before."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

BROKEN_TAG = "watcher-rehearsal-"
"""How the tag of an image begins that is not there, so that it cannot be pulled; the rehearsal's id follows."""

DRILL = "watcher.dev/rehearsal"
"""Annotation of the broken pods with the rehearsal's id: no two rehearsals release the same version."""

MOST_DIFFERENCES = 20
_NOTHING = object()
_FAULT = re.compile(r"(env|annotation):([A-Za-z0-9._/-]+)=(.*)")

Json = Mapping[str, Any]


def broken(template: Json, drill: str, fault: str = "") -> dict[str, Any]:
    """The template of a version that is bad on purpose.

    Without a `fault` the image of its first container is one that is not there; `env:NAME=VALUE` and
    `annotation:KEY=VALUE` set what the software takes for a fault switch.  Raises ValueError for another fault.
    """
    metadata, spec = dict(template.get("metadata") or {}), dict(template["spec"])
    first, *others = spec["containers"]
    marks = {DRILL: drill}
    if not fault:
        first = {**first, "image": missing(first["image"], drill)}
    else:
        kind, name, value = _switch(fault)
        if kind == "env":
            kept = [each for each in first.get("env") or () if each.get("name") != name]
            first = {**first, "env": [*kept, {"name": name, "value": value}]}
        else:
            marks[name] = value
    metadata["annotations"] = {**(metadata.get("annotations") or {}), **marks}
    return {**template, "metadata": metadata, "spec": {**spec, "containers": [first, *others]}}


def missing(image: str, drill: str) -> str:
    """An image of the same repository that is not there."""
    path, _, name = image.partition("@")[0].rpartition("/")
    return f"{path}/{name.partition(':')[0]}:{BROKEN_TAG}{drill}".lstrip("/")


def _switch(fault: str) -> tuple[str, str, str]:
    match = _FAULT.fullmatch(fault)
    if match is None:
        raise ValueError(f"{fault!r} is no fault; write env:NAME=VALUE or annotation:KEY=VALUE")
    kind, name, value = match.groups()
    return kind, name, value


def differences(before: Any, after: Any, path: str = "") -> tuple[str, ...]:
    """What is not as it was, one line each: the field, what it was, what it is; at the most MOST_DIFFERENCES.

    A field that means nothing is as one that is not there: the controller of Argo Rollouts writes `resources: {}` into
    the template whenever it notes a revision, and Argo CD's next apply leaves it or takes it away.
    """
    found = list(_differences(before, after, path))
    more = len(found) - MOST_DIFFERENCES
    return (*found[:MOST_DIFFERENCES], f"{more} more fields") if more > 0 else tuple(found)


def _differences(before: Any, after: Any, path: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(_meant(before, key), _meant(after, key), f"{path}.{key}".lstrip("."))
    elif _lists(before, after) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _differences(one, other, f"{path}[{number}]")
    else:
        yield f"{path}: was {_shown(before)}, is {_shown(after)}"


def _meant(fields: Json, key: str) -> Any:
    value = fields.get(key, _NOTHING)
    return _NOTHING if value is None or (key == "resources" and value == {}) else value


def _lists(*values: Any) -> bool:
    return all(isinstance(each, Sequence) and not isinstance(each, str) for each in values)


def _shown(value: Any) -> str:
    text = "not there" if value is _NOTHING else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"


def steps(decision: Json, released: float) -> dict[str, float]:
    """Seconds from the bad release to each step of its rollback, in their order; what did not happen is left out."""
    done = [
        (f"{rung['rung']} done", rung["at"] + rung["took_s"])
        for rung in decision.get("rungs") or ()
        if rung.get("at") is not None and rung.get("took_s") is not None
    ]
    begun = [("breach", decision.get("first_bad_at")), ("decided", decision.get("decided_at"))]
    moments = [*begun, *done, ("restored", decision.get("restored_at"))]
    return {name: round(max(0.0, at - released), 1) for name, at in moments if at is not None}
