"""Providers of feature flags as the thresholds file configures them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from watcher.core.flags import Flag


class FlagKind(StrEnum):
    """Which API a provider has."""

    OPENFEATURE = "openfeature"
    UNLEASH = "unleash"
    LAUNCHDARKLY = "launchdarkly"
    GROWTHBOOK = "growthbook"
    WEBHOOK = "webhook"


ADDRESSES = {
    FlagKind.LAUNCHDARKLY: "https://app.launchdarkly.com",
    FlagKind.GROWTHBOOK: "https://api.growthbook.io",
}
"""Where a provider is that everybody reaches at the same address."""


@dataclass(frozen=True, slots=True)
class FlagProvider:
    """One provider.

    `project` is what Unleash and LaunchDarkly keep flags in.  `token_file` holds the token of its API, `secret_file`
    the secrets that a webhook is signed with.  `propagates` are seconds within which a change reaches the services.
    """

    name: str
    kind: FlagKind
    url: str = ""
    project: str = ""
    token_file: str = ""
    secret_file: str = ""
    ca_file: str = ""
    propagates: float = 60.0


@dataclass(frozen=True, slots=True)
class FlagProviders:
    """All of them."""

    providers: tuple[FlagProvider, ...] = ()

    def named(self, name: str) -> FlagProvider | None:
        """The provider of this name, or None."""
        return next((each for each in self.providers if each.name == name), None)

    def beyond(self, flag: Flag, namespace: str) -> str:
        """Why a pod template of this namespace may not name the flag; empty: it may.

        Whoever deploys there would else have flags of others switched off, which they may not change themselves.  What
        the thresholds file names is not asked for here.
        """
        provider, place = self.named(flag.provider), flag.environment.partition("/")[0]
        if provider is None or provider.kind is not FlagKind.OPENFEATURE or place == namespace:
            return ""
        return f"it is a FeatureFlag of namespace {place}; a pod template of {namespace} may name those of its own only"

    def of_kind(self, kind: FlagKind) -> bool:
        """Whether there is one of this kind."""
        return any(each.kind is kind for each in self.providers)
