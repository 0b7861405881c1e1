"""The controllers without HTTP, in virtual time."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from tests.sandbox.controllers.simulation import Simulation, TestTime
from watcher.sandbox.controllers import all_controllers
from watcher.sandbox.controllers.recorder import EventRecorder
from watcher.sandbox.controllers.runtime import ControllerLoop
from watcher.sandbox.controllers.world import Timings, World
from watcher.sandbox.kubernetes.kinds import NAMESPACE
from watcher.sandbox.kubernetes.ownership import Writer
from watcher.sandbox.kubernetes.registry import Registry
from watcher.sandbox.kubernetes.store import Store
from watcher.sandbox.nodes import add_node

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
TIMINGS = Timings(
    pod_start=1.0, pod_ready=2.0, pod_stop=1.0, crash_after=1.0, crash_backoff=10.0, traffic_scale_down=30.0
)


@pytest.fixture
async def simulation() -> AsyncIterator[Simulation]:
    """Three nodes, a namespace `shop`, and all controllers at work."""
    clock = TestTime(START)
    store = Store(history_limit=10_000)
    registry = Registry(store, clock, random.Random(7))  # noqa: S311 (names, nothing secret)
    registry.create(NAMESPACE, "", {"metadata": {"name": "shop"}}, Writer("test"))
    for index in range(3):
        add_node(registry, f"node-{index}", clock.now())
    world = World(registry, clock, TIMINGS, EventRecorder(registry, clock))
    tasks = [asyncio.create_task(ControllerLoop(controller, store).run()) for controller in all_controllers(world)]
    yield Simulation(registry, clock)
    for task in tasks:
        task.cancel()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    assert [error for error in ended if isinstance(error, Exception)] == []
