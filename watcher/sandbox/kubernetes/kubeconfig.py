"""The kubeconfig file that leads kubectl and the daemon to the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "sandbox"


def write_kubeconfig(path: Path, url: str, token: str | None, namespace: str) -> None:
    """Writes the file, readable by its owner only."""
    user = {"token": token} if token else {}
    context = {"cluster": _NAME, "user": _NAME, "namespace": namespace}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": _NAME, "cluster": {"server": url}}],
        "users": [{"name": _NAME, "user": user}],
        "contexts": [{"name": _NAME, "context": context}],
        "current-context": _NAME,
    }
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
