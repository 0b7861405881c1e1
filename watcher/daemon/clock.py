"""The real clock."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Wall clock and real waiting."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
