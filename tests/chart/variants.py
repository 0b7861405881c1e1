"""The ways to install the chart that are rendered, kept under ``rendered/`` and looked at from all sides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from watcher.adapters.kubernetes.permissions import THROUGH_GIT, WRITING
from watcher.core.words import Rung

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "watcher"
HERE = Path(__file__).parent
RELEASE = "watcher"
NAMESPACE = "watcher"
KUBERNETES = "1.34.1"

Json = dict[str, Any]


@cache
def documents(file: Path) -> list[Json]:
    """The documents of a YAML file; not to be changed."""
    return [each for each in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if each]


@dataclass(frozen=True)
class Variant:
    """One way to install it, and what its account may do then. ``apis`` are kinds that the cluster has more."""

    name: str
    values: tuple[str, ...] = ("image", "thresholds")
    apis: tuple[str, ...] = ()
    rungs: frozenset[Rung] = frozenset()
    events: bool = False
    namespaces: tuple[str, ...] = ()
    follows_namespaces: bool = True
    has_roles: bool = True
    planes: tuple[str, ...] | None = ()
    down: bool = False
    sees_flags: bool = False
    switches_flags: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """Its files of values, in the order in which they count."""
        return tuple(HERE / "values" / f"{name}.yaml" for name in (*self.values, self.name))

    @property
    def rendered(self) -> Path:
        """What Helm makes of it."""
        return HERE / "rendered" / f"{self.name}.yaml"

    def objects(self) -> list[Json]:
        """The objects that are made, without those that only ``helm test`` makes."""
        found = [each for each in documents(self.rendered) if each not in self.rehearsals()]
        return [each for each in found if "helm.sh/hook" not in (each["metadata"].get("annotations") or {})]

    def rehearsals(self) -> list[Json]:
        """The objects by which ways back are rehearsed; they have an account of their own."""
        component = "app.kubernetes.io/component"
        return [each for each in documents(self.rendered) if _labels(each).get(component) == "rehearsal"]

    def one(self, kind: str) -> Json:
        """The only object of a kind."""
        (found,) = [each for each in self.objects() if each["kind"] == kind]
        return found

    def pod(self) -> Json:
        """Spec of the daemon's pod."""
        spec: Json = self.one("Deployment")["spec"]["template"]["spec"]
        return spec

    def environment(self) -> dict[str, str]:
        """Its settings, with the namespace as the kubelet fills it in."""
        (container,) = self.pod()["containers"]
        return {each["name"]: each.get("value", NAMESPACE) for each in container["env"]}


def _labels(each: Json) -> Json:
    found: Json = each["metadata"].get("labels") or {}
    return found


REHEARSALS = Variant("rehearsals", rungs=WRITING | THROUGH_GIT, events=True)
"""Kept and looked at by itself: its roles are of two accounts."""

VARIANTS = (
    Variant("observe"),
    Variant("observe-namespaces", namespaces=("shop", "shop-eu"), events=True, sees_flags=True),
    Variant("act", rungs=WRITING, events=True),
    Variant("act-flags", rungs=WRITING, events=True, sees_flags=True, switches_flags=True),
    Variant("act-namespaces-undo", namespaces=("shop", "watcher"), rungs=frozenset({Rung.UNDO}), events=True),
    Variant(
        "act-roles-only-abort",
        namespaces=("shop",),
        rungs=frozenset({Rung.ABORT}),
        follows_namespaces=False,
        planes=None,
    ),
    Variant("act-git", rungs=frozenset({Rung.GIT}), events=True),
    Variant(
        "act-namespaces-git",
        namespaces=("shop",),
        rungs=WRITING | THROUGH_GIT,
        events=True,
        planes=("argo-cd", "flux-system"),
        down=True,
    ),
    Variant("existing", values=("image",), has_roles=False),
    Variant(
        "full",
        apis=("monitoring.coreos.com/v1/ServiceMonitor",),
        rungs=WRITING | THROUGH_GIT,
        events=True,
        down=True,
    ),
)
