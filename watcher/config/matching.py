"""Which workloads an entry of the file, or of the built-in list, is for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import translate
from typing import TYPE_CHECKING

from watcher.config.builtin_never import BUILT_IN

if TYPE_CHECKING:
    from watcher.config.models_match import MatchFields, MatchSpec
    from watcher.core.policy import Subject

_Pattern = re.Pattern[str]


def _compiled(globs: tuple[str, ...] | None) -> tuple[_Pattern, ...] | None:
    return None if globs is None else tuple(re.compile(translate(glob)) for glob in globs)


def _any(patterns: tuple[_Pattern, ...] | None, text: str) -> bool:
    return patterns is None or any(pattern.match(text) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions that must all hold; None: nothing is asked of this property."""

    namespaces: tuple[_Pattern, ...] | None
    names: tuple[_Pattern, ...] | None
    kinds: tuple[_Pattern, ...] | None
    labels: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, spec: MatchFields) -> Conditions:
        """Compile what the file says."""
        labels = tuple((spec.labels or {}).items())
        return cls(_compiled(spec.namespace), _compiled(spec.name), _compiled(spec.kind), labels)

    def in_namespace(self, namespace: str) -> bool:
        """Whether anything in this namespace can match."""
        return _any(self.namespaces, namespace)

    def hold(self, subject: Subject) -> bool:
        """Whether the workload matches."""
        return (
            self.in_namespace(subject.namespace)
            and _any(self.names, subject.name)
            and _any(self.kinds, subject.kind)
            and all(subject.labels.get(label) == value for label, value in self.labels)
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A compiled `match`."""

    wanted: Conditions
    unwanted: Conditions | None

    @classmethod
    def of(cls, spec: MatchSpec) -> Entry:
        """Compile what the file says."""
        return cls(Conditions.of(spec), None if spec.exclude is None else Conditions.of(spec.exclude))

    def matches(self, subject: Subject) -> bool:
        """Whether the entry is for this workload."""
        return self.wanted.hold(subject) and not (self.unwanted is not None and self.unwanted.hold(subject))

    def labels_asked(self) -> set[str]:
        """Names of the labels on which the answer depends."""
        asked = {label for label, _ in self.wanted.labels}
        return asked if self.unwanted is None else asked | {label for label, _ in self.unwanted.labels}


_PROTECTED = tuple((group, _compiled(group.namespaces), _compiled(group.names)) for group in BUILT_IN)
PROTECTING_LABELS = frozenset(group.label for group in BUILT_IN if group.label)


def protected_as(subject: Subject) -> str:
    """What the workload is on the built-in list, or an empty string."""
    for group, namespaces, names in _PROTECTED:
        by_name = _any(namespaces, subject.namespace) or _any(names, subject.name)
        if by_name or (group.label and subject.labels.get(group.label) in group.values):
            return group.what
    return ""
