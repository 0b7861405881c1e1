from __future__ import annotations

import asyncio
import os

import pytest
from hypothesis import settings

settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")
"""The same examples in every run, however busy the machine is."""

pytest_plugins = ["tests.e2e.fixtures", "tests.e2e.harness.fixtures"]
"""One instance of each fixture of the real parts for the whole session: they are heavy."""


@pytest.fixture(scope="session", autouse=True)
def _no_loop_is_left_behind() -> None:
    """Before its first test pytest-asyncio asks for the current loop, which makes one that nobody closes."""
    asyncio.set_event_loop(None)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Real parts are started only when asked for: they need minutes, and one machine holds one control plane."""
    if item.get_closest_marker("e2e") is not None and not os.environ.get("WATCHER_E2E"):
        pytest.skip("needs real parts; run: make e2e")
