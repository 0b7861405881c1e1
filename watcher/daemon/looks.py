"""Looks at repositories and forges, few at a time, so that one that hangs keeps those of others waiting for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Container, Iterable
from dataclasses import dataclass
from typing import Any

import structlog

from watcher.core.model import Workload

AT_ONCE = 8
"""Looks at the same time."""

OF_ONE_REPOSITORY = 2
"""Of these, at the same repository."""

log = structlog.get_logger("watcher.prospects")


@dataclass(frozen=True, slots=True)
class Look:
    """One that is to be made; `make` is not called before its turn."""

    workload: Workload
    repo: str
    make: Callable[[], Awaitable[None]]


class Looks:
    """Makes looks in the order in which they are lined up, as far as there is room; one at a time for a workload."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._waiting: list[Look] = []
        self._under_way: dict[Workload, str] = {}

    def line_up(self, looks: Iterable[Look]) -> None:
        """These are to be made, in this order, in place of those that still wait."""
        self._waiting = [each for each in looks if each.workload not in self._under_way]
        self._begin()

    def _begin(self) -> None:
        waiting, self._waiting = self._waiting, []
        for look in waiting:
            if self._has_room(look.repo):
                self._under_way[look.workload] = look.repo
                self._group.create_task(self._carry_out(look))
            else:
                self._waiting.append(look)

    def _has_room(self, repo: str) -> bool:
        taken = list(self._under_way.values())
        return len(taken) < AT_ONCE and taken.count(repo) < OF_ONE_REPOSITORY

    async def _carry_out(self, look: Look) -> None:
        try:
            await look.make()
        except Exception:  # a fault of ours with one release, which must not leave all others without a way back
            log.exception("prospect_failed", workload=str(look.workload))
        finally:
            del self._under_way[look.workload]
        self._begin()


def keep_only(known: dict[Workload, Any], wanted: Container[Workload]) -> None:
    """Forget what is known of others than these."""
    for workload in [each for each in known if each not in wanted]:
        del known[workload]
