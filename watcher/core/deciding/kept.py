"""What keeps a workload as Git says, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from watcher.core.deciding.managed import out_of_reach
from watcher.core.gitops import Application, unpinned
from watcher.core.model import WorkloadView

SHOWN = 12
"""Characters of a commit."""


def kept_body(view: WorkloadView) -> dict[str, object] | None:
    """The application, where it comes from, and why no way back leads through it; None: nobody keeps the workload."""
    if view.manager is None:
        return None
    application = view.application
    return {
        "by": f"{view.manager.tool} {view.manager.name}" if application is None else str(application),
        "seen": application is not None,
        "refused": out_of_reach(view),
        **(_of(application) if application is not None else {}),
    }


def _of(application: Application) -> dict[str, object]:
    return {
        "sources": [
            {
                "repo": each.repo,
                "branch": unpinned(application, each).branch,
                "paths": list(each.paths),
                "deployed": each.deployed,
            }
            for each in application.sources
        ],
        "automated": application.automated,
        "self_heal": application.self_heal,
        "synced": application.synced,
        "parent": application.parent,
        "pinned": application.pinned,
        "message": application.message,
    }


def kept_lines(kept: Mapping[str, Any]) -> Iterator[str]:
    """The same as lines to read."""
    if not kept.get("seen"):
        yield str(kept.get("refused"))
        return
    yield f"{kept.get('by')}, {_habits(kept)}"
    for each in kept.get("sources") or []:
        paths = ", ".join(path or "its root" for path in each.get("paths") or [])
        deployed = f", at {str(each['deployed'])[:SHOWN]}" if each.get("deployed") else ""
        branch = "the default branch" if each.get("branch") == "HEAD" else each.get("branch")
        yield f"{branch} of {each.get('repo')}, {paths}{deployed}"
    if kept.get("pinned"):
        yield f"pinned to an earlier commit by decision {kept['pinned']}"
    if kept.get("refused"):
        yield f"no way back leads through it: {kept['refused']}"
    if kept.get("message"):
        yield str(kept["message"])


def _habits(kept: Mapping[str, Any]) -> str:
    if not kept.get("automated"):
        return "which syncs when a person says so"
    return "which syncs by itself" + (" and puts changes back" if kept.get("self_heal") else "")
