from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.argocd.stand_in import API, TOKEN, StandIn
from watcher.adapters.argocd import ArgoCdServer
from watcher.config.gitops import ArgoApi


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture
def server(token: Path) -> ArgoCdServer:
    return ArgoCdServer(ArgoApi(f"{API}/", str(token), "prod"))


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with StandIn().serving() as stand_in:
        yield stand_in
