"""What the port `Flags` must do, whatever provider is behind it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import pytest

from watcher.core.flags import Flag
from watcher.ports import Changed, Rejected
from watcher.ports.flags import Flags

REASON = "watcher d1: 181 of 904 requests failed"


class World(Protocol):
    """One flag, `on` in the beginning, and the port."""

    flags: Flags
    flag: Flag

    async def on(self) -> bool:
        """How it stands at the provider."""

    async def writes(self) -> int:
        """How often it was written, by whomever."""

    async def somebody_changes(self, *, on: bool) -> None:
        """Somebody else changes it, be it only what it is made of."""

    def before_next_write(self, change: Callable[[], object]) -> None:
        """Do this once, right before the next write is looked at."""

    async def change_now(self) -> None:
        """Somebody else changes what it is made of, as from `before_next_write`."""


class FlagsContract:
    async def test_it_is_seen_as_it_stands(self, world: World) -> None:
        sight = await world.flags.look(world.flag)
        assert (sight.flag, sight.on, sight.problem) == (world.flag, True, "")
        assert sight.state
        assert sight.version
        assert sight.changed is not None

    async def test_it_is_switched_off_once_however_often_it_is_asked_for(self, world: World) -> None:
        seen, before = await world.flags.look(world.flag), await world.writes()
        for _ in range(3):
            sight = await world.flags.switch(world.flag, on=False, expected=seen.version, reason=REASON)
            assert sight.on is False
            assert sight.state != seen.state
        assert not await world.on()
        assert await world.writes() == before + 1

    async def test_it_is_put_back_as_it_was(self, world: World) -> None:
        seen = await world.flags.look(world.flag)
        off = await world.flags.switch(world.flag, on=False, expected=seen.version)
        back = await world.flags.switch(world.flag, on=True, expected=off.version, state=seen.state)
        assert (back.on, back.state) == (True, seen.state)
        assert await world.on()

    async def test_one_that_somebody_changed_since_is_left_as_it_is(self, world: World) -> None:
        seen = await world.flags.look(world.flag)
        await world.somebody_changes(on=True)
        before = await world.writes()
        with pytest.raises(Changed, match="somebody has changed it since"):
            await world.flags.switch(world.flag, on=False, expected=seen.version)
        assert (await world.on(), await world.writes()) == (True, before)

    async def test_what_somebody_changed_to_what_is_wanted_is_no_conflict(self, world: World) -> None:
        seen = await world.flags.look(world.flag)
        await world.somebody_changes(on=False)
        before = await world.writes()
        assert (await world.flags.switch(world.flag, on=False, expected=seen.version)).on is False
        assert await world.writes() == before

    async def test_without_a_version_it_is_switched_as_it_is(self, world: World) -> None:
        assert (await world.flags.switch(world.flag, on=False, expected="")).on is False

    async def test_a_flag_that_is_not_there_is_refused(self, world: World) -> None:
        for wrong in (replace(world.flag, key="no-such"), replace(world.flag, environment="nowhere")):
            with pytest.raises(Rejected):
                await world.flags.look(wrong)
            with pytest.raises(Rejected):
                await world.flags.switch(wrong, on=False, expected="")


class PreconditionContract:
    """For providers that refuse a write of what changed right before it."""

    async def test_what_changes_right_before_the_write_is_not_overwritten(self, world: World) -> None:
        seen = await world.flags.look(world.flag)
        world.before_next_write(world.change_now)
        with pytest.raises(Changed, match="somebody has changed it since"):
            await world.flags.switch(world.flag, on=False, expected=seen.version)
        assert await world.on()
