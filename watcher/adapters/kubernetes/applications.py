"""The port `Applications` over the Kubernetes API: objects of Argo CD and Flux, and workloads that Flux keeps."""

from __future__ import annotations

from datetime import UTC, datetime

from watcher.adapters.kubernetes import resources
from watcher.adapters.kubernetes.client import Client
from watcher.adapters.kubernetes.errors import NotFound, TestFailed
from watcher.adapters.kubernetes.fields import Json
from watcher.adapters.kubernetes.flux_bridge import FluxBridge
from watcher.adapters.kubernetes.resources import Resource
from watcher.core.gitops import Application, GitSource
from watcher.core.keepers import argo_changes, argocd, flux
from watcher.core.keepers.argo_changes import Impossible
from watcher.core.keepers.json_patch import Operation, annotate, same_object
from watcher.core.keepers.keeper import Keeper
from watcher.core.model import Workload
from watcher.ports import Changed, Clock, Rejected

_RESOURCES = {
    argocd.TOOL: resources.APPLICATIONS,
    flux.KUSTOMIZE: resources.KUSTOMIZATIONS,
    flux.HELM: resources.HELM_RELEASES,
}


class KubernetesApplications:
    """Reads and writes applications past the cache."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self._client, self._clock = client, clock

    async def read(self, application: Application) -> Application | None:
        """The application as it is now, or None.  Raises Unavailable, Forbidden, Rejected."""
        try:
            raw = await self._object(application)
        except NotFound:
            return None
        if application.tool == argocd.TOOL:
            return argocd.application(raw)
        keeper = _keeper(application, raw)
        return flux.on(keeper, await self._repository(keeper))

    async def refresh(self, application: Application) -> None:
        """Ask that the sources be looked at now.  Raises as `read`, and Changed, Unanswered."""
        if application.tool == argocd.TOOL:
            raw = await self._object(application)
            if not argocd.refresh_asked(raw):
                await self._annotate(_path(application), raw, {argocd.REFRESH: "normal"})
            return
        asked = {flux.REQUESTED: datetime.fromtimestamp(self._clock.now(), UTC).isoformat()}
        raw = await self._object(application)
        if not application.refused:
            source = _path_of(resources.GIT_REPOSITORIES, _keeper(application, raw).source)
            await self._annotate(source, await self._client.get(source), asked)
        await self._annotate(_path(application), raw, asked)

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        """Sync to these commits.  Raises as `refresh`."""
        _only_argo_cd(application, "synced to a commit")
        raw = await self._object(application)
        try:
            operation = argo_changes.synced_to(raw, revisions, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        if operation is not None:
            await self._patch(application, argo_changes.begun(raw, operation), "another operation began")

    async def stop_sync(self, application: Application) -> None:
        """End an operation of ours that waits for its window.  Raises as `refresh`."""
        _only_argo_cd(application, "stopped in a sync")
        operations = argo_changes.stopped(await self._object(application))
        await self._patch(application, operations, "the operation went on")

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        """Follow this commit instead of the branch, or keep Flux off the workload.  Raises as `refresh`."""
        if application.tool != argocd.TOOL:
            return await FluxBridge(self._client).begin(application, workload, decision)
        raw = await self._object(application)
        try:
            operations = argo_changes.pinned(raw, source, revision, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        return await self._patch(application, operations, "its source changed")

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        """Follow the branch again.  Raises as `refresh`."""
        if application.tool != argocd.TOOL:
            return await FluxBridge(self._client).end(application, workload, decision)
        raw = await self._object(application)
        try:
            operations = argo_changes.unpinned(raw, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        return await self._patch(application, operations, "its source changed")

    async def _object(self, application: Application) -> Json:
        return await self._client.get(_path(application))

    async def _repository(self, keeper: Keeper) -> flux.GitRepository | None:
        try:
            return flux.git_repository(await self._client.get(_path_of(resources.GIT_REPOSITORIES, keeper.source)))
        except NotFound:
            return None

    async def _annotate(self, path: str, raw: Json, wanted: dict[str, str]) -> None:
        await self._client.patch(path, [same_object(raw), *annotate(raw, wanted)])

    async def _patch(self, application: Application, operations: list[Operation], raced: str) -> None:
        if not operations:
            return
        try:
            await self._client.patch(_path(application), operations)
        except TestFailed as error:
            raise Changed(f"{application}: {raced} while it was written: {error}") from error


def _only_argo_cd(application: Application, what: str) -> None:
    if application.tool != argocd.TOOL:
        raise Rejected(f"{application} cannot be {what}: Flux follows its branch alone; revert in Git")


def _keeper(application: Application, raw: Json) -> Keeper:
    return flux.kustomization(raw) if application.tool == flux.KUSTOMIZE else flux.helm_release(raw)


def _path(application: Application) -> str:
    return _path_of(_RESOURCES[application.tool], application.name)


def _path_of(resource: Resource, full_name: str) -> str:
    namespace, _, name = full_name.partition("/")
    return resource.path(namespace, name)
