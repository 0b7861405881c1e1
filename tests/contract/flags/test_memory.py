"""The contract on the stand-in in memory, which tests of the daemon use."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.contract.flags.suite import FlagsContract, PreconditionContract
from tests.flags.kept import BEGAN
from tests.flags.memory import MemoryFlags
from watcher.core.flags import Flag


class MemoryWorld:
    def __init__(self) -> None:
        self.flags, self.flag = MemoryFlags(lambda: BEGAN), Flag("memory", "new-cart", "production")
        self.flags.put(self.flag, on=True)

    async def on(self) -> bool:
        return bool(self.flags.standing[self.flag].on)

    async def writes(self) -> int:
        return len(self.flags.switches)

    async def somebody_changes(self, *, on: bool) -> None:
        self.flags.put(self.flag, on=on)

    def before_next_write(self, change: Callable[[], object]) -> None:
        self.flags.interfere = lambda: self.flags.put(self.flag, on=True)

    async def change_now(self) -> None:
        self.flags.put(self.flag, on=True)


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld()


class TestMemory(FlagsContract, PreconditionContract):
    pass
