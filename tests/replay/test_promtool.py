"""What promtool dumps of a block is read, and what we read it takes."""

from __future__ import annotations

import math
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.replay.incident import Incident, Release, Service
from watcher.replay.openmetrics import read

LABELS = 'a="x \\"q\\" \\\\ \\n y",b="# {z}"'
ODD = f"odd{{{LABELS}}} 1e-7 1772359200.5\nodd{{{LABELS}}} NaN 1772359215.5\n"

Read = dict[tuple[tuple[str, str], ...], list[tuple[float, str]]]


def samples(file: Path) -> Read:
    return {
        tuple(sorted(each.labels.items())): [
            (at, "NaN" if math.isnan(value) else repr(value)) for at, value in zip(each.times, each.values, strict=True)
        ]
        for each in read(file)
    }


@pytest.mark.e2e
def test_a_recording_goes_through_promtool_and_back(tools: Mapping[str, Path], tmp_path: Path) -> None:
    directory = Incident([Service(releases=[Release("v2", 300, errors=0.2)])]).write(tmp_path / "incident")
    ours, dump, blocks = directory / "metrics.om", tmp_path / "dump.om", tmp_path / "blocks"
    ours.write_text(ODD + ours.read_text())
    made = [str(tools["promtool"]), "tsdb", "create-blocks-from", "openmetrics", str(ours), str(blocks)]
    subprocess.run(made, check=True, capture_output=True)
    (blocks / "wal").mkdir()  # a data directory has one
    dumped = [str(tools["promtool"]), "tsdb", "dump-openmetrics", str(blocks)]
    dump.write_bytes(subprocess.run(dumped, check=True, capture_output=True).stdout)
    assert samples(dump) == samples(ours)
