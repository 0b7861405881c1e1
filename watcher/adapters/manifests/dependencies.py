"""Charts that a chart depends on and that lie beside it, put where helm looks for them."""

from __future__ import annotations

import posixpath
import shutil
from pathlib import Path

from watcher.adapters.manifests.ingredients import Known
from watcher.core.keepers.paths import within


def vendor(files: Path, directory: str, known: Known, above: tuple[str, ...] = ()) -> None:
    """Copy local dependencies that are not vendored into the chart's `charts`, as `helm dependency build` would.

    What cannot be copied is left out: helm says then what is missing.
    """
    for base in known[directory].bases if directory in known else ():
        name = posixpath.basename(base)
        home = files / directory / "charts"
        if base in above or within(directory, base) or any(home.glob(f"{name}*")):
            continue
        vendor(files, base, known, (*above, directory))
        shutil.copytree(files / base, home / name, symlinks=True, dirs_exist_ok=True)
