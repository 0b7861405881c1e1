"""Plain HTTP against an API server, and waiting for what it will say."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

Json = dict[str, Any]

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
PROD_SECONDS = 5.0

_GROUPS = {
    "deployments": "apis/apps/v1",
    "replicasets": "apis/apps/v1",
    "statefulsets": "apis/apps/v1",
    "daemonsets": "apis/apps/v1",
    "controllerrevisions": "apis/apps/v1",
    "rollouts": "apis/argoproj.io/v1alpha1",
    "applications": "apis/argoproj.io/v1alpha1",
    "leases": "apis/coordination.k8s.io/v1",
}


@dataclass(frozen=True)
class Api:
    """An API server as an administrator sees it, and a namespace of the test's own."""

    client: httpx.AsyncClient
    namespace: str
    backend: str

    def path(self, plural: str, name: str = "", subresource: str = "") -> str:
        """The URL path in the test's namespace."""
        parts = ["", _GROUPS.get(plural, "api/v1"), "namespaces", self.namespace, plural, name, subresource]
        return "/".join(part for index, part in enumerate(parts) if part or index == 0)

    async def get(self, plural: str, name: str = "", /, **params: str | int) -> Json:
        """The object or the list. Fails on any other answer than 200."""
        return read(await self.client.get(self.path(plural, name), params=params), 200)

    async def items(self, plural: str, /, **params: str | int) -> list[Json]:
        """The items of a list."""
        found: list[Json] = (await self.get(plural, "", **params))["items"]
        return found

    async def create(self, plural: str, obj: Json, code: int = 201) -> Json:
        """Creates the object; `code` is the answer it must get."""
        return read(await self.client.post(self.path(plural), json=obj), code)

    async def patch(
        self, plural: str, name: str, patch: object, kind: str = MERGE_PATCH, *, code: int = 200, subresource: str = ""
    ) -> Json:
        """Patches the object; `code` is the answer it must get."""
        answer = await self.client.patch(
            self.path(plural, name, subresource), content=json.dumps(patch), headers={"Content-Type": kind}
        )
        return read(answer, code)

    async def delete(self, plural: str, name: str, code: int = 200, **params: str | int) -> Json:
        """Deletes the object; `code` is the answer it must get."""
        return read(await self.client.delete(self.path(plural, name), params=params), code)

    @asynccontextmanager
    async def watch(self, plural: str, **params: str | int) -> AsyncIterator[AsyncIterator[Json]]:
        """The events of a watch, as they come."""
        async with self.client.stream("GET", self.path(plural), params={"watch": "true", **params}) as answer:
            assert answer.status_code == 200, await answer.aread()
            yield (json.loads(line) async for line in answer.aiter_lines())

    async def until(self, plural: str, name: str, holds: Callable[[Json], bool], seconds: float = 60.0) -> Json:
        """The object as soon as `holds` is true of it, by a watch. Fails after the deadline with its last state."""
        last: Json = {}
        selector = {"fieldSelector": f"metadata.name={name}"}
        prodding = asyncio.create_task(self._prod(name)) if plural == "rollouts" else None
        try:
            async with asyncio.timeout(seconds):
                while True:
                    listed = await self.get(plural, "", **selector)
                    for last in listed["items"]:
                        if holds(last):
                            return last
                    version = listed["metadata"]["resourceVersion"]
                    async with self.watch(plural, resourceVersion=version, timeoutSeconds=20, **selector) as events:
                        async for event in events:
                            last = event["object"]
                            if event["type"] != "DELETED" and holds(last):
                                return last
        except TimeoutError:
            raise AssertionError(f"{plural}/{name} did not come to that within {seconds} s: {last}") from None
        finally:
            if prodding is not None:
                prodding.cancel()

    async def _prod(self, name: str) -> None:
        """Some versions of Argo Rollouts overlook a change right after a write of their own, until the next one."""
        for attempt in itertools.count():
            await asyncio.sleep(PROD_SECONDS)
            note = json.dumps({"metadata": {"annotations": {"prodded": str(attempt)}}})
            await self.client.patch(self.path("rollouts", name), content=note, headers={"Content-Type": MERGE_PATCH})

    async def until_listed(
        self, plural: str, holds: Callable[[list[Json]], bool], seconds: float = 60.0, **params: str
    ) -> list[Json]:
        """The items as soon as `holds` is true of all of them together. Fails after the deadline."""
        items: list[Json] = []
        try:
            async with asyncio.timeout(seconds):
                while not holds(items := await self.items(plural, **params)):  # noqa: ASYNC110 (another process)
                    await asyncio.sleep(0.02)  # polls: the condition is about the list as a whole
        except TimeoutError:
            raise AssertionError(f"{plural} did not come to that within {seconds} s: {items}") from None
        return items


def read(answer: httpx.Response, code: int) -> Json:
    """The JSON of an answer that must have this code."""
    assert answer.status_code == code, f"{answer.request.method} {answer.request.url}: {answer.text}"
    body: Json = answer.json()
    return body


def without(mapping: Mapping[str, Any], *keys: str) -> Json:
    """A copy without some keys."""
    return {key: value for key, value in mapping.items() if key not in keys}
