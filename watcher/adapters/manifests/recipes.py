"""What a kustomization or a chart names beside itself, as it is written there.

https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/ and https://helm.sh/docs/topics/charts/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_LISTS_OF_PATHS = (
    *("resources", "bases", "components", "crds", "configurations"),
    *("generators", "transformers", "validators", "patches", "patchesStrategicMerge"),
)
_LISTS_WITH_PATHS = ("patches", "patchesJson6902", "replacements")
_LISTS_OF_GENERATORS = ("configMapGenerator", "secretGenerator")
_DEFAULT_CHART_HOME = "charts"
_LOCAL = "file://"


@dataclass(frozen=True, slots=True)
class NamedChart:
    """A chart that is named: directories in which it may lie, and how people call it."""

    directories: tuple[str, ...]
    title: str


@dataclass(frozen=True, slots=True)
class Named:
    """`paths` of files and directories, and `charts`, all as seen from the directory of the recipe."""

    paths: tuple[str, ...] = ()
    charts: tuple[NamedChart, ...] = ()


def named_by_kustomization(top: object) -> Named:
    """What a kustomization names."""
    fields = _mapping(top)
    charts = [*_mappings(fields.get("helmCharts")), *_mappings(fields.get("helmChartInflationGenerator"))]
    home = _text(_mapping(fields.get("helmGlobals")).get("chartHome"))
    return Named(
        tuple(dict.fromkeys(path for path in _paths(fields, charts) if path and "\n" not in path)),
        tuple(_inflated(each, home) for each in charts),
    )


def named_by_chart(top: object) -> Named:
    """What a Chart.yaml names: dependencies that lie in the same repository."""
    repositories = [_text(each.get("repository")) for each in _mappings(_mapping(top).get("dependencies"))]
    return Named(tuple(each.removeprefix(_LOCAL) for each in repositories if each.startswith(_LOCAL)))


def _paths(fields: Mapping[str, Any], charts: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for name in _LISTS_OF_PATHS:
        yield from _texts(fields.get(name))
    for name in _LISTS_WITH_PATHS:
        yield from (_text(each.get("path")) for each in _mappings(fields.get(name)))
    for name in _LISTS_OF_GENERATORS:
        for each in _mappings(fields.get(name)):
            yield from (file.rpartition("=")[2] for file in _texts(each.get("files")))
            yield from (*_texts(each.get("envs")), _text(each.get("env")))
    yield _text(_mapping(fields.get("openapi")).get("path"))
    for chart in charts:
        yield from (_text(chart.get("valuesFile")), _text(chart.get("values")))
        yield from _texts(chart.get("additionalValuesFiles"))


def _inflated(chart: Mapping[str, Any], common_home: str) -> NamedChart:
    name = _text(chart.get("name")) or _text(chart.get("chartName"))
    version = _text(chart.get("version")) or _text(chart.get("chartVersion"))
    repo = _text(chart.get("repo")) or _text(chart.get("chartRepoUrl"))
    home = _text(chart.get("chartHome")) or common_home or _DEFAULT_CHART_HOME
    return NamedChart((f"{home}/{name}-{version}/{name}", f"{home}/{name}"), f"chart {name} of {repo or home}")


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _mappings(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
