"""An application together with what it says it keeps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from watcher.core.gitops import Application
from watcher.core.keepers.raw import Json, text
from watcher.core.model import Workload
from watcher.core.words import Kind

BRIDGE = "watcher.dev/bridge"  # the decision that has pinned an application, or keeps it off one workload
BRIDGE_FROM = "watcher.dev/bridge-from"  # the branch that was followed before
BRIDGE_TO = "watcher.dev/bridge-to"  # the commit that is followed instead

_GROUPS = {
    Kind.DEPLOYMENT: "apps",
    Kind.STATEFUL_SET: "apps",
    Kind.DAEMON_SET: "apps",
    Kind.ROLLOUT: "argoproj.io",
}


@dataclass(frozen=True, slots=True)
class Keeper:
    """An application as it is seen.

    `keeps` are the workloads that it lists as its own; None where it has listed nothing yet, or never does.  `here`:
    it is known to deploy to this cluster.  `source` names the object that tells its repository, where that is another
    one ("namespace/name" of a Flux GitRepository).
    """

    application: Application
    keeps: frozenset[Workload] | None = None
    here: bool = True
    source: str = ""


def workloads(resources: tuple[Json, ...], namespace: str) -> Iterator[Workload]:
    """Those among an application's resources; one that names no namespace is in the one given."""
    for each in resources:
        kind = _KINDS.get((text(each, "group"), text(each, "kind")))
        if kind is not None and text(each, "name"):
            yield Workload(kind, text(each, "namespace") or namespace, text(each, "name"))


_KINDS = {(group, str(kind)): kind for kind, group in _GROUPS.items()}


def without_credentials(url: str) -> str:
    """A repository's URL as it may be shown; over SSH the user stays, who is part of the address."""
    if "://" not in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    user, at, host = parts.netloc.rpartition("@")
    shown = f"{user.partition(':')[0]}{at}{host}" if parts.scheme not in ("http", "https") else host
    return urlunsplit((parts.scheme, shown, parts.path, "", ""))
