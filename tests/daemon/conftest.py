from __future__ import annotations

from pathlib import Path

import pytest

from tests.daemon.life import THRESHOLDS


@pytest.fixture
def thresholds(tmp_path: Path) -> Path:
    path = tmp_path / "thresholds.yaml"
    path.write_text(THRESHOLDS)
    return path
