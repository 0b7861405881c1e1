"""YAML read into plain values that know their line and column.

Scalars are read as YAML 1.2 reads them (core schema).  What YAML 1.1 and 1.2 read differently, and what can hide
a mistake, is a problem instead: unquoted on/off/yes/no, duplicate keys, empty values, merge keys, tags.
The input is bounded in bytes, depth and nodes after expansion of aliases.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from watcher.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_NODES = 200_000

_TEXT_TAG = "tag:yaml.org,2002:str"
_BOOLEANS_OF_1_1 = re.compile(r"(?:on|off|yes|no)\Z", re.IGNORECASE)
_NULL = re.compile(r"(?:~|null|Null|NULL|)\Z")
_TRUE = re.compile(r"(?:true|True|TRUE)\Z")
_FALSE = re.compile(r"(?:false|False|FALSE)\Z")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]{1,3})?\Z")

Plain = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Place:
    """A position in a file, counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """A value of the file.  Aliases share the node that they name."""

    place: Place
    value: Plain | list[Node] | dict[str, tuple[Place, Node]] = None
    unusable: bool = False  # a problem was already reported here
    ambiguous: bool = False  # text here, a boolean to readers of YAML 1.1


@dataclass(slots=True)
class _Reader:
    file: str
    events: Iterator[yaml.Event]
    first: str = "version: 1"  # how such a file begins
    problems: list[Problem] = field(default_factory=list)
    anchors: dict[str, Node] = field(default_factory=dict)

    def report(self, place: Place, what: str, remedy: str) -> None:
        self.problems.append(Problem(self.file, place.line, place.column, what, remedy))

    def refuse(self, place: Place, what: str, remedy: str) -> ConfigError:
        self.report(place, what, remedy)
        return ConfigError(self.problems)

    def node(self, event: yaml.Event, depth: int = 0) -> Node:
        place = _place(event.start_mark)
        if depth > MAX_DEPTH:
            raise self.refuse(place, f"nested deeper than {MAX_DEPTH} levels", "no setting needs that: flatten it")
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, place)
        node = Node(place)
        tag: str | None = getattr(event, "tag", None)
        if tag is not None and tag not in (_TEXT_TAG, "!"):
            self.report(place, f"the YAML tag {tag} is not read here", "remove it")
            node.unusable = True
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event, node)
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = [self.node(item, depth + 1) for item in self.until(yaml.SequenceEndEvent)]
        else:
            node.value = self.mapping(depth)
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def until(self, end: type[yaml.Event]) -> Iterator[yaml.Event]:
        for event in self.events:
            if isinstance(event, end):
                return
            yield event

    def alias(self, event: yaml.AliasEvent, place: Place) -> Node:
        node = self.anchors.get(event.anchor or "")
        if node is None:
            self.report(place, f"the alias *{event.anchor} names nothing", f"set &{event.anchor} on a value above it")
            return Node(place, unusable=True)
        return node

    def mapping(self, depth: int) -> dict[str, tuple[Place, Node]]:
        entries: dict[str, tuple[Place, Node]] = {}
        for event in self.until(yaml.MappingEndEvent):
            place = _place(event.start_mark)
            key = self.key(event, place, depth)
            value = self.node(next(self.events), depth + 1)
            if key is None:
                continue
            if key in entries:
                first = entries[key][0]
                what = f"the key {key} is given twice: first in line {first.line}, again in line {place.line}"
                self.report(place, what, "keep one of the two")
                continue
            entries[key] = (place, value)
        return entries

    def key(self, event: yaml.Event, place: Place, depth: int) -> str | None:
        if not isinstance(event, yaml.ScalarEvent):
            if not isinstance(event, yaml.AliasEvent):
                self.node(event, depth + 1)
            self.report(place, "a key must be plain text", "write key: value")
            return None
        plain = event.implicit[0]
        if plain and event.value == "<<":
            remedy = "write the keys out; entries of services merge by themselves"
            self.report(place, "merge keys (<<) are not read here", remedy)
            return None
        if plain and (_BOOLEANS_OF_1_1.match(event.value) or _TRUE.match(event.value) or _FALSE.match(event.value)):
            self.report(place, f"the key {event.value} is a boolean to YAML 1.1", f'write "{event.value}" in quotes')
            return None
        return event.value

    def scalar(self, event: yaml.ScalarEvent, node: Node) -> None:
        node.value = event.value
        if any("\ud800" <= character <= "\udfff" for character in event.value):
            self.report(node.place, "the text holds half a surrogate pair", "write the character itself")
            node.unusable = True
        elif event.implicit[0] and event.tag is None:
            self.resolve(event.value, node)

    def resolve(self, text: str, node: Node) -> None:
        if _BOOLEANS_OF_1_1.match(text):
            node.ambiguous = True
        elif _NULL.match(text):
            remedy = "write one ({} for all defaults), or remove the key"
            self.report(node.place, "a value is missing here", remedy)
            node.unusable = True
        else:
            node.value = _resolved(text)


