"""What became of an earlier attempt: whether its commit still holds, and whether its branch is still its own."""

from __future__ import annotations

from watcher.config.gitops import ConfigRepository
from watcher.core.gitops import CommitNote
from watcher.core.orders import RevertOrder
from watcher.ports import Rejected
from watcher.ports.git import NothingToRevert, Prepared, Repository, Revert

EVERYTHING = ("",)
"""The root of the repository."""


class LookingBack:
    """Looks in one repository for what came of one order; `paths` are all that it may change."""

    def __init__(
        self, repository: Repository, entry: ConfigRepository, order: RevertOrder, paths: tuple[str, ...]
    ) -> None:
        self._repository, self._entry, self._order, self._paths = repository, entry, order, paths

    async def brought_back_by(self, made: str, head: str) -> CommitNote | None:
        """The newest commit that came after the revert `made` and brings back what it took back; None: there is none.

        Another version that came since is none: where what is there now is not what was taken back, the revert holds.
        """
        if not await self._repository.commits(made, head, self._paths):
            return None
        prepared = await self._prepared(head)
        if prepared is None:
            return None
        changed = await self._repository.changed(self._order.commits[0], head, prepared.files)
        if prepared.restores and len(changed) == len(prepared.files):
            return None
        return next(iter(await self._repository.commits(made, head, prepared.files)), None)

    async def is_ours(self, branch: str, head: str) -> bool:
        """Whether the branch is one commit beyond an earlier state of `head`, and does what this revert would do there.

        Whoever may not push to the branch that is reverted may push to this one.
        """
        tip = await self._repository.fetch(branch)
        ahead = await self._repository.commits(head, tip, EVERYTHING)
        line = await self._repository.commits(self._order.good, tip, EVERYTHING)
        if len(ahead) != 1 or len(line) < 2:
            return False
        prepared = await self._prepared(line[1].sha)
        return prepared is not None and not await self._repository.changed(prepared.commit, tip, EVERYTHING)

    async def _prepared(self, head: str) -> Prepared | None:
        """The revert as it would be there; None: it would be none."""
        order = self._order
        text = "A look at what a revert would do\n"
        revert = Revert(head, order.good, order.commits, self._paths, text, self._entry.never_touch)
        try:
            return await self._repository.prepare(revert)
        except (NothingToRevert, Rejected):
            return None
