"""A stand-in for Flux's source-controller: it keeps what is documented of a GitRepository, and was not measured.

The real one cannot be built here.  It follows one branch of a repository that `git` reads by file://; tags, semver,
fixed commits, verification and submodules are not simulated, and a fetch takes no time.

https://fluxcd.io/flux/components/source/gitrepositories/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.flux_requests import Attempts, handled
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.kubernetes.kinds import GIT_REPOSITORY
from watcher.sandbox.kubernetes.objects import Json, is_terminating, name_of, namespace_of
from watcher.sandbox.repository import BareRepository, GitFailed

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

DEFAULT_BRANCH = "master"


class GitRepositoryController:
    """Looks which commit a branch is at, and offers it as an artifact."""

    name = "sandbox-source-controller"

    def __init__(self, world: World) -> None:
        self._world = world
        self._attempts = Attempts(world)

    def concerns(self, change: Change) -> Iterable[Key]:
        """GitRepositories."""
        if change.kind is GIT_REPOSITORY:
            yield namespace_of(change.object), name_of(change.object)

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Looks, if it is time to; seconds until the next look."""
        found = self._world.find(GIT_REPOSITORY, namespace, name)
        if found is None or is_terminating(found):
            self._attempts.forget(namespace, name)
            return None
        if found["spec"].get("suspend"):
            return None
        left = self._attempts.left(found)
        if left:
            return left
        self._attempts.began(found)
        self._world.set_status(GIT_REPOSITORY, found, self._looked(found), self.name)
        return self._attempts.left(found)

    def _looked(self, found: Json) -> Json:
        branch = str((found["spec"].get("ref") or {}).get("branch") or DEFAULT_BRANCH)
        try:
            commit = BareRepository.at(str(found["spec"]["url"])).resolve(f"refs/heads/{branch}")
        except GitFailed as error:  # the artifact that there is stays
            text = f"failed to checkout and determine revision: {error}"
            return handled(self._world, found, ready=False, reason="GitOperationFailed", message=text)
        revision = f"{branch}@sha1:{commit}"
        text = f"stored artifact for revision '{revision}'"
        status = handled(self._world, found, ready=True, reason="Succeeded", message=text)
        known = status.get("artifact") or {}
        if known.get("revision") == revision:
            return status
        path = f"gitrepository/{namespace_of(found)}/{name_of(found)}/{commit}.tar.gz"
        return {**status, "artifact": {"revision": revision, "path": path, "lastUpdateTime": self._world.stamp()}}


def commit_of(revision: str) -> str:
    """The commit in a revision."""
    return revision.rpartition(":")[2]
