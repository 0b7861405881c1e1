"""A recording: a directory with recording.yaml and metrics.om (or metrics.om.gz)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watcher.config import fingerprints
from watcher.config.document import Document
from watcher.config.problems import ConfigError, Problem
from watcher.config.validation import fitted
from watcher.replay import openmetrics
from watcher.replay.openmetrics import RecordedSeries
from watcher.replay.rules import report_all
from watcher.replay.spec import OutageSpec, RecordingSpec, TruthSpec, WorkloadSpec

FILE = "recording.yaml"
METRICS = ("metrics.om", "metrics.om.gz")


@dataclass(frozen=True, slots=True)
class Recording:
    """What recording.yaml says, and the series beside it.

    `start` and `end` are Unix seconds, `interval` the scrape interval in seconds or None: to be learnt.  `thresholds`
    is the file that it names, or None.  `truth` is None where nobody says which releases are bad.
    """

    name: str
    start: float
    end: float
    workloads: tuple[WorkloadSpec, ...]
    series: tuple[RecordedSeries, ...]
    outages: tuple[OutageSpec, ...] = ()
    interval: float | None = None
    thresholds: Path | None = None
    truth: tuple[TruthSpec, ...] | None = None


def load(directory: Path) -> Recording:
    """Read a recording.  Raises ConfigError with all problems of its recording.yaml, or the first of its metrics."""
    path = directory / FILE
    content, _ = fingerprints.read(path)
    spec = read_spec(content, str(path), directory.resolve().name)
    return from_spec(spec, tuple(openmetrics.read(_metrics(directory))), directory)


def read_spec(content: bytes, file: str, directory: str) -> RecordingSpec:
    """What a recording.yaml says; `directory` is the name of its directory.  Raises ConfigError."""
    document = Document(content, file)
    spec = fitted(document, RecordingSpec)
    report_all(document, spec, directory)
    document.report_ambiguous()
    if document.problems:
        raise ConfigError(document.problems)
    return spec


def from_spec(spec: RecordingSpec, series: tuple[RecordedSeries, ...], directory: Path) -> Recording:
    """The recording of a file without problems; its thresholds count from `directory`."""
    if spec.name is None or spec.start is None or spec.end is None:
        raise ValueError("a recording has a name, a start and an end")
    return Recording(
        name=spec.name,
        start=spec.start,
        end=spec.end,
        workloads=spec.workloads,
        series=series,
        outages=spec.outages,
        interval=None if spec.scrape_interval is None else float(spec.scrape_interval),
        thresholds=None if spec.thresholds is None else directory / spec.thresholds,
        truth=spec.truth,
    )


def _metrics(directory: Path) -> Path:
    found = [directory / name for name in METRICS if (directory / name).exists()]
    if len(found) != 1:
        what = (
            "both metrics.om and metrics.om.gz are there" if found else "neither metrics.om nor metrics.om.gz is there"
        )
        remedy = "keep one of them" if found else "write one: promtool tsdb dump-openmetrics"
        raise ConfigError([Problem(str(directory), 1, 1, what, remedy)])
    return found[0]


def find(paths: list[Path]) -> Iterator[Path | ConfigError]:
    """The recordings that these paths name, each a recording or a directory of recordings; errors in their place."""
    for path in paths:
        if (path / FILE).exists():
            yield path
            continue
        try:
            inside = sorted(each for each in path.iterdir() if (each / FILE).exists())
        except OSError as error:
            inside, why = [], f"cannot be read: {error.strerror}"
        else:
            why = f"there is no {FILE} in it, nor in a directory in it"
        if not inside:
            yield ConfigError([Problem(str(path), 1, 1, why, "give a recording, or a directory of recordings")])
        yield from inside
