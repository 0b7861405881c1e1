"""What the manifests of an application are made from, and what they make, as its repository says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from watcher.adapters.manifests.commands import Commands, NotRendered
from watcher.adapters.manifests.ingredients import made_from, rendered_from
from watcher.adapters.manifests.rendering import Rendering
from watcher.adapters.manifests.trees import Tree, Trees
from watcher.adapters.manifests.workplace import workplace
from watcher.core.keepers.paths import covered, outermost
from watcher.ports.git import Rendered, Repository

_AT_ONCE = 2
"""Applications that are rendered at the same time."""


class RepositoryManifests:
    """Reads kustomizations and charts; what lies in other repositories is not followed.

    `commands` render; those on PATH unless others are given.
    """

    def __init__(self, commands: Commands | None = None) -> None:
        self._commands = Commands.on_path() if commands is None else commands
        self._trees = Trees()
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def path_set(self, repository: Repository, revision: str, paths: Sequence[str]) -> tuple[str, ...]:
        """What `paths` are rendered from: they themselves, local kustomize bases, components, value files.

        It is as at this revision: a file that was removed before is in the path set of an earlier one.
        """
        return await _path_set(await self._trees.tree(repository, revision), paths)

    async def shared_with(
        self, repository: Repository, revision: str, paths: Sequence[str], files: Sequence[str]
    ) -> tuple[str, ...]:
        """Other directories, outside of `paths` and their bases, that are rendered from any of `files` too.

        Seen are kustomizations and charts, not value files or plain manifests that an application elsewhere names.
        """
        tree = await self._trees.tree(repository, revision)
        own = frozenset(await _path_set(tree, paths))
        others = [each for each, recipe in tree.layout.recipes.items() if not covered(recipe, own)]
        await tree.learn(others)
        affected = rendered_from(tree.layout, files, tree.known)
        return tuple(sorted(each for each in others if each in affected))

    async def render(self, repository: Repository, revision: str, paths: Sequence[str]) -> Rendered:
        """The objects that the first of `paths` makes at `revision`; others are what it is made from, and value files.

        Parameters that are set in the application itself are not known here, nor are its name and namespace.
        """
        tree = await self._trees.tree(repository, revision)
        path, *others = paths
        if path not in tree.layout.directories:
            return Rendered(None, f"{path} is no directory at {revision[:12]}: what is made of it is not known")
        beside = [each for each in dict.fromkeys(others) if each in tree.layout.files]
        exported = await _path_set(tree, [path, *beside])
        async with self._turns, workplace() as files, workplace() as home:
            await repository.export(revision, exported, files)
            rendering = Rendering(self._commands, tree.layout, tree.known, files, home)
            try:
                found = await rendering.objects(path, beside)
            except NotRendered as error:
                return Rendered(None, str(error))
        return Rendered(tuple(found)) if found else Rendered(None, f"{path or 'the root'} renders to nothing")


async def _path_set(tree: Tree, paths: Sequence[str]) -> tuple[str, ...]:
    starts = [start for path in paths for start in roots(tree, path)]
    await tree.learn(starts)
    return outermost((*paths, *made_from(tree.layout, starts, tree.known)))


def roots(tree: Tree, path: str) -> list[str]:
    """The recipes by which a path is rendered: its own, or those below a plain directory, as Flux takes them."""
    if path in tree.layout.recipes:
        return [path]
    return list(tree.layout.below(path)) if path in tree.layout.directories else []
