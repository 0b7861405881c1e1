"""What can be learnt of the feature flags that workloads are tied to now."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from watcher.adapters.kubernetes import marks, resources
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.permissions import for_flags, missing
from watcher.config.flags import FlagKind
from watcher.core.flags import Flag
from watcher.core.model import Workload
from watcher.core.state import WorkloadState
from watcher.core.words import Mode, Outcome, Rung
from watcher.doctor.facts import WorkloadFacts
from watcher.doctor.flag_facts import FlagFacts
from watcher.doctor.gathering.asked import Asked
from watcher.doctor.gathering.listing import Lists
from watcher.ports import PASSED, Forbidden, RehearsalRow, Rejected, Unavailable

MOST = 100
"""Flags that are asked for, at the most."""

AT_ONCE = 4


async def flags(asked: Asked, lists: Lists, workloads: Sequence[WorkloadFacts]) -> tuple[FlagFacts, ...]:
    """Ask the providers; nothing where none was given to ask with.

    What does not answer becomes part of the facts: never raises for it.
    """
    if asked.flags is None:
        return ()
    tied = _tied(workloads)
    if len(tied) > MOST:
        lists.unasked[f"{len(tied) - MOST} of {len(tied)} feature flags: too many to look at"] = None
    if tied:
        asked.tell(f"asking for {min(len(tied), MOST)} feature flags")
    limit = asyncio.Semaphore(AT_ONCE)

    async def one(each: FlagFacts) -> FlagFacts:
        async with limit:
            return await _of(asked, each)

    return tuple(await asyncio.gather(*map(one, tied[:MOST])))


def _tied(workloads: Iterable[WorkloadFacts]) -> list[FlagFacts]:
    """Flags with those who use them, apart by who names them: a pod template, or the thresholds file."""
    found: dict[tuple[str, bool], list[Workload]] = defaultdict(list)
    for each in workloads:
        newest = each.view.newest()
        annotated = newest.flag if newest is not None else ""
        if (annotated or each.policy.flag) and each.policy.rung_mode(Rung.FLAG) is not Mode.NONE:
            found[annotated or each.policy.flag, bool(annotated)].append(each.workload)
    return [
        FlagFacts(written, tuple(sorted(users)), annotated=annotated)
        for (written, annotated), users in sorted(found.items())
    ]


async def _of(asked: Asked, known: FlagFacts) -> FlagFacts:
    try:
        flag = Flag.parse(known.written)
    except ValueError as error:
        return replace(known, wrong=str(error))
    provider = asked.thresholds.flags.named(flag.provider)
    if provider is None:
        return replace(known, wrong=f"no provider {flag.provider} is configured")
    beyond = _beyond(asked, flag, known)
    if beyond:
        return replace(known, wrong=beyond)
    in_cluster = provider.kind is FlagKind.OPENFEATURE
    if in_cluster and not await _served(asked):
        return replace(known, undefined=True)
    seen = await _seen(asked, flag, known)
    tried = not set(known.users).isdisjoint(asked.without_flag) or (seen.sight is not None and seen.sight.on is False)
    seen = replace(seen, tried=tried)
    return await _in_cluster(asked, flag, seen) if in_cluster and seen.sight is not None else seen


def _beyond(asked: Asked, flag: Flag, known: FlagFacts) -> str:
    """Why a pod template that names it may not."""
    places = {each.namespace for each in known.users} if known.annotated else set[str]()
    return next(filter(None, (asked.thresholds.flags.beyond(flag, each) for each in sorted(places))), "")


async def _seen(asked: Asked, flag: Flag, known: FlagFacts) -> FlagFacts:
    if asked.flags is None:
        return known
    try:
        return replace(known, sight=await asked.flags.look(flag))
    except Unavailable as error:
        return replace(known, away=str(error))
    except Forbidden as error:
        return replace(known, refused=str(error))
    except Rejected as error:
        return replace(known, unknown=str(error))


async def _served(asked: Asked) -> bool:
    """Whether the cluster has such objects; where that cannot be told it is taken to."""
    resource = resources.FEATURE_FLAGS
    try:
        await asked.client.get(f"/apis/{resource.api_version}")
    except NotFound:
        return False
    except (Unavailable, Rejected):
        return True
    return True


async def _in_cluster(asked: Asked, flag: Flag, seen: FlagFacts) -> FlagFacts:
    """What keeps its object, and whether this account may switch it."""
    namespace, _, name = flag.environment.partition("/")
    keeper, resource = "", resources.FEATURE_FLAGS
    try:
        if name:
            raw = await asked.client.get(resource.path(namespace, name))
            manager = marks.manager(raw, resource.kind, resource.group)
            keeper = f"{manager.tool} {manager.name}" if manager is not None else ""
        wanted = for_flags((namespace,), switch=not asked.read_only)
        return replace(seen, keeper=keeper, lacking=await missing(asked.client, wanted, asked.account))
    except (Unavailable, Rejected) as error:
        return replace(seen, sight=None, away=str(error))


def without_flag(rehearsals: Iterable[RehearsalRow], states: Iterable[WorkloadState]) -> frozenset[Workload]:
    """Workloads of which it is known that they run with their flag off: by a rehearsal, or in earnest."""
    well = (each for each in rehearsals if (each.rung, each.result) == (Rung.FLAG, PASSED))
    return frozenset({Workload.parse(each.workload) for each in well} | set(_in_earnest(states)))


def _in_earnest(states: Iterable[WorkloadState]) -> Iterator[Workload]:
    for state in states:
        watch = state.watch
        if watch is not None and watch.switched is not None and watch.outcome is Outcome.RESTORED:
            yield state.workload
