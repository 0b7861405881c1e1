"""Rules for checks that take a preset."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from watcher.config.checks import unit_of
from watcher.config.presets import preset_of, presets
from watcher.config.problems import choose
from watcher.config.values import Duration

if TYPE_CHECKING:
    from watcher.config.checks import Layer
    from watcher.config.document import Document
    from watcher.config.presets import Preset


def report_preset(document: Document, layer: Layer) -> None:
    """Report a preset that is not there or does not fit, and a bound that its histogram does not have."""
    if "preset" in layer.own:
        _report_name(document, layer)
    preset = preset_of(layer.spec)
    if preset is not None and "slowerThan" in layer.own and not document.has(("checks", layer.name, "histogram")):
        _report_bound(document, layer, preset)


def _report_name(document: Document, layer: Layer) -> None:
    name = layer.spec.preset
    if not layer.is_definition:
        what = f"the preset of {layer.name} cannot be overridden"
        document.report(layer.at("preset"), what, "define a second check with the other preset", at_key=True)
    elif name is not None and name not in presets():
        document.report(layer.at("preset"), f"there is no preset {name}", choose(name, presets()))


def _report_bound(document: Document, layer: Layer, preset: Preset) -> None:
    """The bounds that the exporter has unless it is told otherwise; who tells it otherwise writes `histogram`."""
    wanted, histogram = layer.spec.slower_than, layer.spec.histogram or ""
    if wanted is None or wanted <= 0 or not preset.buckets:
        return
    scale = 1000 if unit_of(histogram, layer.spec.unit) == "milliseconds" else 1
    bounds = sorted(bound / scale for bound in preset.buckets)
    if any(math.isclose(bound, wanted, rel_tol=1e-9) for bound in bounds):
        return
    below, above = [each for each in bounds if each < wanted][-1:], [each for each in bounds if each > wanted][:1]
    nearest = " or ".join(str(Duration(each)) for each in (*below, *above) if each > 0)
    what = f"{wanted} is no bucket bound of {histogram} as the preset {layer.spec.preset} knows it"
    remedy = f"write {nearest}, or add histogram: {histogram} where it has buckets of its own"
    document.report(layer.at("slowerThan"), what, remedy)
