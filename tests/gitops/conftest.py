"""The same tests on a repository in memory and on real Git."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gitops.real import RealRepository
from tests.gitops.world import World


@pytest.fixture(params=["memory", "git"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World() if request.param == "memory" else World(RealRepository(tmp_path))
