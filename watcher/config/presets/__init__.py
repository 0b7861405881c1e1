"""Presets: what known exporters call their metrics, one YAML file each, with the sources of every fact.

`filled(check)` gives a check what its preset brings; keys that the check writes itself win.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from watcher.config.layering import layered, written
from watcher.config.models import CheckSpec
from watcher.config.presets.model import Preset

__all__ = ["Preset", "filled", "preset_of", "presets"]

_SUFFIX = ".yaml"
_INSTEAD = {"bad": "errors", "errors": "bad"}
_OF_HISTOGRAMS = {"histogram", "slowerThan", "unit"}
_OF_COUNTERS = {"total", "bad", "errors"}


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, sorted."""
    found = {each.name.removesuffix(_SUFFIX): each for each in files(__name__).iterdir() if each.name.endswith(_SUFFIX)}
    return {
        name: Preset.model_validate(yaml.safe_load(found[name].read_text(encoding="utf-8"))) for name in sorted(found)
    }


def preset_of(check: CheckSpec) -> Preset | None:
    """The preset that the check names; None: it names none, or none that there is."""
    return presets().get(check.preset) if check.preset is not None else None


def _looks_at_latency(check: CheckSpec) -> bool:
    """Whether a check with a preset wants its histogram: it says what is slow; else its counters are meant."""
    own = written(check).keys()
    return bool(own & _OF_HISTOGRAMS) and not own & _OF_COUNTERS


def filled(check: CheckSpec) -> CheckSpec:
    """The check with what its preset brings to this kind of check."""
    preset = preset_of(check)
    if preset is None:
        return check
    part = preset.part(latency=_looks_at_latency(check))
    own = written(check).keys()
    unwanted = {_INSTEAD[key] for key in own & _INSTEAD.keys()} | own
    kept = {name for key, name in written(part).items() if key not in unwanted or key in ("only", "exclude")}
    return layered(CheckSpec().model_copy(update={name: getattr(part, name) for name in kept}), check)
