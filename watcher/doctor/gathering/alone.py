"""The preflight of a process that follows no cluster: reads it once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from watcher.adapters.kubernetes.cluster import KubernetesCluster
from watcher.doctor.facts import Facts
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.everything import gather
from watcher.ports import Clock, Rejected, Unavailable

FIRST_LOOK = 120.0
"""Seconds that the first complete reading of a cluster may take."""


async def facts_once(
    asked: Asked, clock: Clock, prepare: Callable[[KubernetesCluster], object] = lambda _: None
) -> Facts:
    """Read cluster, sources, repositories and process once.  What does not answer becomes part of the facts.

    `prepare` is given the cluster before it is read.
    """
    asked.tell("reading the cluster")
    try:
        await asked.client.get("/version")
    except Unavailable as error:
        return await gather(asked, (), problem=str(error))
    except Rejected:
        pass  # it answers, and does not let everybody see its version
    cluster = KubernetesCluster(asked.client, clock, asked.namespaces, asked.own_namespace, asked.planes)
    prepare(cluster)
    following = asyncio.create_task(cluster.run(), name="cluster")
    unread: tuple[str, ...] = ()
    try:
        async with asyncio.timeout(FIRST_LOOK):
            await cluster.settled()
    except TimeoutError:
        unread = (f"the cluster was not read completely within {FIRST_LOOK:.0f} s",)
    finally:
        views, unread = tuple(cluster.workloads()), (*unread, *cluster.problems())
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    return await gather(asked, views, unread)
