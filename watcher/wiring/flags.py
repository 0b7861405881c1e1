"""Wiring only: the providers of feature flags."""

from __future__ import annotations

from collections.abc import Callable

from watcher.adapters.flags.configured import ConfiguredFlags
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.feature_flags import KubernetesFeatureFlags
from watcher.config.flags import FlagProviders
from watcher.ports import Clock


def flags(
    client: Client,
    configured: Callable[[], FlagProviders],
    clock: Clock,
    left: Callable[[], float] = lambda: float("inf"),
) -> ConfiguredFlags:
    """All of them; `left` are the seconds that this process may still write."""
    return ConfiguredFlags(configured, KubernetesFeatureFlags(client, clock), clock.now, left)
