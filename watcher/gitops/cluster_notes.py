"""Migration notes in ConfigMaps that pod templates name."""

from __future__ import annotations

import re
from collections.abc import Sequence

from watcher.core.migrations import NO_MIGRATION, MigrationNote
from watcher.core.model import Revision
from watcher.gitops.noted import MOST, Noted, read
from watcher.ports import Rejected
from watcher.ports.migrations import ClusterMigrations, KeptNotes

ENDINGS = (".yaml", ".yml")
"""Keys of a ConfigMap that hold notes."""

MOST_CONFIG_MAPS = 20

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


class ClusterNotes:
    """Reads the notes of one workload's revisions in `namespace`."""

    def __init__(self, cluster: ClusterMigrations, namespace: str) -> None:
        self._cluster, self._namespace = cluster, namespace
        self._kept: dict[str, KeptNotes | None] = {}

    async def between(self, target: Revision | None, newer: Sequence[Revision]) -> Noted:
        """What the revisions after the target say, newest first.

        Notes that the target's own ConfigMap holds too are of its own time.  Raises Unavailable, Forbidden, Rejected.
        """
        before = await self._names_at(target)
        told = [each for each in newer if each.migrations]
        notes: list[MigrationNote] = []
        unnoted: list[str] = []
        for revision in {each.migrations: each for each in reversed(told)}.values():
            if revision.migrations == NO_MIGRATION:
                continue
            kept = await self._get(revision.migrations)
            if kept is None or not _keys(kept):
                unnoted.append(_lacking(revision, kept))
            elif target is None or revision.migrations != target.migrations:
                notes += [each for each in self._read(revision, kept) if each.name not in before]
            elif not _is_as_then(kept, target):
                notes += self._read(revision, kept)
        if len(notes) > MOST:
            raise Rejected(f"more than {MOST} migration notes lie between: keep those of one release in a ConfigMap")
        numbers = frozenset(each.number for each in told)
        return Noted(tuple(reversed(notes)), tuple(reversed(unnoted)), told=numbers)

    async def _names_at(self, target: Revision | None) -> frozenset[str]:
        if target is None or target.migrations in ("", NO_MIGRATION):
            return frozenset()
        kept = await self._get(target.migrations)
        return frozenset(each.name for each in self._read(target, kept)) if kept is not None else frozenset()

    async def _get(self, name: str) -> KeptNotes | None:
        if not _NAME.fullmatch(name):
            return None
        if name not in self._kept:
            if len(self._kept) >= MOST_CONFIG_MAPS:
                raise Rejected(f"more than {MOST_CONFIG_MAPS} ConfigMaps with migration notes lie between")
            self._kept[name] = await self._cluster.notes(self._namespace, name)
        return self._kept[name]

    def _read(self, revision: Revision, kept: KeptNotes) -> list[MigrationNote]:
        place = f"ConfigMap {self._namespace}/{revision.migrations}"
        return [read(kept.data[key].encode(), key, f"{key} in {place}") for key in _keys(kept)]


def _keys(kept: KeptNotes) -> list[str]:
    return sorted(key for key in kept.data if key.endswith(ENDINGS))


def _is_as_then(kept: KeptNotes, target: Revision) -> bool:
    """Whether it is known to hold what it held when the target was made."""
    return kept.immutable or 0.0 < kept.written <= target.created


def _lacking(revision: Revision, kept: KeptNotes | None) -> str:
    what = "there is none" if kept is None else f"no key of it ends in {' or '.join(ENDINGS)}"
    return (
        f"revision {revision.number} names the ConfigMap {revision.migrations[:253]} for its migration notes,"
        f" and {what}"
    )
