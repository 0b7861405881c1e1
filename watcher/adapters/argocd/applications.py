"""The port `Applications` over Argo CD's API."""

from __future__ import annotations

from watcher.adapters.argocd.server import ArgoCdServer
from watcher.core.gitops import Application, GitSource
from watcher.core.keepers import argo_changes, argocd
from watcher.core.keepers.argo_changes import Impossible
from watcher.core.keepers.json_patch import Operation
from watcher.core.keepers.raw import Json, entries, full_name, mapping, text, texts
from watcher.core.model import Workload
from watcher.ports import Changed, Rejected


class ArgoCdApplications:
    """Reads and writes Applications through their server, which refuses what its own rules forbid."""

    def __init__(self, server: ArgoCdServer) -> None:
        self._server = server

    async def read(self, application: Application) -> Application | None:
        """The Application as it is now, or None.  Raises Unavailable, Forbidden, Rejected."""
        raw = await self._found(application)
        return argocd.application(raw, self._server.address) if raw is not None else None

    async def refresh(self, application: Application) -> None:
        """Ask that the sources be looked at now.  Raises as `read`, and Changed."""
        await self._object(application)  # of one that is not there the server only says that it is not allowed
        await self._server.refresh(application.name)

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        """Sync to these commits.  Raises as `refresh`, and Unanswered."""
        raw = await self._object(application)
        try:
            operation = argo_changes.synced_to(raw, revisions, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        if operation is not None:
            await self._server.sync(application.name, _request(operation))

    async def stop_sync(self, application: Application) -> None:
        """End an operation of ours that waits for its window.  Raises as `sync`."""
        if argo_changes.stopped(await self._object(application)):
            await self._server.terminate(application.name)

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        """Follow this commit instead of the branch.  Raises as `sync`."""
        del workload  # Flux alone is kept off a single one
        raw = await self._object(application)
        try:
            operations = argo_changes.pinned(raw, source, revision, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        await self._patch(application, operations)

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        """Follow the branch again.  Raises as `sync`."""
        del workload
        raw = await self._object(application)
        try:
            operations = argo_changes.unpinned(raw, decision)
        except Impossible as error:
            raise Rejected(str(error)) from None
        await self._patch(application, operations)

    async def _found(self, application: Application) -> Json | None:
        if (application.tool, application.through) != (argocd.TOOL, self._server.address):
            raise Rejected(f"{application} is not reached through {self._server.address}")
        found = await self._server.applications(application.name)
        return next((raw for raw in found if full_name(raw) == application.name), None)

    async def _object(self, application: Application) -> Json:
        raw = await self._found(application)
        if raw is None:
            raise Changed(f"{application} is not there (any more), or the token may not see it")
        return raw

    async def _patch(self, application: Application, operations: list[Operation]) -> None:
        if operations:
            await self._server.patch(application.name, operations)


def _request(operation: Json) -> Json:
    """An operation as the server wants it; several sources are counted from one."""
    sync = mapping(operation, "sync")
    request: dict[str, object] = {"prune": False, "infos": list(entries(operation, "info"))}
    if options := texts(sync, "syncOptions"):
        request["syncOptions"] = {"items": list(options)}
    if several := texts(sync, "revisions"):
        positions = [str(place) for place in range(1, len(several) + 1)]  # 64 bits wide, so JSON has them as texts
        return {**request, "revisions": list(several), "sourcePositions": positions}
    return {**request, "revision": text(sync, "revision")}
