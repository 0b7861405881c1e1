from __future__ import annotations

import asyncio

import pytest

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.harness.fixtures"]
"""One instance of each fixture of the real parts for the whole session: they are heavy."""


@pytest.fixture(scope="session", autouse=True)
def _no_loop_is_left_behind() -> None:
    """Before its first test pytest-asyncio asks for the current loop, which makes one that nobody closes."""
    asyncio.set_event_loop(None)
