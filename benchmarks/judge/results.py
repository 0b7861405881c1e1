"""The directory of results: one file of JSON lines a portion, and what they were made with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import watcher
from benchmarks.judge.contest import Result
from benchmarks.judge.plan import Portion
from watcher import core
from watcher.core.judging import parameters

ABOUT = "about.json"
_OF_THE_REPORT = {
    *("__main__.py", "run.py", "show.py", "tune.py", "recording.py", "reference.py", "results.py"),
    *("report.py", "tables.py", "goals.py", "figures.py", "intervals.py", "pictures.py", "text.py", "missed.py"),
    *("speed.py", "examples.py", "incidents.py"),
}
"""Modules that change no result."""


@dataclass(frozen=True, slots=True)
class About:
    """What results were made with: hashes (SHA-256) of the frozen parameters, of the whole core, of the simulator."""

    size: str
    version: str
    parameters: str
    core: str
    simulator: str

    @classmethod
    def now(cls, size: str) -> About:
        """Of what is imported."""
        here = Path(__file__).parent
        simulator = [each for each in sorted(here.rglob("*.py")) if each.name not in _OF_THE_REPORT]
        return cls(
            size,
            watcher.__version__,
            _hash([Path(parameters.__file__)]),
            _hash(sorted(Path(core.__file__).parent.glob("*.py"))),
            _hash(simulator),
        )


class Directory:
    """Results on disk.  A portion is there wholly or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def claim(self, size: str) -> None:
        """Begin, or go on.  Raises ValueError where the results there were made with other code, or to another size."""
        self.path.mkdir(parents=True, exist_ok=True)
        now, file = About.now(size), self.path / ABOUT
        if not file.exists():
            file.write_text(json.dumps(asdict(now), indent=2) + "\n")
        changed = [name for name, value in asdict(self.about()).items() if asdict(now)[name] != value]
        if changed:
            raise ValueError(
                f"{self.path} has results of another state of the code ({', '.join(changed)} changed since): "
                "choose another --directory, or delete that one"
            )

    def about(self) -> About:
        """What the results there were made with."""
        return About(**json.loads((self.path / ABOUT).read_text()))

    def date(self) -> str:
        """The day (UTC) on which the last of them were made."""
        newest = max((file.stat().st_mtime for file in self.path.iterdir()), default=0.0)
        return datetime.fromtimestamp(newest, UTC).date().isoformat()

    def has(self, portion: Portion) -> bool:
        """Whether it is done."""
        return (self.path / portion.name).exists()

    def put(self, portion: Portion, results: list[Result]) -> None:
        """Write it, all at once."""
        file = self.path / portion.name
        part = file.with_suffix(".part")
        part.write_text("".join(each.line() + "\n" for each in results))
        part.replace(file)

    def read(self) -> Iterator[Result]:
        """All results.  Raises FileNotFoundError where nothing was run yet."""
        if not (self.path / ABOUT).exists():
            raise FileNotFoundError(f"no results in {self.path}: make some with `python -m benchmarks.judge run`")
        for file in sorted(self.path.glob("*.jsonl")):
            for line in file.read_text().splitlines():
                yield Result.of(line)


def _hash(files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()
