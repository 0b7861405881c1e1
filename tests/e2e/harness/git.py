"""What a daemon needs to go back through Git: permissions, and credentials in its thresholds file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.e2e.build_tools import installed_tools
from tests.e2e.controlplane import GitServer, Json
from tests.e2e.controlplane.argocd import NAMESPACE as ARGOCD
from tests.e2e.controlplane.credentials import NAMESPACE
from tests.e2e.controlplane.forge import ForgeServer

GROUP = "rbac.authorization.k8s.io"


def lets_follow_git(account: str, namespace: str) -> Json:
    """The documented binding by which an account has Applications look, sync and follow another commit."""
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": f"watcher-git-{namespace}", "namespace": ARGOCD},
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": "watcher-git"},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}],
    }


def git_access(forge: GitServer, url: str, directory: Path, /, **entry: Any) -> Json:
    """The section ``gitops`` for one repository, with a token that may push; ``entry`` adds keys; None removes one."""
    found = {"url": url, "auth": auth(directory / "git-token", forge.token), **entry}
    return {"repositories": [{key: value for key, value in found.items() if value is not None}]}


def auth(file: Path, token: str) -> Json:
    """The key ``auth`` of a repository's entry, with this token in this file."""
    return {"user": "oauth2", **token_file(file, token)}


def forge_access(forge: ForgeServer, directory: Path) -> Json:
    """The key ``forge`` of a repository's entry."""
    return {"kind": "gitea", "api": forge.api, **token_file(directory / "forge-token", forge.token)}


def token_file(file: Path, token: str) -> Json:
    """The key ``tokenFile``, with this token in this file."""
    file.write_text(token)
    file.chmod(0o600)
    return {"tokenFile": str(file)}


def renderers(directory: Path) -> dict[str, str]:
    """The environment of a daemon that finds kustomize and helm, as an image with them."""
    tools = installed_tools()
    assert tools is not None, "the real parts are not built"
    programs = directory / "programs"
    programs.mkdir()
    for name, tool in {"helm": "helm4", "kustomize": "kustomize"}.items():
        (programs / name).symlink_to(tools[tool])
    return {"PATH": f"{programs}:{os.environ['PATH']}"}
