"""Server-side printing: a `meta.k8s.io/v1` Table in place of the objects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from watcher.sandbox.kubernetes.columns import columns_of
from watcher.sandbox.kubernetes.kinds import Kind
from watcher.sandbox.kubernetes.objects import Json


def wants_table(accept: str) -> bool:
    """Whether an Accept header prefers a Table of version v1."""
    first = accept.split(",", maxsplit=1)[0].replace(" ", "")
    return "as=Table" in first and "v=v1;" in f"{first};" and "g=meta.k8s.io" in first


def table(kind: Kind, objects: Sequence[Json], now: datetime, include: str, list_metadata: Json) -> Json:
    """The objects as rows. `include` is the `includeObject` parameter: Metadata (default), Object or None."""
    columns = columns_of(kind)
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": list_metadata,
        "columnDefinitions": [column.definition() for column in columns],
        "rows": [
            {"cells": [column.cell(obj, now) for column in columns], "object": _row_object(obj, include)}
            for obj in objects
        ],
    }


def _row_object(obj: Json, include: str) -> Json | None:
    if include == "None":
        return None
    if include == "Object":
        return obj
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
