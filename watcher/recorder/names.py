"""Which pods are the workload's by their names, and of which revision, as Kubernetes makes names.

A ReplicaSet's and a DaemonSet's pods bear its name, cut to 58 characters, and five more; a StatefulSet's its name and
a number: https://github.com/kubernetes/apiserver/blob/master/pkg/storage/names/generate.go
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from watcher.core.model import Workload
from watcher.core.words import Kind

_SUFFIX = "[a-z0-9]{5}"
_LONGEST_BASE = 58
PATTERN_BYTES = 4000
"""Bytes of names in one selector, at the most: `prometheus-api-client` puts queries into the URL."""


class Names:
    """Names of pods.  `replica_sets` maps their names to revisions; empty for kinds without them."""

    def __init__(self, workload: Workload, replica_sets: Mapping[str, str]) -> None:
        self._numbered = workload.kind is Kind.STATEFUL_SET
        bases = replica_sets or ({workload.name: ""} if workload.kind is not Kind.DEPLOYMENT else {})
        self._revisions: dict[str, set[str]] = {}
        for name, revision in bases.items():
            self._revisions.setdefault(f"{name}-"[:_LONGEST_BASE], set()).add(revision)
        suffix = "[0-9]+" if self._numbered else _SUFFIX
        self._shapes = {base: f"{_literal(base)}{suffix}" for base in self._revisions}

    def revisions_of(self, pod: str) -> set[str] | None:
        """Revisions that a pod of this name may be of; an empty text: any.  None: it is none of the workload's."""
        found = [self._revisions[base] for base, shape in self._shapes.items() if re.fullmatch(shape, pod)]
        return set().union(*found) if found else None

    def patterns(self, known: Iterable[str]) -> list[str]:
        """Anchored RE2 patterns that match all these pods, and whatever else bears such a name."""
        others = (_literal(name) for name in sorted(set(known)) if self.revisions_of(name) is None)
        return list(_parts([*sorted(self._shapes.values()), *others]))


def _literal(name: str) -> str:
    return name.replace(".", "\\.")


def _parts(texts: list[str]) -> Iterator[str]:
    part: list[str] = []
    size = 0
    for text in texts:
        if part and size + len(text) > PATTERN_BYTES:
            yield "|".join(part)
            part, size = [], 0
        part.append(text)
        size += len(text) + 1
    if part:
        yield "|".join(part)
