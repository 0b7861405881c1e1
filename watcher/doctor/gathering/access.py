"""What the account may do: needed, beyond that, and not needed in this mode."""

from __future__ import annotations

from collections.abc import Collection

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.permissions import Permission, missing, needed
from watcher.adapters.kubernetes.resources import Resource
from watcher.core.words import Rung
from watcher.doctor.facts import AccessFacts
from watcher.doctor.rules.access import TAKES_OVER

_EVERYTHING = Resource("*", "", "*", "")
_SECRETS = Resource("", "v1", "secrets", "Secret")
_ACCOUNTS = Resource("", "v1", "serviceaccounts", "ServiceAccount")
_USERS = Resource("", "v1", "users", "User")
_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole")
_BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding")

_TAKEOVER = (
    (_EVERYTHING, "", ("*",), "it may do everything"),
    (_SECRETS, "", ("get", "list"), "every credential in the cluster can be read"),
    (_ROLES, "", ("escalate", "bind"), "it can give itself any permission"),
    (_BINDINGS, "", ("create", "patch"), "it can give itself any role that it may bind"),
    (_USERS, "", ("impersonate",), "it can act as anybody"),
    (_ACCOUNTS, "", ("impersonate",), "it can act as any ServiceAccount"),
    (_ACCOUNTS, "token", ("create",), "it can make itself the token of any ServiceAccount"),
    (resources.PODS, "", ("create",), "it can run anything with any ServiceAccount of a namespace"),
    (resources.PODS, "exec", ("create",), "it can run commands in every container"),
)
_BEYOND = (
    (
        resources.APPLICATIONS,
        "",
        ("patch", "update"),
        "whoever patches an Application chooses its source, so deploys anything",
    ),
    (resources.APPLICATIONS, "", ("create", "delete"), "Applications can be made and removed"),
    (resources.DEPLOYMENTS, "", ("create", "delete", "deletecollection"), "workloads can be made and removed"),
    (resources.STATEFUL_SETS, "", ("create", "delete"), "workloads can be made and removed"),
    (resources.CONFIG_MAPS, "", ("list", "patch", "delete"), "configuration is read by name only, and never written"),
    (resources.NAMESPACES, "", ("create", "patch", "delete"), "namespaces are only read"),
)

BEYOND = tuple(
    Permission(verb, resource, subresource, purpose=f"{prefix}{purpose}")
    for prefix, table in ((TAKES_OVER, _TAKEOVER), ("", _BEYOND))
    for resource, subresource, verbs, purpose in table
    for verb in verbs
)
"""What is not needed in all namespaces, unless a rung that may be taken needs it."""


async def access(
    client: Client,
    account: str,
    namespaces: tuple[str, ...],
    own_namespace: str,
    rungs: Collection[Rung],
    more: tuple[Permission, ...],
    *,
    argo: bool,
) -> AccessFacts:
    """Ask the API server.  `rungs`: those that may be taken; `argo`: whether any Rollout is watched; `more`: what is
    needed beside, for the objects of tools that keep anything that is, and for down migrations.

    Raises Unavailable, Rejected.
    """
    act = bool(rungs)
    wanted = needed(act=act, rungs=rungs, events=False, namespaces=namespaces, own_namespace=own_namespace, planes=None)
    wanted = _served((*wanted, *more), argo=argo)
    lacking = await missing(client, wanted, account)
    asked = {(each.verb, each.resource, each.subresource) for each in wanted}
    surplus = tuple(each for each in BEYOND if (each.verb, each.resource, each.subresource) not in asked)
    denied = set(await missing(client, surplus, account))
    beyond = tuple(each for each in surplus if each not in denied)
    if any(each.resource is _EVERYTHING for each in beyond):
        beyond = tuple(each for each in beyond if each.resource is _EVERYTHING)
    unused = () if act or beyond else await _unused(client, account, namespaces, set(wanted), argo=argo)
    return AccessFacts(f"ServiceAccount {account}" if account else "this account", lacking, beyond, unused)


async def _unused(
    client: Client, account: str, namespaces: tuple[str, ...], wanted: set[Permission], *, argo: bool
) -> tuple[Permission, ...]:
    """What is granted for acting, where nothing may act; Events are no write in this sense, and wanted in all modes."""
    acting = _served(needed(act=True, events=False, namespaces=namespaces), argo=argo)
    asked = tuple(each for each in acting if each not in wanted and each.verb in ("patch", "delete"))
    denied = set(await missing(client, asked, account))
    return tuple(each for each in asked if each not in denied)


def _served(permissions: tuple[Permission, ...], *, argo: bool) -> tuple[Permission, ...]:
    return tuple(each for each in permissions if argo or each.resource is not resources.ROLLOUTS)
