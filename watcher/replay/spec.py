"""The syntax of recording.yaml: one model per mapping.  Times are Unix seconds once read.

A field that is None was not written.  Rules across keys are in `rules`, which reports every mistake at its place.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from watcher.config.spec import Spec
from watcher.config.values import Duration, shown, wrong
from watcher.core.model import Workload

LATEST = 253402300799.0
"""The end of the year 9999, Unix seconds."""


def read_moment(value: Any) -> float:
    """A time as recordings write it, in Unix seconds.  Raises ValueError with what is wrong and the remedy."""
    remedy = "write 2026-03-01T10:00:00Z, or Unix seconds"
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value <= LATEST:
            raise wrong(f"{value} is no time in Unix seconds", remedy)
        return float(value)
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None:
        raise wrong(f"{shown(value)} is not a time", remedy)
    if moment.tzinfo is None:
        raise wrong(f"the time {shown(value)} names no zone", remedy)
    return moment.timestamp()


def _workload(value: Any) -> Workload:
    if not isinstance(value, str):
        raise wrong(f"{shown(value)} does not name a workload", "write Kind/namespace/name")
    try:
        return Workload.parse(value)
    except ValueError as error:
        raise wrong(f"{error}".partition(";")[0], "write Kind/namespace/name, as in Deployment/shop/cart") from None


def _ready(value: Any) -> Any:
    return [{"from": value}] if isinstance(value, str | int | float) else value


Moment = Annotated[float, BeforeValidator(read_moment)]
WorkloadName = Annotated[Workload, BeforeValidator(_workload)]
Count = Annotated[StrictInt, Field(ge=0)]
Percent = Annotated[StrictInt, Field(ge=0, le=100)]


class OutageSpec(Spec):
    """Queries fail in [begin, end)."""

    begin: Moment = Field(alias="from")
    end: Moment = Field(alias="to")


class ReplicasSpec(Spec):
    """Replicas wanted from `at` on."""

    at: Moment
    desired: Count


class RevisionSpec(Spec):
    """One revision as its controller made it; an old template that comes back is listed again."""

    revision: str
    image: str = ""
    created: Moment
    known_good: StrictBool = False
    rolled_out: Moment | None = None
    commit: str = ""


class ReadySpec(Spec):
    """A stretch of time, or all the rest, in which a pod is Ready."""

    begin: Moment = Field(alias="from")
    end: Moment = Field(default=math.inf, alias="to")


class RestartSpec(Spec):
    """A container ended at `at`, or waits since then; `back`: it runs again."""

    at: Moment
    reason: str
    back: Moment | None = None


class PodSpec(Spec):
    """One pod.  `deleted`: gone from the API."""

    pod: str
    revision: str
    node: str = ""
    created: Moment
    ready: Annotated[tuple[ReadySpec, ...], BeforeValidator(_ready)] = ()
    terminating: Moment | None = None
    deleted: Moment | None = None
    restarts: tuple[RestartSpec, ...] = ()


class WeightSpec(Spec):
    """The router's share for the canary from `at` on, percent."""

    at: Moment
    canary: Percent


class WorkloadSpec(Spec):
    """One workload with everything that became of it."""

    workload: WorkloadName
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    max_unavailable: Count | None = None
    progress_deadline: Duration | None = None
    replicas: tuple[ReplicasSpec, ...] = ()
    revisions: tuple[RevisionSpec, ...] = ()
    pods: tuple[PodSpec, ...] = ()
    weights: tuple[WeightSpec, ...] | None = None


class TruthSpec(Spec):
    """A release that is bad; `bad_from`: when it first harmed."""

    workload: WorkloadName
    revision: str
    bad_from: Moment


class RecordingSpec(Spec):
    """The file: when, by which thresholds, which workloads.  `truth` is None where it is not known."""

    version: Literal[1] | None = None
    name: str | None = None
    start: Moment | None = None
    end: Moment | None = None
    thresholds: str | None = None
    scrape_interval: Duration | None = None
    outages: tuple[OutageSpec, ...] = ()
    workloads: tuple[WorkloadSpec, ...] = ()
    truth: tuple[TruthSpec, ...] | None = None
