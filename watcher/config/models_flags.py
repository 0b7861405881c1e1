"""The syntax of the section `flags`: providers of feature flags."""

from __future__ import annotations

from typing import Literal

from watcher.config.spec import Spec, described
from watcher.config.values import Duration


class FlagProviderSpec(Spec):
    """One provider; which keys it needs follows from its kind."""

    kind: Literal["openfeature", "unleash", "launchdarkly", "growthbook", "webhook"] | None = described(
        "What keeps the flags: FeatureFlag objects of the OpenFeature operator in this cluster, an API, or a webhook."
    )
    url: str | None = described(
        "Address of the API, without /api; known for LaunchDarkly and GrowthBook. For a webhook the whole address.",
        examples=["https://unleash.example.com", "https://flags.example.com/watcher"],
    )
    project: str | None = described("Project that keeps the flags (unleash, launchdarkly).", "default")
    token_file: str | None = described("File with a token of the API (unleash, launchdarkly, growthbook).")
    secret_file: str | None = described("File with the secrets that requests are signed with, one a line (webhook).")
    ca_file: str | None = described("Authority (PEM) that signed its certificate; without it the system's.")
    propagates: Duration | None = described(
        "Time within which a change reaches the services; without recovery after it the next way back is tried.", "1m"
    )


class FlagsSpec(Spec):
    """Feature flags that releases are tied to."""

    providers: dict[str, FlagProviderSpec] | None = described(
        "Providers by the name with which flags begin, as in NAME/key@environment."
    )
