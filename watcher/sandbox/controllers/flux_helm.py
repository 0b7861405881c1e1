"""A stand-in for the outside of Flux's helm-controller: a HelmRelease is asked and answers as documented.

The real one cannot be built here.  Nothing is rendered: what a chart would bring is applied by whoever uses the
sandbox, and so is no drift put back, whatever `spec.driftDetection` says.  Of a chart from a GitRepository with
`reconcileStrategy: Revision` the version is told with the commit that it was made of.

https://fluxcd.io/flux/components/helm/helmreleases/
https://fluxcd.io/flux/components/source/helmcharts/#reconcile-strategy
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from watcher.sandbox.controllers.flux_requests import Attempts, handled
from watcher.sandbox.controllers.flux_sources import commit_of
from watcher.sandbox.controllers.runtime import Key
from watcher.sandbox.kubernetes.kinds import GIT_REPOSITORY, HELM_RELEASE
from watcher.sandbox.kubernetes.objects import Json, is_terminating, name_of, namespace_of

if TYPE_CHECKING:
    from watcher.sandbox.controllers.world import World
    from watcher.sandbox.kubernetes.store import Change

COMMIT_DIGITS = 12


class HelmReleaseController:
    """Takes note of the chart that Git holds."""

    name = "sandbox-helm-controller"

    def __init__(self, world: World) -> None:
        self._world = world
        self._attempts = Attempts(world)

    def concerns(self, change: Change) -> Iterable[Key]:
        """HelmReleases, and those of a GitRepository."""
        if change.kind is HELM_RELEASE:
            yield namespace_of(change.object), name_of(change.object)
        elif change.kind is GIT_REPOSITORY:
            place = (namespace_of(change.object), name_of(change.object))
            there = self._world.registry.store.objects(HELM_RELEASE, "")
            yield from [(namespace_of(each), name_of(each)) for each in there if _source_of(each) == place]

    def reconcile(self, namespace: str, name: str) -> float | None:
        """Notes the chart, if it is time to; seconds until the next time."""
        found = self._world.find(HELM_RELEASE, namespace, name)
        if found is None or is_terminating(found):
            self._attempts.forget(namespace, name)
            return None
        if found["spec"].get("suspend"):
            return None
        source = self._world.find(GIT_REPOSITORY, *_source_of(found)) or {}
        revision = str(((source.get("status") or {}).get("artifact") or {}).get("revision", ""))
        left = self._attempts.left(found, revision)
        if left:
            return left
        self._attempts.began(found, revision)
        self._world.set_status(HELM_RELEASE, found, self._released(found, revision), self.name)
        return self._attempts.left(found, revision)

    def _released(self, found: Json, revision: str) -> Json:
        if not revision:
            text = f"HelmChart '{namespace_of(found)}/{name_of(found)}' is not ready"
            return handled(self._world, found, ready=False, reason="SourceNotReady", message=text)
        version = f"{_chart_of(found).get('version', '0.1.0')}+{commit_of(revision)[:COMMIT_DIGITS]}"
        history = list((found.get("status") or {}).get("history", ()))
        if not history or history[0]["chartVersion"] != version:
            number = history[0]["version"] + 1 if history else 1
            entry = {"chartVersion": version, "version": number, "status": "deployed", "name": name_of(found)}
            history = [entry, *({**each, "status": "superseded"} for each in history)]
        text = f"Helm upgrade succeeded for release {namespace_of(found)}/{name_of(found)} with chart {version}"
        status = handled(self._world, found, ready=True, reason="UpgradeSucceeded", message=text)
        return {**status, "history": history, "lastAttemptedRevision": version}


def _chart_of(release: Json) -> Json:
    chart: Json = (release["spec"].get("chart") or {}).get("spec") or {}
    return chart


def _source_of(release: Json) -> Key:
    reference = _chart_of(release).get("sourceRef") or {}
    return str(reference.get("namespace") or namespace_of(release)), str(reference.get("name", ""))
