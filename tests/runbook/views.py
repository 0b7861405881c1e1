"""Workloads for which a runbook is made."""

from __future__ import annotations

from typing import Any

from watcher.core.gitops import Application, Deployed, GitSource
from watcher.core.model import Manager, Pod, Revision, RolloutStatus, Workload, WorkloadView
from watcher.core.words import Kind
from watcher.runbook.commands import Kubectl
from watcher.runbook.facts import Details, Facts

NOW = 1772719560.0  # 2026-03-05T14:06:00Z
HOUR, DAY = 3600.0, 86400.0
REPO = "https://git.example.com/shop/deploy.git"
GOOD_COMMIT, BAD_COMMIT = "b81f2c7d90e34a5c6b7d8e9f0a1b2c3d4e5f6071", "5e0c4b1aa97d4f0e8c21b3d6f7a8091b2c3d4e5f"


def revision(number: int, image: str, ago: float, **more: Any) -> Revision:
    """Made so many seconds ago."""
    name = f"{number:x}d5f7c9b8"
    values = {"template_id": f"t{number}", "code_id": f"c{number}", "created": NOW - ago, **more}
    return Revision(number, name, images=(f"shop/cart:{image}",), **values)


REVISIONS = (
    revision(41, "1.8.1", 9 * DAY),
    revision(42, "1.8.2", 3 * DAY),
    revision(43, "1.9.0-rc", 900.0),
    revision(44, "1.9.0", 420.0, desired=4, ready=4, available=4),
)


def view(kind: Kind = Kind.DEPLOYMENT, revisions: tuple[Revision, ...] = REVISIONS, **more: Any) -> WorkloadView:
    """Its newest revision is the bad one."""
    values = {"desired": 4, "updated": 4, "ready": 4, "available": 4, **more}
    return WorkloadView(Workload(kind, "shop", "cart"), "uid", revisions[-1].number, revisions, **values)


def facts(seen: WorkloadView, details: Details = Details(selector="app=cart"), **more: Any) -> Facts:  # noqa: B008
    """As they are gathered."""
    return Facts(seen, NOW, **{"kubectl": Kubectl(context="prod-eu-1"), "details": details, **more})


def canary(**more: Any) -> WorkloadView:
    """A Rollout in progress: 42 is stable."""
    status = RolloutStatus("canary", stable=REVISIONS[1].name, current=REVISIONS[3].name, phase="Paused", **more)
    return view(Kind.ROLLOUT, rollout=status)


def promoted() -> WorkloadView:
    """A Rollout that is not in progress."""
    current = REVISIONS[3].name
    return view(Kind.ROLLOUT, rollout=RolloutStatus("canary", stable=current, current=current, phase="Healthy"))


def managed(**more: Any) -> WorkloadView:
    """Argo CD keeps it."""
    source = GitSource(REPO, "main", BAD_COMMIT, ("apps/cart",))
    history = (Deployed((GOOD_COMMIT,), NOW - 3 * DAY), Deployed((BAD_COMMIT,), NOW - 421.0))
    values = {"automated": True, "self_heal": True, "sources": (source,), "history": history, **more}
    application = Application("argocd", "argocd/cart", **values)
    return view(manager=Manager("argocd", "cart"), application=application)


def stuck() -> WorkloadView:
    """A StatefulSet of which one new pod never gets ready."""
    pods = (
        Pod("cart-0", "u0", REVISIONS[1].name, NOW - DAY, ready_since=NOW - DAY),
        Pod("cart-2", "u2", REVISIONS[3].name, NOW - 60, waiting="ImagePullBackOff"),
    )
    return view(Kind.STATEFUL_SET, pods=pods)
