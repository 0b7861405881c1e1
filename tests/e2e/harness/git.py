"""What a daemon needs to go back through Git: permissions, and credentials in its thresholds file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.e2e.controlplane import GitServer, Json
from tests.e2e.controlplane.credentials import NAMESPACE

GROUP = "rbac.authorization.k8s.io"


def lets_follow_git(account: str, namespace: str) -> list[Json]:
    """What lets an account see Argo CD's Applications, and have them look, sync and follow another commit."""
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["applications"], "verbs": ["get", "list", "watch", "patch"]},
    ]
    name = f"watcher-git-{namespace}"
    subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
    ref = {"apiGroup": GROUP, "kind": "ClusterRole", "name": name}
    metadata = {"name": name}
    return [
        {"apiVersion": f"{GROUP}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": metadata,
            "roleRef": ref,
            "subjects": [subject],
        },
    ]


def git_access(forge: GitServer, url: str, directory: Path, **entry: Any) -> Json:
    """The section ``gitops`` for one repository, with a token that may push; ``entry`` adds keys to its entry."""
    token = directory / "git-token"
    token.write_text(forge.token)
    token.chmod(0o600)
    return {"repositories": [{"url": url, "auth": {"user": "oauth2", "tokenFile": str(token)}, **entry}]}
