"""Revisions of repositories as they are looked at: read once, and kept for a while."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from watcher.adapters.manifests.ingredients import Ingredients, Known, ingredients, named_in
from watcher.adapters.manifests.layout import KUSTOMIZATIONS, Layout
from watcher.adapters.manifests.recipes import Named
from watcher.adapters.manifests.workplace import workplace
from watcher.ports import Rejected
from watcher.ports.git import Repository

MOST_RECIPES = 20_000
"""Kustomizations and charts of one repository that are read."""
LARGEST_RECIPE = 1 << 20
"""Bytes; a larger file is read as one that names nothing."""
_KEPT = 4
_WORTH_ASKING = 100
_AT_ONCE = 500_000  # characters of names: they are arguments of a command


class Tree:
    """One revision: its layout, and the ingredients of the recipes that were asked for so far.

    What `earlier`, another revision of the same repository, has read of files that are the same is not read again.
    """

    def __init__(self, repository: Repository, revision: str, layout: Layout, earlier: Tree | None = None) -> None:
        self.repository = repository
        self.revision = revision
        self.layout = layout
        self._earlier = earlier
        if earlier is not None:
            earlier._earlier = None  # else each would keep all before it
        self._named: dict[str, Named] = {}  # by the recipe
        self._known: dict[str, Ingredients] = {}

    @property
    def known(self) -> Known:
        """What was learnt so far."""
        return self._known

    def read(self) -> int:
        """How many recipes were read."""
        return len(self._named)

    async def learn(self, directories: Iterable[str]) -> None:
        """Read the recipes of these directories, and of all bases of theirs.

        Raises as the repository, and Rejected where there are more than 20,000.
        """
        wanted = {each for each in directories if each in self.layout.recipes}
        while missing := sorted(wanted - self._known.keys()):
            if len(missing) + len(self._known) > MOST_RECIPES:
                raise Rejected(
                    f"the repository has more than {MOST_RECIPES} kustomizations and charts: what they share is not "
                    "looked up; revert by hand"
                )
            await self._take_over(missing)
            contents = await self._contents(each for each in missing if self.layout.recipes[each] not in self._named)
            learnt = await asyncio.to_thread(self._ingredients, missing, contents)
            self._known.update(learnt)
            wanted = {base for each in learnt.values() for base in each.bases}

    async def _take_over(self, directories: Sequence[str]) -> None:
        """Take over what is known already, where that is worth the question what has changed."""
        if self._earlier is None or len(directories) < _WORTH_ASKING:
            return
        try:
            changed = frozenset(await self.repository.changed(self._earlier.revision, self.revision, [""]))
        except Rejected:  # the other one is gone: history was rewritten
            changed = self.layout.files
        known = self._earlier._named.items()
        self._named.update({recipe: named for recipe, named in known if recipe not in changed})
        self._earlier = None

    def _ingredients(self, directories: Sequence[str], contents: Mapping[str, bytes]) -> dict[str, Ingredients]:
        for directory, content in contents.items():
            recipe = self.layout.recipes[directory]
            self._named[recipe] = named_in(content, chart=self.layout.is_chart(directory))
        return {
            directory: ingredients(self.layout, directory, self._named[self.layout.recipes[directory]])
            for directory in directories
        }

    async def _contents(self, directories: Iterable[str]) -> dict[str, bytes]:
        """Recipes by their directories, exported many at a time: each by itself would be a command of its own."""
        found: dict[str, bytes] = {}
        for some in _batches(directories):
            recipes = {each: self.layout.recipes[each] for each in some}
            async with workplace() as directory:
                await self.repository.export(self.revision, list(recipes.values()), directory)
                found.update(await asyncio.to_thread(_read, directory, recipes))
        return found


class Trees:
    """The revisions looked at last."""

    def __init__(self) -> None:
        self._kept: list[Tree] = []  # used last comes last

    async def tree(self, repository: Repository, revision: str) -> Tree:
        """The revision, read as far as it was before.  Raises as the repository."""
        found = next((each for each in self._kept if each.repository is repository and each.revision == revision), None)
        if found is None:
            files = await repository.files(revision)
            earlier = max((each for each in self._kept if each.repository is repository), key=Tree.read, default=None)
            found = Tree(repository, revision, await asyncio.to_thread(Layout, files), earlier)
        self._kept = [*(each for each in self._kept if each is not found), found][-_KEPT:]
        return found


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    length = 0
    for each in names:
        if batch and length + len(each) > _AT_ONCE:
            yield batch
            batch, length = [], 0
        batch.append(each)
        length += len(each) + len(KUSTOMIZATIONS[0]) + 2
    if batch:
        yield batch


def _read(directory: Path, recipes: Mapping[str, str]) -> dict[str, bytes]:
    return {each: _beginning(directory / recipe) for each, recipe in recipes.items()}


def _beginning(path: Path) -> bytes:
    """The content of an exported file; nothing where it is too large, or was left out, as a link that leads outside."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_RECIPE + 1)
    except OSError:
        return b""
    return content if len(content) <= LARGEST_RECIPE else b""
