"""The contract on FeatureFlags of the sandbox's API server."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.contract.flags.feature_flag import FeatureFlagWorld, Interfered, feature_flag
from tests.contract.flags.in_cluster import FeatureFlagContract
from watcher.adapters.kubernetes import Client
from watcher.ports import Forbidden
from watcher.sandbox.cluster import SandboxCluster, SandboxSettings
from watcher.sandbox.kubernetes.authorization import AccessRule
from watcher.sandbox.kubernetes.server import ApiSettings

SETTINGS = SandboxSettings(namespaces=("shop",), controllers=False)


@pytest.fixture
async def world() -> AsyncIterator[FeatureFlagWorld]:
    async with SandboxCluster(SETTINGS) as sandbox:
        client = Interfered(await Client.connect(str(sandbox.kubeconfig_path)))
        found = FeatureFlagWorld(client, "shop")
        await found.make(feature_flag("shop"))
        yield found
        await client.close()


class TestSandbox(FeatureFlagContract):
    pass


async def test_a_permission_that_is_missing_is_named() -> None:
    reads = AccessRule(("get", "create"), ("*",), ("*",))
    settings = SandboxSettings(namespaces=("shop",), controllers=False, api=ApiSettings(rules=(reads,)))
    async with SandboxCluster(settings) as sandbox:
        client = Interfered(await Client.connect(str(sandbox.kubeconfig_path)))
        found = FeatureFlagWorld(client, "shop")
        await found.make(feature_flag("shop"))
        with pytest.raises(Forbidden, match="grant the verb `patch` on `featureflags` to this account by RBAC"):
            await found.flags.switch(found.flag, on=False, expected="")
        await client.close()
