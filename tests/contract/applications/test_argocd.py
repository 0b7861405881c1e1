from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.argocd.stand_in import API, TOKEN, StandIn
from tests.contract.applications.suite import ApplicationsContract
from watcher.adapters.argocd import ArgoCdApplications, ArgoCdServer
from watcher.config.gitops import ArgoApi

Json = dict[str, Any]


class ServerWorld:
    """The Application behind Argo CD's API."""

    through = API

    def __init__(self, stand_in: StandIn, applications: ArgoCdApplications) -> None:
        self.stand_in, self.applications = stand_in, applications

    async def make(self, raw: Json) -> None:
        self.stand_in.make(raw)

    async def raw(self) -> Json:
        return copy.deepcopy(self.stand_in.applications["argocd/cart"])

    async def merge(self, change: Json) -> None:
        self.stand_in.merge("argocd/cart", change)

    def before_next_write(self, change: Json) -> None:
        self.stand_in.change = change


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ServerWorld]:
    token = tmp_path / "token"
    token.write_text(TOKEN)
    with StandIn().serving() as stand_in:
        yield ServerWorld(stand_in, ArgoCdApplications(ArgoCdServer(ArgoApi(API, str(token), "prod"))))


class TestServer(ApplicationsContract):
    pass
