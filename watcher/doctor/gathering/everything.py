"""Gathers all facts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace

from watcher.config.policies import policy
from watcher.core.model import WorkloadView
from watcher.core.policy import By, Check
from watcher.doctor.facts import CheckFacts, ClusterFacts, Entry, Facts, SourceFacts
from watcher.doctor.gathering import cluster, sources, surroundings
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.flags import flags
from watcher.doctor.gathering.git import git
from watcher.doctor.gathering.listing import Lists
from watcher.doctor.gathering.measurements import Measurement, measurements
from watcher.doctor.gathering.process import process
from watcher.doctor.resolving import resolved
from watcher.ports import Unavailable

SOURCES_AT_ONCE = 4


async def gather(asked: Asked, views: Sequence[WorkloadView], unread: tuple[str, ...] = (), problem: str = "") -> Facts:
    """Ask cluster, sources, repositories and this process.

    `views`: all workloads as the cache has them; `unread`: what it lacks, and why; `problem`: why there is none.  What
    does not answer becomes part of the facts: never raises for it.
    """
    lists = Lists(asked.client, asked.namespaces)
    found = (
        ClusterFacts(problem=problem, unread=unread) if problem else await cluster.gather(asked, lists, views, unread)
    )
    wanted = measurements(found.workloads, _configured(asked))
    answers = await _ask_sources(asked, wanted, found)
    checks = tuple(check for _, several in answers for check in several)
    if not found.problem:
        found = await _with_elsewhere(lists, found, checks)
    return Facts(
        now=asked.now(),
        file=asked.file,
        cluster=found,
        checks=checks,
        sources=tuple(source for source, _ in answers),
        process=process(asked.store),
        entries=tuple(_entries(asked, views)),
        git=await git(asked, lists, found.workloads),
        flags=await flags(asked, lists, found.workloads),
        since=asked.since,
        unasked=tuple(lists.unasked),
    )


async def _ask_sources(
    asked: Asked, wanted: Sequence[Measurement], found: ClusterFacts
) -> list[tuple[SourceFacts, list[CheckFacts]]]:
    limit = asyncio.Semaphore(SOURCES_AT_ONCE)

    async def one(name: str) -> tuple[SourceFacts, list[CheckFacts]]:
        async with limit:
            own = [each for each in wanted if each.check.source == name]
            return await sources.ask(asked, asked.thresholds.sources[name], own, found)

    return list(await asyncio.gather(*(one(name) for name in asked.thresholds.sources)))


async def _with_elsewhere(lists: Lists, found: ClusterFacts, checks: Sequence[CheckFacts]) -> ClusterFacts:
    """Look up the pods that series place where they are not."""
    watched = {each.workload.namespace for each in found.workloads}
    names = {
        one.named
        for check in checks
        if check.check.identify.by is By.POD
        for one in resolved(check.series, check.check.identify, found, check.users)
        if one.named and not one.known and one.namespace in watched
    }
    try:
        return replace(found, elsewhere=await surroundings.elsewhere(lists, names))
    except Unavailable as error:
        return replace(found, unread=(*found.unread, str(error)))


def _configured(asked: Asked) -> Iterator[Check]:
    """The checks of each entry by itself, so that those that match nothing yet are asked for too."""
    thresholds = asked.thresholds
    for number in range(len(thresholds.spec.services or ())):
        yield from policy(thresholds.effective((number,)), thresholds.false_rollbacks, never=False).checks


def _entries(asked: Asked, views: Sequence[WorkloadView]) -> Iterator[Entry]:
    """How many workloads each entry matches."""
    thresholds = asked.thresholds
    counts = [0] * len(thresholds.spec.services or ())
    for view in views:
        for index in thresholds.entries_for(asked.subject(view)):
            counts[index] += 1
    for index, matches in enumerate(counts):
        place = thresholds.document.place(("services", index))
        yield Entry(index + 1, f"{asked.file}:{place.line}", matches)
