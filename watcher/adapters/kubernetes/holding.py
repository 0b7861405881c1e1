"""Holds as a person places them in the cluster, with that person's own permissions: annotations and a ConfigMap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import Conflict, NotFound
from watcher.adapters.kubernetes.fields import annotations_of, at
from watcher.adapters.kubernetes.marks import HOLD, HOLD_BY, HOLD_CONFIG_MAP, HOLD_UNTIL
from watcher.core.deciding.holding import Hold, Scope
from watcher.core.keepers.json_patch import Operation, annotate, pointer, same_object
from watcher.ports import Rejected, WatcherError


@dataclass(frozen=True, slots=True)
class Holding:
    """Places and lifts holds.  `own_namespace` is the daemon's, where the ConfigMap for everything belongs."""

    client: Client
    own_namespace: str

    async def author(self) -> str:
        """The name by which the API server knows the caller; empty where it does not say (before Kubernetes 1.28)."""
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        try:
            answer = await self.client.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
        except WatcherError:
            return ""
        return str(at(answer, "status", "userInfo", "username") or "")

    async def place(self, hold: Hold) -> None:
        """Place this hold, or replace the one that is there.  Raises what the client raises."""
        scope = Scope.parse(hold.scope)
        ends = "" if hold.until is None else _time(hold.until)
        path = _path(scope)
        if not path:
            await self._place_on_everything({"reason": hold.reason, "by": hold.author, "until": ends})
            return
        raw = await self.client.get(path)
        wanted = {HOLD: hold.reason, HOLD_BY: hold.author} | ({HOLD_UNTIL: ends} if ends else {})
        gone = [] if ends else _removals(annotations_of(raw), (HOLD_UNTIL,))
        await self.client.patch(path, [same_object(raw), *annotate(raw, wanted), *gone])

    async def lift(self, scope: Scope) -> None:
        """Lift the hold on just this.  Raises Rejected where there is none, and what the client raises."""
        path = _path(scope)
        if not path:
            await self._lift_from_everything()
            return
        raw = await self.client.get(path)
        if HOLD not in annotations_of(raw):
            raise Rejected(f"there is no annotation {HOLD} on {scope}; list holds with `watcher hold list`")
        removals = _removals(annotations_of(raw), (HOLD, HOLD_BY, HOLD_UNTIL))
        await self.client.patch(path, [same_object(raw), *removals])

    async def _place_on_everything(self, data: Mapping[str, str]) -> None:
        content = {key: value for key, value in data.items() if value}
        body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": HOLD_CONFIG_MAP}, "data": content}
        try:
            await self.client.post(resources.CONFIG_MAPS.path(self.own_namespace), body)
        except Conflict:
            path = resources.CONFIG_MAPS.path(self.own_namespace, HOLD_CONFIG_MAP)
            await self.client.patch(path, [{"op": "add", "path": pointer("data"), "value": content}])

    async def _lift_from_everything(self) -> None:
        path = resources.CONFIG_MAPS.path(self.own_namespace, HOLD_CONFIG_MAP)
        try:
            raw = await self.client.get(path)
        except NotFound as error:
            missing = f"there is no ConfigMap {HOLD_CONFIG_MAP} in namespace {self.own_namespace}"
            raise Rejected(f"{missing}; list holds with `watcher hold list`") from error
        await self.client.delete(path, raw["metadata"]["uid"])


def _path(scope: Scope) -> str:
    """Where the object is that carries the hold; empty for everything."""
    if scope.workload is not None:
        return resources.WORKLOADS[scope.workload.kind].path(scope.namespace, scope.workload.name)
    return resources.NAMESPACES.path(name=scope.namespace) if scope.namespace else ""


def _removals(annotations: Mapping[str, str], keys: tuple[str, ...]) -> list[Operation]:
    return [{"op": "remove", "path": pointer("metadata", "annotations", key)} for key in keys if key in annotations]


def _time(at_seconds: float) -> str:
    return datetime.fromtimestamp(at_seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
