"""When an object of Flux is reconciled, and how its status says so: what all of Flux's controllers have in common.

https://fluxcd.io/flux/components/kustomize/kustomizations/#triggering-a-reconcile
https://fluxcd.io/flux/components/kustomize/kustomizations/#interval
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.kubernetes.objects import Json, annotations_of, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World

REQUESTED = "reconcile.fluxcd.io/requestedAt"
HANDLED = "lastHandledReconcileAt"

_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TICK = 1e-4
"""Seconds by which a timer may come early."""


def seconds(text: str) -> float:
    """A duration as Go writes it (`1m30s`), in seconds.  Raises ValueError."""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"no duration: {text!r}")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


@dataclass(frozen=True)
class _Attempt:
    at: datetime
    generation: int
    about: str


class Attempts:
    """Remembers when each object was reconciled last; after a restart all of them are reconciled anew."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last: dict[Key, _Attempt] = {}

    def left(self, obj: Json, about: str = "") -> float:
        """Seconds until it is due: 0 now.

        It is due where its spec changed, where it was asked for, where what it is made of (`about`) changed, and after
        its interval.
        """
        last = self._last.get(_key(obj))
        if last is None or (last.generation, last.about) != (obj["metadata"]["generation"], about):
            return 0.0
        asked = annotations_of(obj).get(REQUESTED)
        if asked is not None and asked != (obj.get("status") or {}).get(HANDLED):
            return 0.0
        due = last.at + timedelta(seconds=seconds(str(obj["spec"]["interval"])))
        left = (due - self._world.now()).total_seconds()
        return left if left > _TICK else 0.0

    def began(self, obj: Json, about: str = "") -> None:
        """It is reconciled now."""
        self._last[_key(obj)] = _Attempt(self._world.now(), obj["metadata"]["generation"], about)

    def forget(self, namespace: str, name: str) -> None:
        """It is gone."""
        self._last.pop((namespace, name), None)


def handled(world: World, obj: Json, *, ready: bool, reason: str, message: str) -> Json:
    """What each reconciliation leaves in a status: the request that was answered, and the condition Ready."""
    before: Json = obj.get("status") or {}
    generation = obj["metadata"]["generation"]
    found = {"type": "Ready", "status": str(ready), "reason": reason, "message": message}
    status = {**before, "conditions": [_settled(before.get("conditions") or (), found, generation, world.stamp())]}
    if ready:
        status["observedGeneration"] = generation
    asked = annotations_of(obj).get(REQUESTED)
    return status | ({HANDLED: asked} if asked is not None else {})


def _settled(before: Sequence[Json], new: Json, generation: int, stamp: str) -> Json:
    """The condition with its time, which moves with the status alone."""
    old = next((each for each in before if each["type"] == new["type"]), None)
    since = old["lastTransitionTime"] if old is not None and old["status"] == new["status"] else stamp
    return {**new, "observedGeneration": generation, "lastTransitionTime": since}


def _key(obj: Json) -> Key:
    return namespace_of(obj), name_of(obj)
