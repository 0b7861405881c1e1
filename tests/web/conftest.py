from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from tests.daemon.life import THRESHOLDS, Life
from tests.daemon.outside import CART, Outside
from tests.flags.memory import MemoryFlags
from watcher.core.model import Source
from watcher.web.server import People, application
from watcher.web.tokens import Tokens

Json = dict[str, Any]


@dataclass
class Served:
    """The HTTP API over a daemon that stands still: it does what a test does with it."""

    life: Life
    http: TestClient[Request, Application]
    tokens: Path

    @property
    def outside(self) -> Outside:
        return self.life.outside

    async def get(self, path: str, status: int = 200) -> Json:
        """A JSON answer with this status."""
        async with self.http.get(path) as answer:
            assert answer.status == status, await answer.text()
            assert answer.content_type == "application/json"
            body: Json = await answer.json()
            return body

    async def text(self, path: str, status: int = 200) -> str:
        async with self.http.get(path) as answer:
            assert answer.status == status, await answer.text()
            return await answer.text()

    async def error(self, path: str, status: int) -> Json:
        """What the one shape of errors holds."""
        body = await self.get(path, status)
        assert body.keys() == {"error"}
        error: Json = body["error"]
        assert error.keys() == {"code", "message", "remedy"}
        assert error["code"] == status
        assert error["message"]
        assert error["remedy"]
        return error

    async def step(self) -> None:
        """One step of cart, with everything that its source has."""
        stepping = self.life.daemon.stepping
        if stepping.open_watches():
            up = Source("main", not self.outside.blind, self.outside.clock.now() - 3.0, self.outside.blind)
            stepping.inbox.measured(CART, [], [], [up])
        assert await stepping.step([CART])


@asynccontextmanager
async def serving(directory: Path, flags: Callable[[MemoryFlags], None] | None = None) -> AsyncIterator[Served]:
    """A daemon that has seen cart, with its thresholds and tokens in this directory; `flags` sets up a provider."""
    thresholds, file = directory / "thresholds.yaml", directory / "tokens.yaml"
    thresholds.write_text(THRESHOLDS)
    outside = Outside()
    outside.deploy()
    if flags is not None:
        outside.flags = MemoryFlags(outside.clock.now)
        flags(outside.flags)
    life = await Life.prepare(outside, thresholds)
    status = life.daemon.status
    status.synced = True
    tokens = Tokens(file, outside.clock)
    daemon = life.daemon
    people = People(daemon.persons, tokens, daemon.rehearsals, daemon.breakers, daemon.flag_restores)
    app = application(status, life.store, daemon.telemetry.registry, people)
    served = Served(life, TestClient(TestServer(app)), file)
    await served.step()
    async with served.http:
        yield served


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A daemon that has seen cart."""
    async with serving(tmp_path) as found:
        yield found
