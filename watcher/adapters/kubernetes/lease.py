"""The port `LeaseLock`: one Lease of `coordination.k8s.io/v1`, got, created and updated by its name.

How an election record is spelled in a Lease is that of client-go (tools/leaderelection/resourcelock/leaselock.go), so
that `kubectl get lease` and other programs read it as any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import Conflict, NotFound
from watcher.adapters.kubernetes.fields import Json, at
from watcher.adapters.kubernetes.resources import LEASES
from watcher.core.election import KeptLease, Lease
from watcher.ports import LeaseChanged, Rejected, Unavailable


class KubernetesLease:
    """The Lease of this name in this namespace."""

    def __init__(self, client: Client, namespace: str, name: str) -> None:
        self._client, self._namespace, self._name = client, namespace, name
        self._raw: Json = {}

    def __str__(self) -> str:
        return f"{self._namespace}/{self._name}"

    async def read(self, within: float) -> KeptLease | None:
        """As LeaseLock says."""
        try:
            async with _at_most(within, f"get lease {self}"):
                raw = await self._client.get(LEASES.path(self._namespace, self._name), seconds=within)
        except NotFound:
            return None
        return self._kept(raw)

    async def write(self, lease: Lease, version: str, within: float) -> KeptLease:
        """As LeaseLock says.  Labels, annotations and whatever else the Lease had stay."""
        try:
            async with _at_most(within, f"{'update' if version else 'create'} lease {self}"):
                return self._kept(await self._write(lease, version))
        except Conflict as error:
            raise LeaseChanged(str(error)) from error
        except NotFound as error:
            if version:
                raise LeaseChanged(str(error)) from error
            remedy = f"create the namespace {self._namespace}, or name another one with WATCHER_NAMESPACE"
            raise Rejected(f"{error}; {remedy}") from error

    async def _write(self, lease: Lease, version: str) -> Json:
        before: Json = self._raw if version else {}
        metadata = {**before.get("metadata", {}), "namespace": self._namespace, "name": self._name}
        spec = {**before.get("spec", {}), **_spec(lease)}
        body = {"apiVersion": LEASES.api_version, "kind": LEASES.kind, "metadata": metadata, "spec": spec}
        if not version:
            return await self._client.post(LEASES.path(self._namespace), body)
        metadata["resourceVersion"] = version
        return await self._client.put(LEASES.path(self._namespace, self._name), body)

    def _kept(self, raw: Json) -> KeptLease:
        self._raw = raw
        return KeptLease(_lease(raw), str(at(raw, "metadata", "resourceVersion") or ""))


@asynccontextmanager
async def _at_most(within: float, what: str) -> AsyncIterator[None]:
    """The client waits by itself where the server asks for it, and retries: all of that counts."""
    try:
        async with asyncio.timeout(within):
            yield
    except TimeoutError as error:
        raise Unavailable(f"{what}: no answer within {within:.1f} s") from error


def _lease(raw: Json) -> Lease:
    spec = raw.get("spec") or {}
    return Lease(
        holder=str(spec.get("holderIdentity") or ""),
        duration=int(spec.get("leaseDurationSeconds") or 0),
        acquired=_seconds(spec.get("acquireTime")),
        renewed=_seconds(spec.get("renewTime")),
        transitions=int(spec.get("leaseTransitions") or 0),
    )


def _spec(lease: Lease) -> dict[str, Any]:
    return {
        "holderIdentity": lease.holder,
        "leaseDurationSeconds": lease.duration,
        "acquireTime": _micro_time(lease.acquired),
        "renewTime": _micro_time(lease.renewed),
        "leaseTransitions": lease.transitions,
    }


def _micro_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _seconds(text: str | None) -> float:
    return datetime.fromisoformat(text).timestamp() if text else 0.0
