"""What the manifests of an application are made from, and what they make, as its repository says."""

from __future__ import annotations

from collections.abc import Sequence

from watcher.adapters.manifests.ingredients import made_from, rendered_from
from watcher.adapters.manifests.trees import Tree, Trees
from watcher.core.paths import covered, outermost
from watcher.ports.git import Repository


class RepositoryManifests:
    """Reads kustomizations and charts; what lies in other repositories is not followed."""

    def __init__(self) -> None:
        self._trees = Trees()

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


async def _path_set(tree: Tree, paths: Sequence[str]) -> tuple[str, ...]:
    starts = [start for path in paths for start in roots(tree, path)]
    await tree.learn(starts)
    return outermost((*paths, *made_from(tree.layout, starts, tree.known)))


def roots(tree: Tree, path: str) -> list[str]:
    """The recipes by which a path is rendered: its own, or those below a plain directory, as Flux takes them."""
    if path in tree.layout.recipes:
        return [path]
    return list(tree.layout.below(path)) if path in tree.layout.directories else []
