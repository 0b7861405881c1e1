"""What this account must be allowed to do, and whether it is (SelfSubjectAccessReview)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.fields import at
from watcher.adapters.kubernetes.marks import HOLD_CONFIG_MAP
from watcher.adapters.kubernetes.resources import Resource
from watcher.core.words import Rung

_FOLLOWED = (
    *resources.WORKLOADS.values(),
    resources.REPLICA_SETS,
    resources.CONTROLLER_REVISIONS,
    resources.PODS,
)

WRITING = frozenset({Rung.ABORT, Rung.UNDO})
"""The rungs that write to workloads."""

THROUGH_GIT = frozenset({Rung.GIT, Rung.SYNC, Rung.BRIDGE})
"""The rungs that write to the objects of Argo CD and Flux."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One thing to be allowed; `namespace` is empty for all of them, `name` for any object."""

    verb: str
    resource: Resource
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    purpose: str = ""

    def __str__(self) -> str:
        what = f"{self.resource.plural}/{self.subresource}" if self.subresource else self.resource.plural
        group = self.resource.group or "core"
        where = f"in namespace {self.namespace}" if self.namespace else "in all namespaces"
        only = f" {self.name}" if self.name else ""
        return f"{self.verb} {what}{only} (API group {group}) {where}: {self.purpose}"


def needed(
    *,
    act: bool,
    rungs: Collection[Rung] = WRITING,
    events: bool | None = None,
    namespaces: tuple[str, ...] = (),
    own_namespace: str = "",
    lease: str = "watcher",
    planes: tuple[str, ...] | None = (),
) -> tuple[Permission, ...]:
    """All permissions for observing, and with `act` for going back, in these namespaces (none: all).

    `rungs` are the ways back that are enabled; `events`: whether Events are created, by default only with `act`;
    `lease`: the name of the Lease in the own namespace; `planes`: namespaces of Argo CD and Flux that are read
    beside these, None: objects of neither are read.  Down migrations need those of `for_down`, too, and flags of the
    OpenFeature operator those of `for_flags`.
    """
    enabled = frozenset(rungs) if act else frozenset[Rung]()
    found = [each for namespace in namespaces or ("",) for each in _within(namespace, WRITING & enabled)]
    if planes is not None:
        everywhere = dict.fromkeys((*namespaces, *planes)) if namespaces else ("",)
        found += [
            each
            for namespace in everywhere
            for resource in resources.GITOPS
            for each in of_tool(resource, namespace, enabled)
        ]
    if act if events is None else events:
        found += _telling(namespaces, own_namespace)
    found += [
        Permission(verb, resources.NAMESPACES, name=name, purpose="holds by annotation on a Namespace")
        for name in namespaces or ("",)
        for verb in ("get", "list", "watch")
    ]
    if own_namespace:
        found += [
            Permission(verb, resources.CONFIG_MAPS, "", own_namespace, HOLD_CONFIG_MAP, "the hold on everything")
            for verb in ("get", "list", "watch")
        ]
    if act and own_namespace:
        found += _leading(own_namespace, lease)
    return tuple(found)


async def missing(client: Client, wanted: tuple[Permission, ...], account: str = "") -> tuple[Permission, ...]:
    """Those that this account does not have, or the ServiceAccount namespace/name.  Raises Unavailable, Rejected."""
    limit = asyncio.Semaphore(8)

    async def denied(permission: Permission) -> bool:
        async with limit:
            return not await _allowed(client, permission, account)

    answers = await asyncio.gather(*(denied(each) for each in wanted))
    return tuple(each for each, is_denied in zip(wanted, answers, strict=True) if is_denied)


def _within(namespace: str, rungs: frozenset[Rung]) -> Iterator[Permission]:
    for resource in _FOLLOWED:
        for verb in ("list", "watch"):
            yield Permission(verb, resource, namespace=namespace, purpose="to see releases")
    for verb in ("list", "watch"):
        yield Permission(verb, resources.CANARIES, namespace=namespace, purpose="to stand down while Flagger decides")
    yield Permission("get", resources.CONFIG_MAPS, namespace=namespace, purpose="to see configuration that moved")
    kinds = resources.WORKLOADS.values() if Rung.UNDO in rungs else (resources.ROLLOUTS,) if rungs else ()
    purpose = "to put a template back" if Rung.UNDO in rungs else "to note the decision before an abort"
    for resource in kinds:
        for verb in ("get", "patch"):
            yield Permission(verb, resource, namespace=namespace, purpose=purpose)
    if rungs:
        purpose = "to abort a Rollout" if Rung.ABORT in rungs else "to skip a Rollout's steps on the way back"
        yield Permission("patch", resources.ROLLOUTS, "status", namespace, purpose=purpose)
    if Rung.UNDO in rungs:
        for verb in ("get", "delete"):
            yield Permission(verb, resources.PODS, namespace=namespace, purpose="to release stuck StatefulSets")


