"""Keeps Flux off what an undo has put back, until the branch holds it too.

https://fluxcd.io/flux/components/kustomize/kustomizations/#controlling-the-apply-behavior-of-resources
https://fluxcd.io/flux/components/helm/helmreleases/#suspend
"""

from __future__ import annotations

from dataclasses import dataclass

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound
from watcher.adapters.kubernetes.fields import Json, annotations_of, at
from watcher.core.gitops import Application
from watcher.core.keepers import flux
from watcher.core.keepers.json_patch import Operation, add, annotate, pointer, remove, same_object, test
from watcher.core.keepers.keeper import BRIDGE
from watcher.core.model import Workload
from watcher.ports import Rejected

RECONCILE = "kustomize.toolkit.fluxcd.io/reconcile"
DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class FluxBridge:
    """Of a Kustomization one workload is left alone, by an annotation on that; a HelmRelease is suspended."""

    client: Client

    async def begin(self, application: Application, workload: Workload, decision: str) -> None:
        """Keep Flux off.  Raises Rejected where somebody else does already, Changed, Unavailable, Forbidden.

        Rejected too where the pod template is not the workload's own: what holds it would not be left alone.
        """
        path = _path(application, workload)
        raw = await self.client.get(path)
        if application.tool == flux.KUSTOMIZE and (other := at(raw, "spec", "workloadRef", "name")):
            raise Rejected(f"{workload} has its pod template in Deployment {other}, which {application} keeps as well")
        by = annotations_of(raw).get(BRIDGE, "")
        if _is_kept_off(application, raw):
            if by == decision:
                return
            raise Rejected(f"{application} is kept off {workload} already by {by or 'somebody else'}: end that first")
        await self.client.patch(path, [same_object(raw), *_off(application, raw, decision)])

    async def end(self, application: Application, workload: Workload, decision: str) -> None:
        """Let Flux go on.  What somebody else has set, or set anew since, stays.  Raises as `begin`."""
        path = _path(application, workload)
        try:
            raw = await self.client.get(path)
        except NotFound:
            return
        by = annotations_of(raw).get(BRIDGE, "")
        if not by:
            return
        if by != decision:
            raise Rejected(f"{application} is kept off {workload} by decision {by}, not by {decision}")
        await self.client.patch(path, [same_object(raw), *_on(application, raw, decision)])


def _path(application: Application, workload: Workload) -> str:
    if application.tool == flux.KUSTOMIZE:
        return resources.WORKLOADS[workload.kind].path(workload.namespace, workload.name)
    namespace, _, name = application.name.partition("/")
    return resources.HELM_RELEASES.path(namespace, name)


def _is_kept_off(application: Application, raw: Json) -> bool:
    if application.tool == flux.KUSTOMIZE:
        return annotations_of(raw).get(RECONCILE) == DISABLED
    return at(raw, "spec", "suspend") is True


def _off(application: Application, raw: Json, decision: str) -> list[Operation]:
    if application.tool == flux.KUSTOMIZE:
        return annotate(raw, {RECONCILE: DISABLED, BRIDGE: decision})
    suspend = pointer("spec", "suspend")
    return [test(suspend, at(raw, "spec", "suspend")), add(suspend, value=True), *annotate(raw, {BRIDGE: decision})]


def _on(application: Application, raw: Json, decision: str) -> list[Operation]:
    mark = pointer("metadata", "annotations", BRIDGE)
    operations = [test(mark, decision), remove(mark)]
    if not _is_kept_off(application, raw):
        return operations
    if application.tool == flux.KUSTOMIZE:
        place = pointer("metadata", "annotations", RECONCILE)
        return [*operations, test(place, DISABLED), remove(place)]
    suspend = pointer("spec", "suspend")
    return [*operations, test(suspend, value=True), remove(suspend)]
