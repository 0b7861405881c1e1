"""The port `Applications` for several tools, each with its own."""

from __future__ import annotations

from collections.abc import Mapping

from watcher.core.gitops import Application, GitSource
from watcher.core.model import Workload
from watcher.ports.git import Applications


class EachTool:
    """Sends what concerns an application to where its tool is reached: `apart` by name of the tool, else `here`."""

    def __init__(self, here: Applications, apart: Mapping[str, Applications]) -> None:
        self._here, self._apart = here, dict(apart)

    async def read(self, tool: str, name: str) -> Application | None:
        """As the port says."""
        return await self._of(tool).read(tool, name)

    async def refresh(self, application: Application) -> None:
        """As the port says."""
        await self._of(application.tool).refresh(application)

    async def sync(self, application: Application, revisions: tuple[str, ...], decision: str) -> None:
        """As the port says."""
        await self._of(application.tool).sync(application, revisions, decision)

    async def stop_sync(self, application: Application) -> None:
        """As the port says."""
        await self._of(application.tool).stop_sync(application)

    async def pin(
        self, application: Application, workload: Workload, source: GitSource, revision: str, decision: str
    ) -> None:
        """As the port says."""
        await self._of(application.tool).pin(application, workload, source, revision, decision)

    async def unpin(self, application: Application, workload: Workload, decision: str) -> None:
        """As the port says."""
        await self._of(application.tool).unpin(application, workload, decision)

    def _of(self, tool: str) -> Applications:
        return self._apart.get(tool, self._here)
