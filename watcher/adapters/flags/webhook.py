"""Any other provider: a webhook of one's own, asked by signed requests (https://www.standardwebhooks.com).

docs/flags.md says what it is asked, and what it answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from watcher.adapters import signing
from watcher.adapters.flag_switching import Wanted, switched
from watcher.adapters.flags.fields import mapping, moment, switch, word
from watcher.adapters.json_api import TOTAL_SECONDS, Question, answered
from watcher.adapters.secret_files import SecretFile
from watcher.config.flags import FlagProvider
from watcher.core.flags import Flag, FlagSight

SCOPE = "to be signed by a secret that the webhook knows: compare secretFile, and the clocks"


class Webhook:
    """One address."""

    def __init__(self, provider: FlagProvider, now: Callable[[], float], left: Callable[[], float]) -> None:
        self._provider, self._now, self._left = provider, now, left
        self._secrets = SecretFile(provider.secret_file, "file of the secrets")

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says."""
        return self._sight(flag, await self._asked(flag, "look", {}))

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""

        async def write(before: FlagSight) -> Any:
            fields = {"on": on, "version": before.version, "state": state, "reason": reason}
            return await self._asked(flag, "switch", fields)

        return await switched(flag, lambda: self.look(flag), write, Wanted(on, expected, state, reason))

    def _sight(self, flag: Flag, answer: Any) -> FlagSight:
        found = mapping(answer, flag, "JSON object")
        is_on = switch(found.get("on"), flag, "on")
        return FlagSight(
            flag,
            self._now(),
            on=is_on,
            state=word(found.get("state")) or ("on" if is_on else "off"),
            version=word(found.get("version")),
            changed=moment(found.get("changed")),
        )

    async def _asked(self, flag: Flag, what: str, fields: dict[str, Any]) -> Any:
        body = json.dumps({"type": what, "flag": flag.key, "environment": flag.environment, **fields}).encode()
        secrets = signing.keys(self._secrets.text(), self._provider.secret_file)
        headers = signing.headers(f"flag_{uuid4().hex}", self._now(), body, secrets)
        reads = what == "look"
        return await answered(
            Question(
                method="POST",
                url=self._provider.url,
                headers={"Content-Type": "application/json", **headers},
                scope=SCOPE,
                content=body,
                ca_file=self._provider.ca_file,
                seconds=TOTAL_SECONDS if reads else min(TOTAL_SECONDS, self._left()),
                reads=reads,
            )
        )
