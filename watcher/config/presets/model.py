"""The shape of a preset file."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from watcher.config.layering import layered
from watcher.config.models import CheckSpec, IdentifySpec, Matchers
from watcher.config.spec import Spec

_Some = Field(min_length=1)


class Citation(Spec):
    """Where a fact was checked: a file of a project at a version, or a page."""

    fact: str
    project: str
    version: str
    at: str


class Preset(Spec):
    """What an exporter calls its metrics.

    `buckets` are the bounds that its histogram has unless it is configured otherwise, in the metric's own unit; empty:
    they are always configured, or not known.  `notes` are what a user must know.
    """

    title: str
    sources: Annotated[tuple[Citation, ...], _Some]
    notes: tuple[str, ...] = ()
    identify: IdentifySpec
    only: Matchers | None = None
    exclude: Matchers | None = None
    errors: CheckSpec
    latency: CheckSpec
    buckets: tuple[float, ...] = ()

    def part(self, *, latency: bool) -> CheckSpec:
        """What it brings to a histogram check, or to a ratio check."""
        common = {"identify": self.identify, "only": self.only, "exclude": self.exclude}
        shared = CheckSpec().model_copy(update={name: value for name, value in common.items() if value is not None})
        return layered(shared, self.latency if latency else self.errors)
