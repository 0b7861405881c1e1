"""Who may log in: a static token for each user, and a kubeconfig for each."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

MASTERS = ("system:masters",)
NAMESPACE = "watcher"  # of the service accounts of the daemon under test


@dataclass(frozen=True)
class User:
    """A row of the token file. ``name`` is what tests call the user, ``username`` what the API server sees."""

    name: str
    username: str
    groups: Sequence[str] = MASTERS
    token: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)

    def row(self) -> str:
        """This user in the format of ``--token-auth-file``."""
        return f'{self.token},{self.username},{self.name},"{",".join(self.groups)}"\n'


def service_account(name: str) -> User:
    """A user that the API server takes for a service account, so that role bindings to it hold."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}", "system:authenticated")
    return User(name, f"system:serviceaccount:{NAMESPACE}:{name}", groups)


def users() -> dict[str, User]:
    """All users by name: the tests themselves, a person, the controllers, and the daemons under test."""
    controllers = ("kube-controller-manager", "kube-scheduler")
    everybody = [
        User("admin", "admin"),
        User("alice", "alice"),
        User("kwok", "kwok"),
        User("rollouts-controller", "rollouts-controller"),
        User("traffic", "traffic"),
        User("argocd", "argocd"),
        *(User(name, f"system:{name}") for name in controllers),
        service_account("watcher"),
        service_account("watcher-readonly"),
        service_account("watcher-hub"),
        service_account("rehearser"),
    ]
    return {user.name: user for user in everybody}


def write_kubeconfig(path: Path, user: User, server: str, ca: Path) -> None:
    """A kubeconfig that logs ``user`` in at ``server``, complete in one file."""
    authority = base64.b64encode(ca.read_bytes()).decode()
    cluster = {"server": server, "certificate-authority-data": authority}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": user.name, "user": {"token": user.token}}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": user.name}}],
        "current-context": "tests",
    }
    path.write_text(yaml.safe_dump(document))
    path.chmod(0o600)
