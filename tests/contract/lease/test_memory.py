"""The Lease in memory, on which the daemon is tested in virtual time."""

from __future__ import annotations

import pytest

from tests.contract.lease.suite import FIRST, WITHIN, LeaseContract
from tests.daemon.lease import KeptInMemory, MemoryLease
from watcher.ports import LeaseChanged


@pytest.fixture
def lock() -> MemoryLease:
    return MemoryLease(KeptInMemory())


class TestInMemory(LeaseContract):
    async def test_one_that_was_deleted_cannot_be_renewed(self) -> None:
        server = KeptInMemory()
        lock = MemoryLease(server)
        made = await lock.write(FIRST, "", WITHIN)
        server.delete()
        with pytest.raises(LeaseChanged):
            await lock.write(FIRST, made.version, WITHIN)
