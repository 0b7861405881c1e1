"""Unleash: flags over its Admin API (https://docs.getunleash.io/api).

The API takes no precondition and gives a flag no version.  The newest event of the flag in the environment stands for
one; it is read right before the write, so that only what somebody changes within that moment is not noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from watcher.adapters.flag_switching import Wanted, switched
from watcher.adapters.flags.fields import mapping, moment, switch, word
from watcher.adapters.json_api import Api, NotThere, Token
from watcher.config.flags import FlagProvider
from watcher.core.flags import Flag, FlagSight

SCOPE = "the project permission to toggle flags in this environment (UPDATE_FEATURE_ENVIRONMENT), and to read events"
EVENTS = "/api/admin/search/events"


class Unleash:
    """One project; an environment by its name."""

    def __init__(
        self, provider: FlagProvider, token: Token, now: Callable[[], float], left: Callable[[], float]
    ) -> None:
        self._project, self._now = provider.project, now
        self._api = Api(provider.url, token, SCOPE, scheme="", ca_file=provider.ca_file, left=left)

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says."""
        here = mapping(await self._api.get(self._path(flag)), flag, "environment of the flag")
        is_on = switch(here.get("enabled"), flag, "enabled")
        event = await self._newest_event(flag)
        state = "enabled" if is_on else "disabled"
        return FlagSight(
            flag,
            self._now(),
            on=is_on,
            state=state,
            version=f"{state}:{word(event.get('id'))}",
            changed=moment(event.get("createdAt")),
        )

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""

        async def write(_: FlagSight) -> Any:
            return await self._api.post(f"{self._path(flag)}/{'on' if on else 'off'}", {})

        return await switched(flag, lambda: self.look(flag), write, Wanted(on, expected, state, reason))

    async def _newest_event(self, flag: Flag) -> Mapping[str, Any]:
        """What was last done to the flag in this environment; empty where that cannot be told."""
        about = {"feature": f"IS:{flag.key}", "environment": f"IS:{flag.environment}", "limit": "1"}
        try:
            found = mapping(await self._api.get(EVENTS, about), flag, "events").get("events")
        except NotThere:  # before Unleash 5.11
            return {}
        newest = found[0] if isinstance(found, list) and found else {}
        return newest if isinstance(newest, dict) and newest.get("featureName") == flag.key else {}

    def _path(self, flag: Flag) -> str:
        parts = (quote(each, safe="") for each in (self._project, flag.key, flag.environment))
        return "/api/admin/projects/{}/features/{}/environments/{}".format(*parts)
