"""Asking a forge to merge by itself: it may need a moment before it knows whether it can."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from watcher.adapters.json_api import Conflicting
from watcher.ports import WatcherError

PAUSES = (1.0, 2.0, 4.0)
"""Seconds before it is asked again, while it says that it cannot be done as things stand."""

log = structlog.get_logger("watcher.forges")


async def let_merge(link: str, ask: Callable[[], Awaitable[object]]) -> None:
    """Ask until it is taken.  Where it is not, the pull request is there all the same, and a person can merge it."""
    for pause in (*PAUSES, None):
        try:
            await ask()
        except Conflicting as error:
            if pause is None:
                log.warning("auto_merge_refused", link=link, error=str(error))
                return
            await asyncio.sleep(pause)
        except WatcherError as error:
            log.warning("auto_merge_refused", link=link, error=str(error))
            return
        else:
            return
