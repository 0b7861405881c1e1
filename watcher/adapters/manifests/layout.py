"""Where kustomizations and charts lie among the files of a revision."""

from __future__ import annotations

import posixpath
from bisect import bisect_left
from collections.abc import Iterable, Sequence

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
CHART = "Chart.yaml"


class Layout:
    """The files of one revision.  A recipe is the file that makes its directory a kustomization or a chart."""

    def __init__(self, files: Iterable[str]) -> None:
        self.files = frozenset(files)
        self.directories = _directories(self.files)
        self.recipes: dict[str, str] = {}
        for name in (CHART, *reversed(KUSTOMIZATIONS)):  # where both are, Argo CD takes it for a kustomization
            found = (path for path in self.files if path == name or path.endswith(f"/{name}"))
            self.recipes.update({posixpath.dirname(path): path for path in found})
        self._sorted = sorted(self.recipes)

    def is_chart(self, directory: str) -> bool:
        """Whether the recipe of this directory is that of a Helm chart."""
        return posixpath.basename(self.recipes.get(directory, "")) == CHART

    def below(self, directory: str) -> Sequence[str]:
        """Directories with a recipe that lie below this one."""
        if not directory:
            return [each for each in self._sorted if each]
        first, behind = f"{directory}/", f"{directory}0"  # 0 comes next after the slash
        return self._sorted[bisect_left(self._sorted, first) : bisect_left(self._sorted, behind)]


def _directories(files: Iterable[str]) -> frozenset[str]:
    found = {""}
    for path in files:
        directory = posixpath.dirname(path)
        while directory not in found:
            found.add(directory)
            directory = posixpath.dirname(directory)
    return frozenset(found)
