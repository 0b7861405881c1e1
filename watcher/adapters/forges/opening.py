"""Opening a pull request just once, however often it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from watcher.adapters.json_api import Conflicting

Fields = Mapping[str, Any]


async def opened(find: Callable[[], Awaitable[Fields | None]], make: Callable[[], Awaitable[Fields]]) -> Fields:
    """The one that there is, whatever became of it, or a new one.  Raises as the two do."""
    found = await find()
    if found is not None:
        return found
    try:
        return await make()
    except Conflicting:  # it has come in between, or there is another reason
        found = await find()
        if found is None:
            raise
        return found
