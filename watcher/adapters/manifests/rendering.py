"""Exported files made into objects, as Argo CD and Flux make them."""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any

from watcher.adapters.manifests.commands import Commands, NotRendered, output, without_credentials
from watcher.adapters.manifests.dependencies import vendor
from watcher.adapters.manifests.ingredients import Known, reached
from watcher.adapters.manifests.layout import Layout
from watcher.adapters.manifests.yaml_documents import Unreadable, YamlReader
from watcher.core.keepers.paths import covered, within

_MANIFESTS = (".yaml", ".yml", ".json")
_MAYBE_VALUES = re.compile(r"(?!(?:Chart|values|requirements)\.yaml$).*\.ya?ml")
_MOST_BUILDS = 50
_RELEASE, _NAMESPACE = "release", "default"  # of a chart: what they really are is not written in the repository


class Rendering:
    """Renders what lies in `files`, exported from a revision that is laid out like this; `home` is an empty directory.

    Every method raises NotRendered.
    """

    def __init__(self, commands: Commands, layout: Layout, known: Known, files: Path, home: Path) -> None:
        self._commands = commands
        self._layout = layout
        self._known = known
        self._files = files
        self._home = home
        self._reader = YamlReader()

    async def objects(self, directory: str, beside: Sequence[str]) -> list[Mapping[str, Any]]:
        """Objects of this directory; those `beside` it are the value files of a chart, in their order."""
        if self._layout.is_chart(directory):
            return await self._chart(directory, beside)
        if directory in self._layout.recipes:
            return await self._kustomization(directory)
        return await self._plain_directory(directory)

    async def _plain_directory(self, directory: str) -> list[Mapping[str, Any]]:
        """Manifests in it and below it; a kustomization below it is rendered as such, a chart is not part of it."""
        below = frozenset(self._layout.below(directory))
        builds = self._builds(directory, {each for each in below if not self._layout.is_chart(each)})
        files = (each for each in self._layout.files if within(each, directory))
        found = await self._plain(sorted(each for each in files if not covered(each, below)))
        for each in builds:
            found += await self._kustomization(each)
        return found

    def _builds(self, directory: str, kustomizations: Set[str]) -> list[str]:
        """Of kustomizations those that no other one is made from: the others come with them."""
        bases = {base for each in kustomizations for base in self._known[each].bases}
        builds = sorted(kustomizations - bases)
        if kustomizations - set(reached(builds, self._known)):
            raise NotRendered(f"kustomizations below {directory or 'the root'} are made from each other in a circle")
        if len(builds) > _MOST_BUILDS:
            raise NotRendered(f"more than {_MOST_BUILDS} kustomizations are below {directory or 'the root'}")
        return builds

    async def _plain(self, files: Iterable[str]) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for path in files:
            if path.endswith(".jsonnet"):
                raise NotRendered(f"{path} is Jsonnet, which is not rendered here")
            if path.endswith(_MANIFESTS):
                found += await asyncio.to_thread(self._read, path)
        return found

    def _read(self, path: str) -> list[Mapping[str, Any]]:
        try:
            content = (self._files / path).read_bytes()
        except OSError:
            raise NotRendered(f"{path} cannot be read: is it a link that leads nowhere?") from None
        return self._objects(path, content)

    async def _kustomization(self, directory: str) -> list[Mapping[str, Any]]:
        ingredients = {each: self._known[each] for each in reached([directory], self._known)}
        for each, made in ingredients.items():
            if made.outside:
                what = without_credentials(made.outside[0])
                raise NotRendered(f"{self._layout.recipes[each]} takes {what}, which is not in the repository")
        if not self._commands.kustomize:
            raise NotRendered("neither kustomize nor kubectl is on PATH: install one of them")
        flags: list[str] = []
        if any(each.inflates for each in ingredients.values()):
            flags = ["--enable-helm", "--helm-command", self._helm()]
        return await self._rendered(directory, [*self._commands.kustomize, *flags, str(self._files / directory)])

    async def _chart(self, directory: str, beside: Sequence[str]) -> list[Mapping[str, Any]]:
        values = [each for each in beside if each.endswith(_MANIFESTS)]
        self._check_values_are_known(directory, values)
        helm = self._helm()
        await asyncio.to_thread(vendor, self._files, directory, self._known)
        options = [
            f"--namespace={_NAMESPACE}",
            "--include-crds",
            *(f"--values={self._files / each}" for each in values),
        ]
        return await self._rendered(directory, [helm, "template", _RELEASE, str(self._files / directory), *options])

    def _check_values_are_known(self, directory: str, values: Sequence[str]) -> None:
        """A chart with value files of which none is named may well be rendered with some of them."""
        if values:
            return
        for each in sorted(self._layout.files):
            if posixpath.dirname(each) == directory and _MAYBE_VALUES.fullmatch(posixpath.basename(each)):
                raise NotRendered(f"which value files {directory or 'the root'} is rendered with is not known: {each}?")

    def _helm(self) -> str:
        if not self._commands.helm:
            raise NotRendered("helm is not on PATH: install it")
        return self._commands.helm

    async def _rendered(self, directory: str, command: Sequence[str]) -> list[Mapping[str, Any]]:
        try:
            content = await output(command, self._files, self._home)
        except NotRendered as error:
            raise NotRendered(f"{directory or 'the root'}: {error}") from None
        return await asyncio.to_thread(self._objects, f"what {directory or 'the root'} renders to", content)

    def _objects(self, title: str, content: bytes) -> list[Mapping[str, Any]]:
        try:
            documents = self._reader.documents(content)
        except Unreadable as error:
            raise NotRendered(f"{title}: {error}") from None
        return [each for document in documents for each in _unpacked(document)]


def _unpacked(document: object) -> Iterator[Mapping[str, Any]]:
    """Objects, those in lists each by itself; other documents, such as value files, are none."""
    if not isinstance(document, Mapping):
        return
    kind, items = document.get("kind"), document.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list):
        for each in items:
            yield from _unpacked(each)
    elif kind and document.get("apiVersion"):
        yield document
