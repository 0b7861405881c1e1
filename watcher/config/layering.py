"""One mapping of the file over another: keys that are written win."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.config.models import CheckSpec
    from watcher.config.spec import Spec

_BY_LABEL = ("only", "exclude")


def written(spec: Spec) -> dict[str, str]:
    """Keys that are written in this mapping, each with the field that holds it."""
    fields = type(spec).model_fields
    return {fields[name].alias or name: name for name in fields if name in spec.model_fields_set}


def layered(below: CheckSpec, above: CheckSpec) -> CheckSpec:
    """A check with the keys of another one over it; `only` and `exclude` are merged label by label."""
    update: dict[str, Any] = {name: getattr(above, name) for name in written(above).values()}
    for name in _BY_LABEL:
        if update.get(name) and getattr(below, name):
            update[name] = getattr(below, name) | update[name]
    return below.model_copy(update=update)
