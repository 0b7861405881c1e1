"""What every `LeaseLock` must do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from watcher.core.election import Lease
from watcher.ports import LeaseChanged, LeaseLock

WITHIN = 10.0
FIRST = Lease("first_1", 10, 1_700_000_000.25, 1_700_000_000.25, 0)
SECOND = Lease("second_2", 10, 1_700_000_020.5, 1_700_000_020.5, 1)


class LeaseContract:
    async def test_there_is_none_at_first(self, lock: LeaseLock) -> None:
        assert await lock.read(WITHIN) is None

    async def test_what_is_written_is_read_again(self, lock: LeaseLock) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        assert made.lease == FIRST
        assert await lock.read(WITHIN) == made

    async def test_each_write_needs_the_version_before_and_gives_another(self, lock: LeaseLock) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        renewed = await lock.write(replace(FIRST, renewed=FIRST.renewed + 2.0), made.version, WITHIN)
        assert renewed.version != made.version
        with pytest.raises(LeaseChanged):
            await lock.write(SECOND, made.version, WITHIN)
        assert await lock.read(WITHIN) == renewed

    async def test_only_one_can_create_it(self, lock: LeaseLock) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        with pytest.raises(LeaseChanged):
            await lock.write(SECOND, "", WITHIN)
        assert await lock.read(WITHIN) == made

    async def test_another_takes_it_and_the_first_cannot_renew(self, lock: LeaseLock) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        taken = await lock.write(SECOND, made.version, WITHIN)
        assert taken.lease == SECOND
        with pytest.raises(LeaseChanged):
            await lock.write(FIRST, made.version, WITHIN)

    async def test_it_is_given_back(self, lock: LeaseLock) -> None:
        made = await lock.write(FIRST, "", WITHIN)
        free = Lease("", 1, FIRST.renewed, FIRST.renewed, 0)
        await lock.write(free, made.version, WITHIN)
        found = await lock.read(WITHIN)
        assert found is not None
        assert found.lease == free
