"""A check with everything that a layer of the file says of it: the definition, or an entry's override of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.config.layering import layered, written
from watcher.config.models import CheckSpec, IdentifySpec
from watcher.config.presets import filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.config.document import Document, Path
    from watcher.config.models import ThresholdsSpec

_UNITS = {"_seconds": "seconds", "_milliseconds": "milliseconds"}
RATIO, HISTOGRAM, QUERY = "ratio", "histogram", "query"
ANCHORS = {"total": RATIO, "histogram": HISTOGRAM, "query": QUERY}
_COMMON = {"source", "max", "may", "identify"}
_SHARE = {"preset", "only", "exclude", "increase", "floor", "minBad"}
KEYS: dict[str, set[str]] = {
    RATIO: {"total", "bad", "errors"} | _SHARE | _COMMON,
    HISTOGRAM: {"histogram", "slowerThan", "unit"} | _SHARE | _COMMON,
    QUERY: {"query", "for", "min"} | _COMMON,
}


@dataclass(frozen=True, slots=True)
class Layer:
    """One place of the file that speaks of a check.

    `spec` is what holds after this layer; `own` are the keys that the layer itself writes, be they right or wrong;
    `given` are those with what the preset brings.
    """

    name: str
    path: Path
    kind: str
    spec: CheckSpec
    own: frozenset[str]
    given: frozenset[str]
    is_definition: bool

    def at(self, key: str) -> Path:
        """Path of one of its keys."""
        return (*self.path, key)

    @property
    def identify(self) -> IdentifySpec:
        """Whose requests the series count."""
        return self.spec.identify or IdentifySpec()


def kind_of(spec: CheckSpec) -> str:
    """Which kind of check this is; empty where it does not say."""
    present = written(spec)
    return next((kind for anchor, kind in ANCHORS.items() if anchor in present), "")


def unit_of(histogram: str, written: str | None) -> str:
    """Unit of a histogram's bounds, from its name where it is not written; empty when the name does not tell."""
    return written or next((unit for suffix, unit in _UNITS.items() if histogram.endswith(suffix)), "")


def layers(document: Document, spec: ThresholdsSpec) -> Iterator[Layer]:
    """Every definition, then every override of a check that is defined."""
    definitions = {name: filled(check) for name, check in (spec.checks or {}).items()}
    for name, check in definitions.items():
        yield _layer(document, name, ("checks", name), check, check)
    for index, service in enumerate(spec.services or ()):
        for name, override in (service.checks or {}).items():
            if override is not None and name in definitions:
                merged = layered(definitions[name], override)
                yield _layer(document, name, ("services", index, "checks", name), merged, definitions[name])


def _layer(document: Document, name: str, path: Path, spec: CheckSpec, definition: CheckSpec) -> Layer:
    keys = (field.alias or key for key, field in CheckSpec.model_fields.items())
    own = frozenset(key for key in keys if document.has((*path, key)))
    given = own | written(definition).keys()
    return Layer(name, path, kind_of(definition), spec, own, given, path[0] == "checks")