def _resolved(text: str) -> Plain:
    if _TRUE.match(text):
        return True
    if _FALSE.match(text):
        return False
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text) and math.isfinite(float(text)):
        return float(text)
    return text


def _place(mark: Any) -> Place:  # yaml.Mark, of the Python parser or of libyaml
    return Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)


def _decoded(content: bytes, file: str) -> str:
    if len(content) > MAX_BYTES:
        what = f"the file is larger than {MAX_BYTES // 1024} KiB"
        raise ConfigError([Problem(file, 1, 1, what, "use globs in match instead of one entry a workload")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigError([Problem(file, line, column, "this byte is not UTF-8", "save the file as UTF-8")]) from None


def _syntax_problem(error: Exception, text: str, file: str) -> Problem:
    remedy = "mend the YAML syntax there or just before"
    if isinstance(error, yaml.MarkedYAMLError):
        place = _place(error.problem_mark or error.context_mark)
        what = f"not valid YAML: {error.problem or error.context}"
        if "'\\t'" in what:
            remedy = "indent with spaces; YAML does not allow tabs"
        return Problem(file, place.line, place.column, what, remedy)
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
        what = f"the character U+{ord(text[error.position]):04X} is not allowed in YAML"
        return Problem(file, line, column, what, "remove it")
    return Problem(file, 1, 1, f"not valid YAML: {error}", remedy)


def read(content: bytes, file: str, first: str = "version: 1") -> tuple[Node, list[Problem]]:
    """Read one YAML document whose top is a mapping, with the problems that leave the rest readable.

    `first` is how such a file begins, for those that are none.

    Raises ConfigError when there is nothing to go on with (syntax, size, depth, not a mapping).
    """
    text = _decoded(content, file)
    reader = _Reader(file, iter(()), first)
    try:
        reader.events = yaml.parse(text, Loader=yaml.SafeLoader)
        return _document(reader), reader.problems
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # chr() of an escape beyond Unicode is not a YAMLError
        raise ConfigError([*reader.problems, _syntax_problem(error, text, file)]) from None


def _document(reader: _Reader) -> Node:
    contents = (
        event
        for event in reader.events
        if not isinstance(
            event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentStartEvent | yaml.DocumentEndEvent
        )
    )
    first = next(contents, None)
    if first is None:
        raise reader.refuse(Place(1, 1), "the file is empty", f"start with: {reader.first}")
    top = reader.node(first)
    second = next(contents, None)
    if second is not None:
        raise reader.refuse(_place(second.start_mark), "a second YAML document begins here", "keep one per file")
    if not isinstance(top.value, dict):
        raise reader.refuse(top.place, "the file must hold a mapping", f"start with: {reader.first}")
    return top


def walk(top: Node, visit: Callable[[tuple[str | int, ...], Place | None, Node], None]) -> bool:
    """Visit every node with its path and its key's place, aliases expanded; False when there are too many."""
    left = MAX_NODES
    pending: list[tuple[tuple[str | int, ...], Place | None, Node]] = [((), None, top)]
    while pending:
        left -= 1
        if left < 0:
            return False
        path, key, node = pending.pop()
        visit(path, key, node)
        if isinstance(node.value, dict):
            pending.extend(((*path, name), place, child) for name, (place, child) in node.value.items())
        elif isinstance(node.value, list):
            pending.extend(((*path, index), None, child) for index, child in enumerate(node.value))
    return True
