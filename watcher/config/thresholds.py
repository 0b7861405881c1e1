"""The thresholds file in use: immutable, asked for policies and for explanations of them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from watcher.config import flags_compiling, policies
from watcher.config.channels import channel
from watcher.config.defaults import DEFAULT_FALSE_ROLLBACKS
from watcher.config.freezes import Freeze, freeze
from watcher.config.gitops_compiling import compiled
from watcher.config.matching import PROTECTING_LABELS, Entry, protected_as
from watcher.config.merging import merge
from watcher.config.presets import filled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.config.channels import Channel
    from watcher.config.document import Document
    from watcher.config.fingerprints import Fingerprint
    from watcher.config.flags import FlagProviders
    from watcher.config.gitops import GitOps
    from watcher.config.merging import Effective
    from watcher.config.models import ThresholdsSpec
    from watcher.config.values import FalseRollbacks
    from watcher.core.policy import Limit, Policy, Source, Subject

_REMEMBERED = 50_000
_K = TypeVar("_K")
_V = TypeVar("_V")

_SubjectKey = tuple[str, str, str, tuple[str | None, ...]]
_Signature = tuple[tuple[int, ...], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Thresholds:
    """What a thresholds file says.  `digest` is a SHA-256 over its meaning: comments and notation do not count."""

    fingerprint: Fingerprint
    document: Document
    spec: ThresholdsSpec
    sources: Mapping[str, Source]
    channels: Mapping[str, Channel]
    gitops: GitOps
    freezes: tuple[Freeze, ...]
    flags: FlagProviders
    digest: str
    _entries: tuple[Entry, ...]
    _never: tuple[Entry, ...]
    _labels: tuple[str, ...]
    _near: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)
    _signatures: dict[_SubjectKey, _Signature] = field(default_factory=dict, repr=False)
    _policies: dict[_Signature, Policy] = field(default_factory=dict, repr=False)

    @property
    def cluster(self) -> str:
        """Name of the cluster, empty where the file gives none."""
        return self.spec.cluster or ""

    @property
    def false_rollbacks(self) -> FalseRollbacks:
        """How many wrong rollbacks are accepted."""
        return self.spec.false_rollbacks or DEFAULT_FALSE_ROLLBACKS

    @property
    def breakers(self) -> tuple[Limit, Limit]:
        """How many automatic rollbacks are allowed in the cluster, and in one namespace."""
        general = policies.policy(merge(self.spec, ()), self.false_rollbacks, never=False)
        return general.breaker, general.namespace_breaker

    def policy_for(self, subject: Subject) -> Policy | None:
        """What holds for this workload; None: no entry matches, it is not watched."""
        entries, never = signature = self._signature(subject)
        if not entries:
            return None
        known = self._policies.get(signature)
        if known is None:
            known = policies.policy(merge(self.spec, entries), self.false_rollbacks, never=never)
            self._policies[signature] = known
        return known

    def entries_for(self, subject: Subject) -> tuple[int, ...]:
        """Indices of the entries of services that match, in file order."""
        return self._signature(subject)[0]

    def effective(self, entries: tuple[int, ...]) -> Effective:
        """The settings that these entries make, each with the path where it is written."""
        return merge(self.spec, entries)

    def protection(self, subject: Subject) -> tuple[str, int | None]:
        """Why the workload is never acted on, and the index in `never` that says so (None: the built-in list).

        An empty reason means that it may be acted on.
        """
        built_in = protected_as(subject)
        if built_in:
            return f"{built_in} is on the built-in list", None
        for index, entry in enumerate(self._never):
            if entry.matches(subject):
                return f"entry {index + 1} of never", index
        return "", None

    def _signature(self, subject: Subject) -> _Signature:
        labels = tuple(subject.labels.get(label) for label in self._labels)
        key = (subject.kind, subject.namespace, subject.name, labels)
        known = self._signatures.get(key)
        if known is None:
            near = self._near_namespace(subject.namespace)
            entries = tuple(index for index in near if self._entries[index].matches(subject))
            known = (entries, bool(entries and self.protection(subject)[0]))
            _remember(self._signatures, key, known)
        return known

    def _near_namespace(self, namespace: str) -> tuple[int, ...]:
        """Entries that can match in this namespace: most of a long file cannot."""
        near = self._near.get(namespace)
        if near is None:
            near = tuple(index for index, entry in enumerate(self._entries) if entry.wanted.in_namespace(namespace))
            _remember(self._near, namespace, near)
        return near


def _remember(cache: dict[_K, _V], key: _K, value: _V) -> None:
    if len(cache) >= _REMEMBERED:
        cache.clear()
    cache[key] = value


def thresholds(document: Document, spec: ThresholdsSpec, fingerprint: Fingerprint, directory: str) -> Thresholds:
    """Compile a file without problems; relative files in it count from `directory`."""
    entries = tuple(Entry.of(service.match) for service in spec.services or () if service.match is not None)
    never = tuple(Entry.of(match) for match in spec.never or ())
    asked = PROTECTING_LABELS.union(*(entry.labels_asked() for entry in (*entries, *never)))
    sources = {name: policies.source(name, source, directory) for name, source in (spec.sources or {}).items()}
    channels = {name: channel(name, each, directory) for name, each in (spec.notifications or {}).items()}
    return Thresholds(
        fingerprint=fingerprint,
        document=document,
        spec=spec,
        sources=MappingProxyType(sources),
        channels=MappingProxyType(channels),
        gitops=compiled(spec.gitops, directory),
        freezes=tuple(freeze(name, each) for name, each in (spec.freezes or {}).items()),
        flags=flags_compiling.compiled(spec.flags, directory),
        digest=_digest(spec),
        _entries=entries,
        _never=never,
        _labels=tuple(sorted(asked)),
    )


def _digest(spec: ThresholdsSpec) -> str:
    checks = {name: filled(check) for name, check in (spec.checks or {}).items()}
    spec = spec.model_copy(update={"checks": checks} if checks else {})
    meaning = spec.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return sha256(json.dumps(meaning, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
