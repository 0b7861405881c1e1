"""Feature flags of the OpenFeature operator: `FeatureFlag` objects (core.openfeature.dev/v1beta1) of this cluster.

`@namespace/name` names the object that defines the flag; `@namespace` the only one there that does.  The write tests
uid and the flag's whole definition as it was read, so that it is immune to what happens to other flags of the object.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from watcher.adapters.flag_switching import Wanted, switched
from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, at, seconds
from watcher.core.flags import Flag, FlagSight
from watcher.core.keepers.json_patch import pointer, replace, same_object, test
from watcher.ports import Clock, Rejected

ON, OFF = "ENABLED", "DISABLED"
MOST = 500
"""Objects of one namespace that are looked through."""

_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_FLAGS = ("spec", "flagSpec", "flags")


class KubernetesFeatureFlags:
    """The port `Flags` over the Kubernetes API."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    async def look(self, flag: Flag) -> FlagSight:
        """As Flags says."""
        return self._sight(flag, await self._object(flag))

    async def switch(self, flag: Flag, *, on: bool, expected: str, state: str = "", reason: str = "") -> FlagSight:
        """As Flags says."""
        seen: list[Json] = []

        async def look() -> FlagSight:
            seen.append(await self._object(flag))
            return self._sight(flag, seen[-1])

        async def write(_: FlagSight) -> Any:
            raw, where = seen[-1], pointer(*_FLAGS, flag.key)
            wanted = replace(f"{where}/state", ON if on else OFF)
            operations = [same_object(raw), test(where, _definition(raw, flag)), wanted]
            metadata = raw["metadata"]
            path = resources.FEATURE_FLAGS.path(metadata["namespace"], metadata["name"])
            return await self._client.patch(path, operations)

        return await switched(flag, look, write, Wanted(on, expected, state, reason))

    def _sight(self, flag: Flag, raw: Json) -> FlagSight:
        definition = _definition(raw, flag)
        state = str(definition.get("state", ""))
        digest = hashlib.sha256(json.dumps(definition, sort_keys=True).encode()).hexdigest()[:16]
        return FlagSight(
            flag,
            self._clock.now(),
            on={ON: True, OFF: False}.get(state),
            state=state[:20],
            version=f"{raw['metadata']['uid']}:{digest}",
            changed=max(_changes(raw, flag.key), default=None),
        )

    async def _object(self, flag: Flag) -> Json:
        namespace, apart, name = flag.environment.partition("/")
        if not all(_NAME.fullmatch(each) for each in (namespace, *((name,) if apart else ()))):
            raise Rejected(f"{flag}: {flag.environment} names no object; write @NAMESPACE/NAME, or @NAMESPACE")
        if not name:
            return await self._only_one(flag, namespace)
        try:
            return await self._client.get(resources.FEATURE_FLAGS.path(namespace, name))
        except NotFound as error:
            raise Rejected(f"{flag}: there is no FeatureFlag {namespace}/{name}: {error}") from None

    async def _only_one(self, flag: Flag, namespace: str) -> Json:
        try:
            found = await self._client.get(resources.FEATURE_FLAGS.path(namespace), {"limit": str(MOST)})
        except NotFound as error:
            raise Rejected(f"{flag}: there are no FeatureFlags in this cluster: {error}") from None
        fitting = [each for each in found.get("items") or () if flag.key in (at(each, *_FLAGS) or {})]
        if len(fitting) != 1:
            names = ", ".join(str(at(each, "metadata", "name")) for each in fitting) or "none"
            raise Rejected(
                f"{flag}: FeatureFlags of namespace {namespace} that define {flag.key}: {names}; "
                f"name the one that is meant, as {flag.provider}/{flag.key}@{namespace}/NAME"
            )
        found_one: Json = fitting[0]
        return found_one


def _definition(raw: Json, flag: Flag) -> Json:
    flags = at(raw, *_FLAGS) or {}
    definition = flags.get(flag.key)
    if not isinstance(definition, dict):
        name = f"{raw['metadata']['namespace']}/{raw['metadata']['name']}"
        raise Rejected(f"{flag}: the FeatureFlag {name} defines no flag {flag.key}")
    return definition


def _changes(raw: Json, key: str) -> Iterator[float]:
    """When each of those who own a part of the flag's definition wrote last; later changes of others they own too."""
    for entry in at(raw, "metadata", "managedFields") or ():
        if f"f:{key}" in (at(entry, "fieldsV1", "f:spec", "f:flagSpec", "f:flags") or {}):
            try:
                written = seconds(entry.get("time"))
            except ValueError:
                continue
            if written is not None:
                yield written
