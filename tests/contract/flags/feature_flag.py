"""A FeatureFlag of the OpenFeature operator, and the world in which the port meets it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

from watcher.adapters.kubernetes import Client, KubernetesFeatureFlags
from watcher.adapters.kubernetes.resources import FEATURE_FLAGS
from watcher.core.flags import Flag

Json = dict[str, Any]
KEY = "new-cart"


def feature_flag(namespace: str, name: str = "shop", *, state: str = "ENABLED", key: str = KEY) -> Json:
    """As https://github.com/open-feature/open-feature-operator documents it, with a second flag beside."""
    on_or_off = {"variants": {"on": True, "off": False}, "defaultVariant": "on"}
    return {
        "apiVersion": "core.openfeature.dev/v1beta1",
        "kind": "FeatureFlag",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"flagSpec": {"flags": {key: {"state": state, **on_or_off}, "other": {"state": state, **on_or_off}}}},
    }


class WallClock:
    def now(self) -> float:
        return time.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Interfered(Client):
    """Lets somebody change the object right before a patch, and counts patches."""

    def __init__(self, client: Client) -> None:
        super().__init__(client._access)
        self.change: Callable[[], Coroutine[Any, Any, None]] | None = None
        self.patches = 0

    async def patch(self, path: str, operations: list[dict[str, Any]]) -> Any:
        change, self.change = self.change, None
        if change is not None:
            await change()
        self.patches += 1
        return await super().patch(path, operations)


class FeatureFlagWorld:
    """One FeatureFlag in a namespace of its own."""

    def __init__(self, client: Interfered, namespace: str) -> None:
        self.client, self.namespace = client, namespace
        self.flags = KubernetesFeatureFlags(client, WallClock())
        self.flag = Flag("openfeature", KEY, f"{namespace}/shop")

    async def make(self, raw: Json) -> None:
        await self.client.post(FEATURE_FLAGS.path(self.namespace), raw)

    async def delete(self) -> None:
        uid = (await self.raw())["metadata"]["uid"]
        await self.client.delete(FEATURE_FLAGS.path(self.namespace, "shop"), uid)

    async def raw(self) -> Json:
        return dict(await self.client.get(FEATURE_FLAGS.path(self.namespace, "shop")))

    async def change(self, key: str, **fields: str) -> None:
        raw = await self.raw()
        raw["spec"]["flagSpec"]["flags"][key].update(fields)
        await self.client.put(FEATURE_FLAGS.path(self.namespace, "shop"), raw)

    async def on(self) -> bool:
        return bool((await self.raw())["spec"]["flagSpec"]["flags"][KEY]["state"] == "ENABLED")

    async def writes(self) -> int:
        return self.client.patches

    async def somebody_changes(self, *, on: bool) -> None:
        await self.change(KEY, **({"defaultVariant": "off"} if on else {"state": "DISABLED"}))

    def before_next_write(self, change: Callable[[], object]) -> None:
        self.client.change = self.change_now

    async def change_now(self) -> None:
        await self.change(KEY, defaultVariant="off")
