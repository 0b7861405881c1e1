"""The outside of feature flags: what each provider of the thresholds file is asked."""

from __future__ import annotations

from typing import Protocol

from watcher.core.flags import Flag, FlagSight


class Flags(Protocol):
    """Feature flags of all configured providers."""

    async def look(self, flag: Flag) -> FlagSight:
        """How the flag stands now.

        Raises Unavailable; Forbidden; Rejected where there is no such provider, flag or environment.
        """

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """Switch it, if it still has the version `expected`; to the `state` it had before, where one is given.

        How it stands then.  What is so already is not written again.  Raises Changed where it has another version;
        Unanswered where nobody knows what came of it; otherwise as `look`.
        """
