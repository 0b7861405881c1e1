"""What the port `Flags` must do with FeatureFlags of a cluster, beside what every provider must."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.contract.flags.feature_flag import KEY, FeatureFlagWorld, feature_flag
from tests.contract.flags.suite import FlagsContract, PreconditionContract
from watcher.ports import Rejected


class FeatureFlagContract(FlagsContract, PreconditionContract):
    async def test_the_state_is_written_and_nothing_else(self, world: FeatureFlagWorld) -> None:
        before = await world.raw()
        await world.flags.switch(world.flag, on=False, expected="")
        before["spec"]["flagSpec"]["flags"][KEY]["state"] = "DISABLED"
        assert (await world.raw())["spec"] == before["spec"]

    async def test_what_happens_to_other_flags_of_the_object_is_no_conflict(self, world: FeatureFlagWorld) -> None:
        seen = await world.flags.look(world.flag)
        world.client.change = lambda: world.change("other", state="DISABLED")
        assert (await world.flags.switch(world.flag, on=False, expected=seen.version)).on is False

    async def test_it_tells_when_it_was_changed(self, world: FeatureFlagWorld) -> None:
        changed = (await world.flags.look(world.flag)).changed
        assert changed is not None
        assert time.time() - 60.0 < changed < time.time() + 2.0

    async def test_the_only_object_of_a_namespace_needs_no_name(self, world: FeatureFlagWorld) -> None:
        short = replace(world.flag, environment=world.namespace)
        assert (await world.flags.look(short)).on
        await world.make(feature_flag(world.namespace, "another", key="something-else"))
        assert (await world.flags.switch(short, on=False, expected="")).on is False
        await world.make(feature_flag(world.namespace, "second"))
        with pytest.raises(Rejected, match=f"that define {KEY}: second, shop; name the one that is meant, as"):
            await world.flags.look(short)

    @pytest.mark.parametrize("environment", ["shop/flags/x", "../watcher", "Shop/flags", "shop/", "/flags"])
    async def test_what_names_no_object_is_refused(self, world: FeatureFlagWorld, environment: str) -> None:
        with pytest.raises(Rejected):
            await world.flags.look(replace(world.flag, environment=environment))

    async def test_an_object_made_anew_is_another_one(self, world: FeatureFlagWorld) -> None:
        seen = await world.flags.look(world.flag)
        await world.delete()
        await world.make(feature_flag(world.namespace))
        assert (await world.flags.look(world.flag)).version != seen.version
