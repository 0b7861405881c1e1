"""Who is looked at first, and who waits for whom."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

import pytest

from tests.daemon.life import virtual
from watcher.core.model import Workload
from watcher.core.words import Kind
from watcher.daemon.looks import AT_ONCE, OF_ONE_REPOSITORY, Look, Looks

pytestmark = virtual


class Made:
    """Looks that take `seconds` each, those at the repository `hanging` for ever; `most` were under way at once."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.seconds, self.names = seconds, list[str]()
        self.under_way = self.most = 0

    def of(self, repo: str, *names: str) -> Iterable[Look]:
        for name in names:
            yield Look(Workload(Kind.DEPLOYMENT, "shop", name), repo, partial(self.make, repo, name))

    async def make(self, repo: str, name: str) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(1e6 if repo == "hanging" else self.seconds)
        self.under_way -= 1
        self.names.append(name)


async def looking(seconds: float, *line_up: Callable[[Looks], None]) -> None:
    """Lines up, one a second, and looks for so long."""

    async def work() -> None:
        async with asyncio.TaskGroup() as group:
            looks = Looks(group)
            for each in line_up:
                each(looks)
                await asyncio.sleep(1.0)
            await asyncio.sleep(1e6)

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(work(), seconds)


async def test_a_repository_that_hangs_keeps_none_of_another_one_waiting() -> None:
    made = Made()
    await looking(3.0, lambda looks: looks.line_up([*made.of("hanging", *"abcdefghij"), *made.of("shop", "cart")]))
    assert (made.names, made.under_way) == (["cart"], OF_ONE_REPOSITORY)


async def test_there_are_never_more_at_once_than_allowed() -> None:
    made = Made()
    many = [look for number in range(20) for look in made.of(f"repo-{number}", f"app-{number}")]
    await looking(10.0, lambda looks: looks.line_up(many))
    assert (len(made.names), made.most) == (20, AT_ONCE)


async def test_who_comes_first_in_a_later_line_is_looked_at_next() -> None:
    made = Made(2.0)
    healthy = [f"app-{number}" for number in range(200)]

    def evidence(looks: Looks) -> None:
        looks.line_up([*made.of("shop", "cart"), *made.of("shop", *healthy)])

    await looking(5.0, lambda looks: looks.line_up(made.of("shop", *healthy)), evidence)
    assert made.names[:3] == ["app-0", "app-1", "cart"]
    assert len(set(made.names)) == len(made.names)
