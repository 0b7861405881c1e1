"""The small recordings of `examples/recordings`, drawn anew: the same bytes each time."""

from __future__ import annotations

import argparse
import gzip
from datetime import UTC, datetime
from pathlib import Path

import yaml

from benchmarks.judge.cells import Drawn
from benchmarks.judge.families import BAD, Family
from benchmarks.judge.incidents import INCIDENTS, Incident, Service
from benchmarks.judge.recording import Part, described, lines
from benchmarks.judge.rollouts import Setting

BEGAN = datetime(2026, 3, 2, 10, 40, tzinfo=UTC).timestamp()
"""When the first release of each recording begins."""

USUAL = 0.001
"""Share of requests that fails of a good version."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to write."""
    parser.add_argument("directory", type=Path, nargs="?", default=Path("examples/recordings"))


def main(chosen: argparse.Namespace) -> None:
    """Write all of them."""
    for name, incident in INCIDENTS.items():
        directory = write(incident, chosen.directory / name)
        print(f"{directory}: {sum(each.stat().st_size for each in directory.iterdir()) / 1000:.0f} kB")


def write(incident: Incident, directory: Path) -> Path:
    """Write recording.yaml and metrics.om.gz; the thresholds are one directory up.  Returns the directory."""
    directory.mkdir(parents=True, exist_ok=True)
    parts = [_part(each, incident.seed) for each in incident.services]
    until = parts[0].scenario.began + 60 * incident.minutes
    spec = described(parts, directory.name, until, thresholds="../thresholds.yaml")
    text = yaml.safe_dump(spec, sort_keys=False, default_flow_style=None, width=160)
    (directory / "recording.yaml").write_text(text)
    metrics = "\n".join([*lines(parts, until), "# EOF", ""])
    (directory / "metrics.om.gz").write_bytes(gzip.compress(metrics.encode(), mtime=0))
    return directory


def _part(service: Service, seed: int) -> Part:
    family = Family(service.name, BAD, service.trouble, canaries=1, weight=service.share)
    setting = Setting(pods=service.pods, base_bad=USUAL)
    drawn = Drawn.of(family, service.mode, service.rate, seed, setting)
    return Part(drawn, service.name, BEGAN + service.after - drawn.scenario.began, service.released, service.deadline)