def of_tool(resource: Resource, namespace: str, rungs: Collection[Rung]) -> Iterator[Permission]:
    """Permissions for one kind of object of Argo CD or Flux, in one namespace or all (empty), for these rungs."""
    for verb in ("get", "list", "watch"):
        yield Permission(verb, resource, namespace=namespace, purpose="to see what comes from Git, and how")
    if not THROUGH_GIT.isdisjoint(rungs):
        yield Permission("patch", resource, namespace=namespace, purpose="to have it look at Git, or at a commit")


def for_down(namespaces: tuple[str, ...] = ()) -> tuple[Permission, ...]:
    """Permissions for the Jobs of down migrations in these namespaces (none: all)."""
    return tuple(each for namespace in namespaces or ("",) for each in _of_down(namespace))


def for_flags(namespaces: tuple[str, ...] = (), *, switch: bool) -> tuple[Permission, ...]:
    """Permissions for flags of the OpenFeature operator in these namespaces (none: all); to switch them, or to see."""
    return tuple(
        Permission(verb, resources.FEATURE_FLAGS, namespace=namespace, purpose=purpose)
        for namespace in namespaces or ("",)
        for verb, purpose in (
            ("get", "to see how a flag stands"),
            ("list", "to find the only object of a namespace that defines a flag"),
            *((("patch", "to switch a flag off"),) if switch else ()),
        )
    )


def _of_down(namespace: str) -> Iterator[Permission]:
    for resource in resources.WORKLOADS.values():
        yield Permission("get", resource, namespace=namespace, purpose="to look at the workload before a Job is made")
    for verb in ("get", "create"):
        yield Permission(verb, resources.JOBS, namespace=namespace, purpose="to run a down migration")
    yield Permission("get", resources.CRON_JOBS, namespace=namespace, purpose="for the template of its Job")
    yield Permission("get", resources.PODS, "log", namespace, purpose="to keep the end of its log")


def _telling(namespaces: tuple[str, ...], own_namespace: str) -> Iterator[Permission]:
    """Events about the daemon itself go to its own namespace."""
    everywhere = dict.fromkeys((*namespaces, own_namespace) if namespaces and own_namespace else namespaces or ("",))
    for namespace in everywhere:
        yield Permission("create", resources.EVENTS, namespace=namespace, purpose="to tell people")


def _leading(namespace: str, lease: str) -> Iterator[Permission]:
    """RBAC cannot limit `create` to a name."""
    for verb, name in (("get", lease), ("update", lease), ("create", "")):
        yield Permission(verb, resources.LEASES, "", namespace, name, "to agree on which process may act")


async def _allowed(client: Client, permission: Permission, account: str) -> bool:
    wanted = {
        "verb": permission.verb,
        "group": permission.resource.group,
        "resource": permission.resource.plural,
        "subresource": permission.subresource,
        "namespace": permission.namespace,
        "name": permission.name,
    }
    spec: dict[str, object] = {"resourceAttributes": {key: value for key, value in wanted.items() if value}}
    resource = resources.ACCESS_REVIEWS
    if account:
        resource = resources.ACCESS_REVIEWS_OF_OTHERS
        spec |= _identity(account)
    review = {"apiVersion": resource.api_version, "kind": resource.kind, "spec": spec}
    return bool(at(await client.post(resource.path(), review), "status", "allowed"))


def _identity(account: str) -> dict[str, object]:
    """Who a ServiceAccount is for the authorizer: https://kubernetes.io/docs/reference/access-authn-authz/authentication/"""
    namespace, _, name = account.partition("/")
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated"]
    return {"user": f"system:serviceaccount:{namespace}:{name}", "groups": groups}
