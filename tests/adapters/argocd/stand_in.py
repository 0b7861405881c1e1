"""Argo CD's API server as it is documented, over Applications in memory."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import respx

from tests.core.applications import merged
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.patches import json_patch, merge_patch

Json = dict[str, Any]

API = "https://argocd.example.com"
TOKEN = "role-token"
DENIED = {"error": "permission denied", "code": 7, "message": "permission denied"}


class StandIn:
    """Answers as the server does, errors with its codes and words; `change` comes right before the next write."""

    def __init__(self) -> None:
        self.applications: dict[str, Json] = {}
        self.requests: list[httpx.Request] = []
        self.change: Json | None = None
        self.allowed = {"get", "sync", "update"}

    def make(self, raw: Json) -> None:
        metadata = {"uid": f"uid-{len(self.applications)}"}
        raw = merged(raw, {"metadata": metadata})
        self.applications[f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"] = raw

    def merge(self, name: str, change: Json) -> None:
        self.applications[name] = merge_patch(self.applications[name], change)

    @contextmanager
    def serving(self) -> Iterator[StandIn]:
        with respx.mock(base_url=API, assert_all_called=False) as router:
            one = r"^/api/v1/applications/(?P<name>[^/]+)"
            router.get(path="/api/v1/applications").mock(side_effect=self._list)
            router.get(path__regex=f"{one}$").mock(side_effect=self._get)
            router.patch(path__regex=f"{one}$").mock(side_effect=self._patch)
            router.post(path__regex=f"{one}/sync$").mock(side_effect=self._sync)
            router.delete(path__regex=f"{one}/operation$").mock(side_effect=self._terminate)
            yield self

    def _list(self, request: httpx.Request) -> httpx.Response:
        if refusal := self._refused(request, "get"):
            return refusal
        query = _query(request)
        items = [
            raw
            for raw in self.applications.values()
            if query.get("name", raw["metadata"]["name"]) == raw["metadata"]["name"]
            and query.get("appNamespace", raw["metadata"].get("namespace")) == raw["metadata"].get("namespace")
        ]
        return httpx.Response(200, json={"metadata": {"resourceVersion": "7"}, "items": items or None})

    def _get(self, request: httpx.Request, name: str) -> httpx.Response:
        found = f"{_query(request)['appNamespace']}/{name}"
        if refusal := self._refused(request, "get", found):
            return refusal
        if refresh := _query(request).get("refresh"):
            self.merge(found, {"metadata": {"annotations": {"argocd.argoproj.io/refresh": refresh}}})
        return httpx.Response(200, json=self.applications[found])

    def _patch(self, request: httpx.Request, name: str) -> httpx.Response:
        body = json.loads(request.content)
        found = f"{body['appNamespace']}/{name}"
        if refusal := self._refused(request, "update", found):
            return refusal
        self._interfere(found)
        assert body["patchType"] == "json"
        try:
            self.applications[found] = json_patch(copy.deepcopy(self.applications[found]), json.loads(body["patch"]))
        except ApiError:
            message = "error applying patch: testing value /spec/source/targetRevision failed: test failed"
            return httpx.Response(500, json={"error": message, "code": 2, "message": message})
        return httpx.Response(200, json=self.applications[found])

    def _sync(self, request: httpx.Request, name: str) -> httpx.Response:
        body = json.loads(request.content)
        found = f"{body['appNamespace']}/{name}"
        if refusal := self._refused(request, "sync", found):
            return refusal
        self._interfere(found)
        if "operation" in self.applications[found]:
            message = "another operation is already in progress"
            return httpx.Response(400, json={"error": message, "code": 9, "message": message})
        sync: Json = {"prune": body["prune"], "syncOptions": body.get("syncOptions", {}).get("items", [])}
        if "revisions" in body:
            assert body["sourcePositions"] == [str(place + 1) for place in range(len(body["revisions"]))]
            sync["revisions"] = body["revisions"]
        else:
            sync["revision"] = body["revision"]
        self.applications[found]["operation"] = {"sync": sync, "info": body["infos"], "initiatedBy": {"username": "p"}}
        return httpx.Response(200, json=self.applications[found])

    def _terminate(self, request: httpx.Request, name: str) -> httpx.Response:
        found = f"{_query(request)['appNamespace']}/{name}"
        if refusal := self._refused(request, "sync", found):
            return refusal
        self.merge(found, {"status": {"operationState": {"phase": "Terminating"}}})
        return httpx.Response(200, json={})

    def _refused(self, request: httpx.Request, action: str, name: str = "") -> httpx.Response | None:
        """Of one that is not there it says the same as of one that may not be seen."""
        self.requests.append(request)
        if request.headers["authorization"] != f"Bearer {TOKEN}":
            return httpx.Response(401, json={"error": "no session information", "code": 16, "message": "no session"})
        if action not in self.allowed or (name and name not in self.applications):
            return httpx.Response(403, json=DENIED)
        return None

    def _interfere(self, name: str) -> None:
        change, self.change = self.change, None
        if change is not None:
            self.merge(name, change)


def _query(request: httpx.Request) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(request.url.query.decode()).items()}
