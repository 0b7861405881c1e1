"""The migration notes that pod templates name, as the preflight finds them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.fields import at
from watcher.config.gitops import GitOps
from watcher.config.migration_notes import note
from watcher.config.problems import ConfigError
from watcher.core.migrations import MigrationNote
from watcher.core.model import Workload, WorkloadView
from watcher.doctor.facts import MigrationFacts
from watcher.doctor.gathering.listing import Lists
from watcher.ports import Rejected

AT_ONCE = 8
NONE = "none"
"""What the annotation says where a release brings no migration."""

MOST = 100
"""Notes of one ConfigMap that are looked at."""


async def migrations(lists: Lists, views: Iterable[WorkloadView], gitops: GitOps) -> Mapping[Workload, MigrationFacts]:
    """By workload.  Raises Unavailable."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(view: WorkloadView) -> tuple[Workload, MigrationFacts]:
        newest = view.newest()
        named = newest.migrations if newest is not None else ""
        if named in ("", NONE):
            return view.workload, MigrationFacts(says=bool(named), in_git=_in_git(view, gitops))
        async with limit:
            return view.workload, await _of(lists, view.workload.namespace, named)

    return dict(await asyncio.gather(*(one(view) for view in views)))


async def _of(lists: Lists, namespace: str, name: str) -> MigrationFacts:
    try:
        raw = await lists.one(resources.CONFIG_MAPS, namespace, name)
    except Rejected as error:
        lists.unasked[f"ConfigMap {namespace}/{name} with migration notes: {error}"] = None
        return MigrationFacts(config_map=name, says=True)
    data = at(raw, "data") or {}
    found: list[MigrationNote] = []
    broken: list[str] = []
    for key in sorted(key for key in data if key.endswith((".yaml", ".yml")))[:MOST]:
        try:
            found.append(note(str(data[key]).encode(), key).note)
        except ConfigError as error:
            broken.append(str(error.problems[0]))
    downs = [(each.name, each.down.job) for each in found if each.down is not None]
    there = {job: await _is_there(lists, namespace, job) for job in sorted({job for _, job in downs})}
    lacking = tuple((name, job) for name, job in downs if not there[job])
    exists = raw is not None and bool(found or broken)
    return MigrationFacts(name, exists, tuple(broken), lacking, bool(downs), says=True)


async def _is_there(lists: Lists, namespace: str, job: str) -> bool:
    """Whether the CronJob is there; one that may not be read is a permission that is missing, and found as such."""
    try:
        return await lists.one(resources.CRON_JOBS, namespace, job) is not None
    except Rejected:
        return True


def _in_git(view: WorkloadView, gitops: GitOps) -> bool:
    """Whether notes on it may be in a repository."""
    sources = view.application.sources if view.application is not None else ()
    entries = [gitops.repository(each.repo) for each in sources]
    return any(each is not None and each.migrations for each in entries) or any(
        each.images for each in gitops.repositories
    )
