"""YAML of others, read into plain values within bounds: a small file may stand for very much.

Aliases and merge keys are counted as what they stand for, and nothing is copied.  Keys are text; dates stay text.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

LARGEST = 16 << 20
"""Bytes of one text."""
MOST_VALUES = 500_000
"""Values in all that is read together, aliases counted as what they stand for."""
DEEPEST = 100

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # without libyaml it is slower, and the same
_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
_RESOLVER: Any = Resolver()
_CONSTRUCTOR: Any = SafeConstructor()  # of single scalars only
_TYPED = {
    "tag:yaml.org,2002:null": _CONSTRUCTOR.construct_yaml_null,
    "tag:yaml.org,2002:bool": _CONSTRUCTOR.construct_yaml_bool,
    "tag:yaml.org,2002:int": _CONSTRUCTOR.construct_yaml_int,
    "tag:yaml.org,2002:float": _CONSTRUCTOR.construct_yaml_float,
}
_FRAME = yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent


class Unreadable(Exception):
    """A text is no YAML, or stands for too much; the message says where and why."""


class YamlReader:
    """Reads texts that share one bound of `most` values."""

    def __init__(self, most: int = MOST_VALUES) -> None:
        self._left = most
        self._events: Iterator[yaml.Event] = iter(())
        self._anchors: dict[str, tuple[Any, int]] = {}

    def documents(self, content: bytes) -> list[Any]:
        """The values of all documents in it, but for empty ones.  Raises Unreadable."""
        if len(content) > LARGEST:
            raise Unreadable(f"it has more than {LARGEST >> 20} MiB")
        found = []
        try:
            self._events = yaml.parse(content.decode("utf-8-sig"), Loader=_LOADER)
            for event in self._events:
                if isinstance(event, yaml.DocumentStartEvent):
                    self._anchors = {}
                elif not isinstance(event, _FRAME):
                    found.append(self._value(event, 0))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            place = "" if mark is None else f" in line {mark.line + 1}"
            raise Unreadable(f"it is no valid YAML{place}: {error.problem or error.context}") from None
        except (yaml.YAMLError, ValueError, OverflowError) as error:  # bytes that are no UTF-8, escapes beyond Unicode
            raise Unreadable(f"it is no valid YAML: {type(error).__name__}") from None
        return [each for each in found if each is not None]

    def _value(self, event: yaml.Event, depth: int) -> Any:
        if depth > DEEPEST:
            raise Unreadable(f"it is nested deeper than {DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        before = self._left
        self._take(1)
        value: Any
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = [self._value(item, depth + 1) for item in self._until(yaml.SequenceEndEvent)]
        else:
            value = self._mapping(depth + 1)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._anchors[event.anchor] = value, before - self._left
        return value

    def _alias(self, event: yaml.AliasEvent) -> Any:
        value, weight = self._anchors.get(event.anchor or "", (None, 0))
        if not weight:
            raise Unreadable(f"the alias *{event.anchor} names nothing")
        self._take(weight)
        return value

    def _take(self, values: int) -> None:
        self._left -= values
        if self._left < 0:
            raise Unreadable("it stands for too many values")

    def _until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise Unreadable("a key is no text")
            value = self._value(next(self._events), depth)
            if self._tag(event) == _MERGE:
                for each in value if isinstance(value, list) else [value]:
                    merged = {**(each if isinstance(each, dict) else {}), **merged}
            else:
                found[event.value] = value
        return {**merged, **found}

    def _tag(self, event: yaml.ScalarEvent) -> str:
        if event.tag is not None or not event.implicit[0]:
            return _TEXT
        return str(_RESOLVER.resolve(yaml.ScalarNode, event.value, (True, False)))

    def _scalar(self, event: yaml.ScalarEvent) -> Any:
        tag = self._tag(event)
        if tag not in _TYPED:
            return event.value
        try:
            return _TYPED[tag](yaml.ScalarNode(tag, event.value))
        except ValueError:  # such as a number of thousands of digits
            return event.value
