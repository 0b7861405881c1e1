"""A file of ours as plain data beside the place of every key and value in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from watcher.config import yaml_tree
from watcher.config.problems import ConfigError, Problem

if TYPE_CHECKING:
    from watcher.config.yaml_tree import Node, Place

Path = tuple[str | int, ...]


class Document:
    """The data of one file and what was found wrong with it so far.

    A path is a tuple of keys and list indices.  Where a value may be written in a short form (`bake: 30m` for
    `bake: {for: 30m}`), the path of the long form leads to the place of the short one.
    """

    def __init__(self, content: bytes, file: str, first: str = "version: 1") -> None:
        self.file = file
        self.data: dict[str, Any] = {}
        self._values: dict[Path, Place] = {}
        self._keys: dict[Path, Place] = {}
        self._holders: set[Path] = set()
        self._flagged: set[Path] = set()
        self._misspelt: set[Path] = set()
        self._ambiguous: dict[Path, str] = {}
        top, self.problems = yaml_tree.read(content, file, first)
        if not yaml_tree.walk(top, self._enter):
            what = f"aliases expand to more than {yaml_tree.MAX_NODES} values"
            raise ConfigError([Problem(file, 1, 1, what, "write out what the aliases stand for")])
        self.data = _plain(top)

    def _enter(self, path: Path, key: Place | None, node: Node) -> None:
        self._values[path] = node.place
        self._holders.add(path[:-1])
        if key is not None:
            self._keys[path] = key
        if node.unusable:
            self._flagged.add(path)
        if node.ambiguous:
            self._ambiguous[path] = str(node.value)

    def resolve(self, path: Path) -> Path:
        """The longest part of `path` that is written in the file."""
        found: Path = ()
        for step in path:
            if (*found, step) in self._values:
                found = (*found, step)
            elif not isinstance(step, int):
                break
        return found

    def has(self, path: Path) -> bool:
        """Whether exactly this is written in the file, be it right, wrong or misspelt."""
        return path in self._values or path in self._misspelt

    def misspelt(self, path: Path) -> None:
        """Take it that the key of `path` is there under a wrong name: its absence is not a second mistake."""
        self._misspelt.add(path)

    def written(self, path: Path) -> Any:
        """The value at `path` as it stands in the file; None where there is none, or it was taken out."""
        value: Any = self.data
        try:
            for step in path:
                value = value[step]
        except (LookupError, TypeError):
            return None
        return value

    def is_empty(self, path: Path) -> bool:
        """Whether nothing is written inside the mapping or list at `path`."""
        return path not in self._holders

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands, or the nearest one around it."""
        return self._values[self.resolve(path)]

    def key_place(self, path: Path) -> Place:
        """Where the key of `path` stands; the value's place where there is no key."""
        found = self.resolve(path)
        return self._keys.get(found, self._values[found])

    def spoilt(self, path: Path) -> bool:
        """Whether a problem was reported somewhere inside the value at `path`, of which a part is missing since."""
        return any(flagged[: len(path)] == path for flagged in self._flagged)

    def flagged(self, path: Path) -> bool:
        """Whether a problem was reported at `path` or around it: then what follows from it is not reported."""
        return any(path[:length] in self._flagged for length in range(1, len(path) + 1))

    def report(self, path: Path, what: str, remedy: str, *, at_key: bool = False) -> None:
        """Add a problem, unless one was reported there already."""
        if self.flagged(path):
            return
        place = self.key_place(path) if at_key else self.place(path)
        if path in self._ambiguous:
            what += f" ({self._ambiguous[path]} without quotes is a boolean to YAML 1.1)"
        self.problems.append(Problem(self.file, place.line, place.column, what, remedy))
        if path:
            self._flagged.add(path)

    def report_ambiguous(self) -> None:
        """Report texts that other readers of YAML take for booleans, where nothing worse was reported."""
        for path, text in self._ambiguous.items():
            if not self.flagged(path):
                place = self.place(path)
                what = f"{text} without quotes is a boolean to YAML 1.1"
                self.problems.append(Problem(self.file, place.line, place.column, what, f'write "{text}" in quotes'))

    def prune(self, path: Path) -> None:
        """Take the value at `path` out of the data, so that the rest can be looked at."""
        path = self.resolve(path)
        holder: Any = self.data
        try:
            for step in path[:-1]:
                holder = holder[step]
            value = holder[path[-1]]
        except LookupError:  # went with something around it
            return
        if isinstance(path[-1], str):
            del holder[path[-1]]
        elif value == {}:
            self.prune(path[:-1])
        else:
            holder[path[-1]] = {}


def _plain(node: Node) -> Any:
    if node.unusable:
        return {}
    if isinstance(node.value, list):
        return [_plain(child) for child in node.value]
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, (_, child) in node.value.items() if not child.unusable}
    return node.value
