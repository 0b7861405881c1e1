"""A stand-in for Flux's kustomize-controller: it keeps what is documented of a Kustomization, and was not measured.

The real one cannot be built here.  It applies a directory of plain manifests at the commit of its GitRepository's
artifact: when that changes, when it is asked to, and at every interval, which puts back what was changed past Git.
Overlays, health checks, dependencies, decryption and impersonation are not simulated, an apply takes no time, and
nothing is removed with a Kustomization that is deleted.

https://fluxcd.io/flux/components/kustomize/kustomizations/
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.flux_applying import Applying, Desired, desired
from watcher.sandbox.controllers.flux_requests import Attempts, handled
from watcher.sandbox.controllers.flux_sources import commit_of
from watcher.sandbox.controllers.gitops_sources import SourceProblem
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.kubernetes.errors import ApiError
from watcher.sandbox.kubernetes.kinds import GIT_REPOSITORY, KUSTOMIZATION
from watcher.sandbox.kubernetes.objects import Json, is_terminating, name_of, namespace_of
from watcher.sandbox.repository import BareRepository, GitFailed

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

HISTORY_LIMIT = 5


class KustomizationController:
    """Applies what Git says."""

    name = "sandbox-kustomize-controller"

    def __init__(self, world: World) -> None:
        self._world = world
        self._attempts = Attempts(world)
        self._applying = Applying(world, self.name)

    def concerns(self, change: Change) -> Iterable[Key]:
        """Kustomizations, and those of a GitRepository; what they keep is looked at by interval only."""
        if change.kind is KUSTOMIZATION:
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is GIT_REPOSITORY:
            place = (namespace_of(change.object), name_of(change.object))
            there = self._world.registry.store.objects(KUSTOMIZATION, "")
            yield from [(namespace_of(each), name_of(each)) for each in there if source_of(each) == place]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Applies, if it is time to; seconds until the next time."""
        found = self._world.find(KUSTOMIZATION, namespace, name)
        if found is None or is_terminating(found):
            self._attempts.forget(namespace, name)
            return None
        if found["spec"].get("suspend"):
            return None
        source = self._world.find(GIT_REPOSITORY, *source_of(found))
        revision = str((((source or {}).get("status") or {}).get("artifact") or {}).get("revision", ""))
        left = self._attempts.left(found, revision)
        if left:
            return left
        self._attempts.began(found, revision)
        self._world.set_status(KUSTOMIZATION, found, self._reconciled(found, source, revision), self.name)
        return self._attempts.left(found, revision)

    def _reconciled(self, found: Json, source: Json | None, revision: str) -> Json:
        if source is None or not revision:
            text = f"Source artifact not found, retrying: GitRepository/{'/'.join(source_of(found))}"
            return handled(self._world, found, ready=False, reason="ArtifactFailed", message=text)
        try:
            wanted = self._built(found, source, revision)
            self._applying.apply(wanted)
            entries = ((found.get("status") or {}).get("inventory") or {}).get("entries", ())
            if found["spec"].get("prune"):
                self._applying.prune(entries, wanted)
        except (GitFailed, SourceProblem, ApiError) as error:
            reason = "ReconciliationFailed" if isinstance(error, ApiError) else "BuildFailed"
            status = handled(self._world, found, ready=False, reason=reason, message=str(error))
            return {**status, "lastAttemptedRevision": revision}
        text = f"Applied revision: {revision}"
        status = handled(self._world, found, ready=True, reason="ReconciliationSucceeded", message=text)
        return {
            **status,
            "inventory": {"entries": wanted.inventory},
            "lastAppliedRevision": revision,
            "lastAttemptedRevision": revision,
            "history": self._history(status.get("history", ()), wanted, revision),
        }

    def _built(self, found: Json, source: Json, revision: str) -> Desired:
        path = str(found["spec"].get("path", ".")).removeprefix("./").strip("/") or "."
        files = BareRepository.at(str(source["spec"]["url"])).files(commit_of(revision), path)
        return desired(files, found)

    def _history(self, before: Iterable[Json], wanted: Desired, revision: str) -> list[Json]:
        """What was applied, newest first; the same manifests are one entry, with the revision of the last time."""
        now, status = self._world.stamp(), "ReconciliationSucceeded"
        same = [each for each in before if each["digest"] == wanted.digest]
        entry = {
            "digest": wanted.digest,
            "firstReconciled": same[0]["firstReconciled"] if same else now,
            "lastReconciled": now,
            "lastReconciledStatus": status,
            "totalReconciliations": (same[0]["totalReconciliations"] if same else 0) + 1,
            "metadata": {"revision": revision},
        }
        return [entry, *(each for each in before if each not in same)][:HISTORY_LIMIT]


def source_of(kustomization: Json) -> Key:
    """Namespace and name of its GitRepository."""
    reference = kustomization["spec"].get("sourceRef") or {}
    return str(reference.get("namespace") or namespace_of(kustomization)), str(reference.get("name", ""))
