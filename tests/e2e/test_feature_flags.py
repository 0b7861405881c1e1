"""FeatureFlags of a real API server, with the CRD of the OpenFeature operator: the contract, and who may switch."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from tests.contract.flags.feature_flag import FeatureFlagWorld, Interfered, feature_flag
from tests.contract.flags.in_cluster import FeatureFlagContract
from tests.e2e.controlplane import ControlPlane
from tests.e2e.harness.flags import CRDS, lets_switch_flags
from watcher.adapters.kubernetes import Client, missing
from watcher.adapters.kubernetes.permissions import for_flags
from watcher.ports import Forbidden


@pytest.fixture(scope="module")
def plane(control_plane: ControlPlane) -> ControlPlane:
    """One that serves FeatureFlags."""
    control_plane.define(CRDS)
    return control_plane


@pytest.fixture
def space(plane: ControlPlane) -> Iterator[str]:
    name = plane.namespace(f"flags-{uuid4().hex[:8]}")
    yield name
    plane.admin.delete(plane.admin.path("Namespace", name=name, version="v1"))


@pytest.fixture
async def world(plane: ControlPlane, space: str) -> AsyncIterator[FeatureFlagWorld]:
    client = Interfered(await Client.connect(str(plane.kubeconfig("alice"))))
    found = FeatureFlagWorld(client, space)
    await found.make(feature_flag(space))
    yield found
    await client.close()


class TestRealApiServer(FeatureFlagContract):
    pass


async def test_the_documented_roles_are_enough_and_viewing_is_not(
    plane: ControlPlane, rbac: None, space: str, world: FeatureFlagWorld
) -> None:
    view, switch = lets_switch_flags("watcher", space)
    client = Interfered(await Client.connect(str(plane.kubeconfig("watcher"))))
    subject = FeatureFlagWorld(client, space)
    with pytest.raises(Forbidden, match="grant the verb `get` on `featureflags`"):
        await subject.flags.look(subject.flag)
    plane.admin.apply(view)
    assert (await subject.flags.look(subject.flag)).on
    with pytest.raises(Forbidden, match="grant the verb `patch` on `featureflags`"):
        await subject.flags.switch(subject.flag, on=False, expected="")
    plane.admin.apply(switch)
    assert await missing(client, for_flags((space,), switch=True)) == ()
    assert (await subject.flags.switch(subject.flag, on=False, expected="")).on is False
    await client.close()
