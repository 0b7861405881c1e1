"""LaunchDarkly: flags over its REST API (https://launchdarkly.com/docs/api/feature-flags).

A JSON patch with a `test` of the environment's version is used instead of the semantic `turnFlagOff`, which takes no
precondition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from watcher.adapters.flag_switching import Wanted, switched
from watcher.adapters.flags.fields import mapping, number, switch
from watcher.adapters.json_api import Api, Token
from watcher.config.flags import FlagProvider
from watcher.core.flags import Flag, FlagSight
from watcher.core.keepers.json_patch import pointer, replace, test
from watcher.ports import Rejected

SCOPE = "a role that allows viewing the project and updateOn for its flags in this environment"
HEADERS = {"LD-API-Version": "20240415"}


class LaunchDarkly:
    """One project; an environment by its key."""

    def __init__(
        self, provider: FlagProvider, token: Token, now: Callable[[], float], left: Callable[[], float]
    ) -> None:
        self._project, self._now = provider.project, now
        self._api = Api(provider.url, token, SCOPE, scheme="", headers=HEADERS, ca_file=provider.ca_file, left=left)

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says."""
        answer = mapping(await self._api.get(self._path(flag), {"env": flag.environment}), flag, "flag")
        here = mapping(answer.get("environments"), flag, "environments").get(flag.environment)
        if here is None:
            raise Rejected(f"{flag}: the project {self._project} has no environment {flag.environment}")
        here = mapping(here, flag, "environment")
        is_on, version = switch(here.get("on"), flag, "on"), number(here.get("version"), flag, "version")
        modified = here.get("lastModified")
        return FlagSight(
            flag,
            self._now(),
            on=is_on,
            state="on" if is_on else "off",
            version=str(version),
            changed=modified / 1000.0 if isinstance(modified, int | float) else None,
            problem="it is archived, so switching it changes nothing" if answer.get("archived") is True else "",
        )

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""

        async def write(before: FlagSight) -> Any:
            here = ("environments", flag.environment)
            patch = [test(pointer(*here, "version"), int(before.version)), replace(pointer(*here, "on"), on)]
            return await self._api.patch(self._path(flag), {"patch": patch, "comment": reason})

        return await switched(flag, lambda: self.look(flag), write, Wanted(on, expected, state, reason))

    def _path(self, flag: Flag) -> str:
        return f"/api/v2/flags/{quote(self._project, safe='')}/{quote(flag.key, safe='')}"
