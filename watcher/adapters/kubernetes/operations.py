"""What a JSON patch of ours writes on the objects that it changes."""

from __future__ import annotations

from watcher.adapters.kubernetes import marks
from watcher.adapters.kubernetes.fields import Json
from watcher.core.keepers.json_patch import Operation, annotate


def decided(raw: Json, decision: str) -> Operation:
    """Write the decision's id on the object."""
    (operation,) = annotate(raw, {marks.DECISION: decision})
    return operation


def marked(raw: Json, decision: str) -> list[Operation]:
    """Write on the object that holds the template that this very patch puts another in its place."""
    return annotate(raw, {marks.DECISION: decision, marks.UNDO: decision})
