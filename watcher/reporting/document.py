"""The report as a plain JSON document, and back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from watcher.ports import Rejected
from watcher.reporting.report import Report


def document(report: Report) -> dict[str, Any]:
    """The document: keys as the fields of `Report`."""
    plain: dict[str, Any] = asdict(report)
    return plain


def from_document(data: object) -> Report:
    """The report of a document.  Raises Rejected."""
    try:
        return TypeAdapter(Report).validate_python(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Rejected(f"this is no report of this version of watcher: {place}: {first['msg']}") from error
