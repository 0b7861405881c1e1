"""The port `Applications` for several tools, each with its own."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.core.gitops import Application, GitSource
from watcher.core.model import Workload
from watcher.ports import Rejected
from watcher.ports.git import Applications


class EachTool:
    """Sends what concerns an application to where it is reached: `apart` by name of its tool, else `here`."""

    def __init__(self, here: Applications, apart: Mapping[str, Applications]) -> None:
        self._here, self._apart = here, dict(apart)

    async def read(self, application: Application) -> Application | None:
        """As the port says."""
        return await self._of(application).read(application)

    async def refresh(self, application: Application) -> None:
        """As the port says."""
        await self._of(application).refresh(application)

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        """As the port says."""
        await self._of(application).sync(application, revisions, decision)

    async def stop_sync(self, application: Application) -> None:
        """As the port says."""
        await self._of(application).stop_sync(application)

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        """As the port says."""
        await self._of(application).pin(application, workload, source, revision, decision)

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        """As the port says."""
        await self._of(application).unpin(application, workload, decision)

    def _of(self, application: Application) -> Applications:
        """A namesake that is reached otherwise, as one of an earlier configuration may be, must not be written to."""
        if not application.through:
            return self._here
        if application.tool in self._apart:
            return self._apart[application.tool]
        raise Rejected(f"{application} was reached through {application.through}: name that in gitops.argocd again")
