"""GrowthBook: features over its REST API (https://docs.growthbook.io/api/features-v2).

The API takes no precondition, but publishes each change as a revision, and refuses with 409 what loses a race against
another.  The revision is read right before the write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from watcher.adapters.flag_switching import Wanted, switched
from watcher.adapters.flags.fields import mapping, moment, switch, word
from watcher.adapters.json_api import Api, Token
from watcher.config.flags import FlagProvider
from watcher.core.flags import Flag, FlagSight
from watcher.ports import Rejected

SCOPE = "a role with the permission to publish features in this environment"


class GrowthBook:
    """One organisation; an environment by its id."""

    def __init__(
        self, provider: FlagProvider, token: Token, now: Callable[[], float], left: Callable[[], float]
    ) -> None:
        self._now = now
        self._api = Api(provider.url, token, SCOPE, ca_file=provider.ca_file, left=left)

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says.  The time of the last change is that of the whole feature."""
        feature = await self._feature(flag)
        here = mapping(feature.get("environments"), flag, "environments").get(flag.environment)
        if here is None:
            raise Rejected(f"{flag}: the organisation has no environment {flag.environment}")
        is_on = switch(mapping(here, flag, "environment").get("enabled"), flag, "enabled")
        revision = feature.get("revision")
        return FlagSight(
            flag,
            self._now(),
            on=is_on,
            state="enabled" if is_on else "disabled",
            version=word(revision.get("version")) if isinstance(revision, dict) else "",
            changed=moment(feature.get("dateUpdated")),
            problem="it is archived, so switching it changes nothing" if feature.get("archived") is True else "",
        )

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""

        async def write(_: FlagSight) -> Any:
            body = {"environments": {flag.environment: on}, "reason": reason}
            return await self._api.post(f"{_path(flag)}/toggle", body)

        return await switched(flag, lambda: self.look(flag), write, Wanted(on, expected, state, reason))

    async def _feature(self, flag: Flag) -> Mapping[str, Any]:
        answer = mapping(await self._api.get(_path(flag)), flag, "feature")
        return mapping(answer.get("feature"), flag, "feature")


def _path(flag: Flag) -> str:
    return f"/api/v2/features/{quote(flag.key, safe='')}"
