"""Which version commits ask for: by their files, and by what is rendered from them."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.core.keepers.raw import text
from watcher.core.model import Workload
from watcher.gitops.drafting import Wanted
from watcher.gitops.means import Means
from watcher.gitops.versions import names_any
from watcher.ports import Rejected
from watcher.ports.git import Rendered, Repository

MOST_FILES = 50
"""Changed files that are searched for the version."""


class Naming:
    """Looks for tags and digests in a repository."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def names(
        self, repository: Repository, revision: str, files: Sequence[str], wanted: Wanted, marks: frozenset[str]
    ) -> bool:
        """Whether these files name a version at this commit, or what is rendered then has it."""
        if any(names_any(each, marks) for each in await _texts(repository, revision, files)):
            return True
        rendered = await self._means.manifests.render(repository, revision, wanted.source.paths)
        return any(names_any(str(each), marks) for each in rendered.objects or ())

    async def was_bad(
        self, workload: Workload, repository: Repository, files: Sequence[str], wanted: Wanted, bad: frozenset[str]
    ) -> bool:
        """Whether the bad version was asked for then too, as where an overlay had it over a base that names the target.

        Where the workload cannot be rendered, it is enough that one of the files names the version.
        """
        try:
            rendered = await self._means.manifests.render(repository, wanted.good, wanted.source.paths)
        except Rejected as error:
            rendered = Rendered(None, str(error))
        named = (workload.kind.value, workload.name)
        own = [
            str(each)
            for each in rendered.objects or ()
            if (text(each, "kind"), text(each, "metadata", "name")) == named
        ]
        return any(names_any(each, bad) for each in own or await _texts(repository, wanted.good, files))


async def _texts(repository: Repository, revision: str, files: Sequence[str]) -> list[str]:
    found = [await repository.read(revision, file) for file in files[:MOST_FILES]]
    return [each.decode(errors="replace") for each in found if each is not None]
