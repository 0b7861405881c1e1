"""The port `Flags`: the provider of each flag, as the file configures it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from watcher.adapters.flags.growthbook import GrowthBook
from watcher.adapters.flags.launchdarkly import LaunchDarkly
from watcher.adapters.flags.unleash import Unleash
from watcher.adapters.flags.webhook import Webhook
from watcher.adapters.json_api import TOTAL_SECONDS, Token
from watcher.adapters.secret_files import SecretFile
from watcher.config.flags import FlagKind, FlagProvider, FlagProviders
from watcher.core.flags import Flag, FlagSight
from watcher.ports import Rejected
from watcher.ports.flags import Flags

_KINDS: dict[FlagKind, type[Unleash | LaunchDarkly | GrowthBook]] = {
    FlagKind.UNLEASH: Unleash,
    FlagKind.LAUNCHDARKLY: LaunchDarkly,
    FlagKind.GROWTHBOOK: GrowthBook,
}


class ConfiguredFlags:
    """`configured` gives the section `flags` as it is now, `in_cluster` are the flags of the OpenFeature operator.

    `now` is the wall clock, Unix seconds; `left` are the seconds that this process still may write.
    """

    def __init__(
        self,
        configured: Callable[[], FlagProviders],
        in_cluster: Flags,
        now: Callable[[], float],
        left: Callable[[], float] = lambda: TOTAL_SECONDS,
    ) -> None:
        self._configured, self._in_cluster, self._now, self._left = configured, in_cluster, now, left
        self._made: dict[FlagProvider, Flags] = {}

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says."""
        provider = self._provider(flag)
        return replace(await self._flags(provider).look(flag), propagates=provider.propagates)

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""
        provider = self._provider(flag)
        found = await self._flags(provider).switch(flag, on=on, expected=expected, state=state, reason=reason)
        return replace(found, propagates=provider.propagates)

    def _provider(self, flag: Flag) -> FlagProvider:
        found = self._configured().named(flag.provider)
        if found is None:
            raise Rejected(f"{flag}: no provider {flag.provider} is configured; define it under flags: providers:")
        return found

    def _flags(self, provider: FlagProvider) -> Flags:
        if provider.kind is FlagKind.OPENFEATURE:
            return self._in_cluster
        if provider not in self._made:
            self._made[provider] = self._connected(provider)
        return self._made[provider]

    def _connected(self, provider: FlagProvider) -> Flags:
        if provider.kind is FlagKind.WEBHOOK:
            return Webhook(provider, self._now, self._left)
        token = _from(SecretFile(provider.token_file, "token file"))
        return _KINDS[provider.kind](provider, token, self._now, self._left)


def _from(file: SecretFile) -> Token:
    async def token() -> str:
        return file.text()

    return token
