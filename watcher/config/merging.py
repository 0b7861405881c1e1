"""Entries that match, merged key by key: each effective value with the path where it is written."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watcher.config.checks import HISTOGRAM, QUERY, RATIO, kind_of, unit_of
from watcher.config.defaults import CHECK_FLOOR, CHECK_HOLD_FOR, CHECK_MIN_BAD, SETTINGS, Setting
from watcher.config.layering import layered, written
from watcher.config.models import CheckSpec, IdentifySpec
from watcher.config.policies import identify as plain
from watcher.config.presets import filled
from watcher.config.rules_checks import source_of
from watcher.config.spec import Spec
from watcher.config.values import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.config.defaults import Key
    from watcher.config.document import Path
    from watcher.config.models import ServiceSpec, ThresholdsSpec

_APART = {"match", "checks", "require"}

PRESET = "preset"
"""First step of the path of a setting that a preset brings; its name is the second."""


@dataclass(frozen=True, slots=True)
class EffectiveCheck:
    """A check as it holds for some workloads."""

    name: str
    kind: str
    spec: CheckSpec
    settings: dict[str, Setting]


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for the workloads that the same entries match."""

    settings: dict[Key, Setting]
    checks: tuple[EffectiveCheck, ...]
    require: Setting


@dataclass(slots=True)
class _Merged:
    settings: dict[Key, Setting]
    checks: dict[str, tuple[CheckSpec, dict[str, Path]]] = field(default_factory=dict)
    require: Setting | None = None


def _leaves(spec: Spec, path: Path, key: Key = ()) -> Iterator[tuple[Key, Setting]]:
    for alias, name in written(spec).items():
        value: Any = getattr(spec, name)
        if not key and alias in _APART:
            continue
        if isinstance(value, Spec):
            yield from _leaves(value, (*path, alias), (*key, alias))
        else:
            yield (*key, alias), Setting(value, (*path, alias))


def merge(spec: ThresholdsSpec, entries: tuple[int, ...]) -> Effective:
    """Apply entries in order: the last wins key by key; `none` removes a check."""
    merged = _Merged({key: Setting(value) for key, value in SETTINGS.items()})
    _apply_top(merged, spec)
    for index in entries:
        service = (spec.services or ())[index]
        merged.settings.update(_leaves(service, ("services", index)))
        _apply_checks(merged, spec, service, ("services", index))
        if service.require is not None:
            merged.require = Setting(service.require, ("services", index, "require"))
    _limit_bake(merged)
    sources = list(spec.sources or {})
    ordered = [name for name in spec.checks or {} if name in merged.checks]
    checks = tuple(_completed(name, *merged.checks[name], sources) for name in ordered)
    return Effective(merged.settings, checks, _require(merged.require, checks))


def _apply_top(merged: _Merged, spec: ThresholdsSpec) -> None:
    if spec.mode is not None:
        merged.settings["mode",] = Setting(spec.mode, ("mode",))
    for name in ("rungs", "breaker"):
        part: Spec | None = getattr(spec, name)
        if part is not None:
            merged.settings.update(_leaves(part, (name,), (name,)))
    if spec.gitops is not None and spec.gitops.bridge is not None:
        merged.settings.update(_leaves(spec.gitops.bridge, ("gitops", "bridge"), ("gitops", "bridge")))
    if merged.settings["rungs", "sync"].path is None:
        merged.settings["rungs", "sync"] = merged.settings["rungs", "git"]


def _apply_checks(merged: _Merged, spec: ThresholdsSpec, service: ServiceSpec, path: Path) -> None:
    for name, override in (service.checks or {}).items():
        if override is None:
            merged.checks.pop(name, None)
            continue
        definition = (spec.checks or {})[name]
        check, places = merged.checks.get(name) or (filled(definition), _origins(name, definition))
        own: dict[str, Path] = {key: (*path, "checks", name, key) for key in written(override)}
        merged.checks[name] = layered(check, override), places | own


def _origins(name: str, definition: CheckSpec) -> dict[str, Path]:
    """Where each key of a definition stands: in the file, or in its preset."""
    brought: dict[str, Path] = {key: (PRESET, definition.preset or "", key) for key in written(filled(definition))}
    return brought | {key: ("checks", name, key) for key in written(definition)}


def _limit_bake(merged: _Merged) -> None:
    """Entries that each write one of the two may contradict: the watch is never shorter than the bake."""
    bake, longest = merged.settings["bake", "for"], merged.settings["bake", "max"]
    if longest.value < bake.value:
        merged.settings["bake", "max"] = bake


def _completed(name: str, spec: CheckSpec, places: dict[str, Path], sources: list[str]) -> EffectiveCheck:
    kind = kind_of(spec)
    settings = {key: Setting(getattr(spec, field_name), places[key]) for key, field_name in written(spec).items()}
    identify = spec.identify or IdentifySpec()
    defaults: dict[str, Any] = {
        "source": source_of(None, sources),
        "may": "act" if kind != QUERY and plain(identify).sees_versions else "propose",
        "identify": identify,
    }
    if kind != QUERY:
        defaults |= {"floor": CHECK_FLOOR, "minBad": CHECK_MIN_BAD}
        if "max" in settings:
            settings["max"] = Setting(Ratio(settings["max"].value), settings["max"].path)
    if kind == HISTOGRAM:
        defaults["unit"] = unit_of(spec.histogram or "", None)
    if kind == QUERY:
        defaults["for"] = CHECK_HOLD_FOR
    for key, value in defaults.items():
        settings.setdefault(key, Setting(value))
    return EffectiveCheck(name, kind, spec, settings)


def _require(written_names: Setting | None, checks: tuple[EffectiveCheck, ...]) -> Setting:
    """Names that are required and watched; by default the ratio checks, else histograms, else queries."""
    if written_names is not None:
        present = {check.name for check in checks}
        return Setting(tuple(name for name in written_names.value if name in present), written_names.path)
    by_kind = ([check.name for check in checks if check.kind == kind] for kind in (RATIO, HISTOGRAM, QUERY))
    return Setting(tuple(next((names for names in by_kind if names), [])))
