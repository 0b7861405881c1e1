"""Each effective value of a workload with the file and line it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.config.merging import PRESET
from watcher.config.models import IdentifySpec
from watcher.config.policies import identify
from watcher.core.policy import By

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watcher.config.defaults import Setting
    from watcher.config.document import Path
    from watcher.config.thresholds import Thresholds
    from watcher.core.policy import Subject

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Row:
    """One effective value; `origin` is FILE:LINE, `preset NAME`, or `default`."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a workload is watched as it is; `entries` are the places (FILE:LINE) of the entries that match, in order."""

    subject: Subject
    entries: tuple[str, ...]
    rows: tuple[Row, ...]

    @property
    def watched(self) -> bool:
        """Whether any entry matches."""
        return bool(self.entries)


def explain(thresholds: Thresholds, subject: Subject) -> Explanation:
    """Every effective value for this workload; no rows when no entry matches."""
    matching = thresholds.entries_for(subject)
    entries = tuple(_origin(thresholds, ("services", index)) for index in matching)
    rows = tuple(_rows(thresholds, subject, matching)) if matching else ()
    return Explanation(subject, entries, rows)


def _rows(thresholds: Thresholds, subject: Subject, entries: tuple[int, ...]) -> Iterator[Row]:
    effective = thresholds.effective(entries)
    spec = thresholds.spec
    yield Row("cluster", thresholds.cluster, _origin(thresholds, ("cluster",) if spec.cluster else None))
    for key, setting in effective.settings.items():
        yield _row(thresholds, ".".join(key), setting)
    promise = ("falseRollbacks",) if spec.false_rollbacks else None
    yield Row("falseRollbacks", str(thresholds.false_rollbacks), _origin(thresholds, promise))
    yield _row(thresholds, "require", effective.require)
    yield _never(thresholds, subject)
    for each in thresholds.freezes:
        if each.concerns(subject):
            yield Row(f"freezes.{each.name}", str(each), _origin(thresholds, ("freezes", each.name)))
    for check in effective.checks:
        for name, setting in check.settings.items():
            yield _row(thresholds, f"checks.{check.name}.{name}", setting)


def _never(thresholds: Thresholds, subject: Subject) -> Row:
    reason, index = thresholds.protection(subject)
    if not reason:
        return Row("never", "false", DEFAULT)
    return Row("never", f"true ({reason})", DEFAULT if index is None else _origin(thresholds, ("never", index)))


def _row(thresholds: Thresholds, key: str, setting: Setting) -> Row:
    return Row(key, written_form(setting.value), _origin(thresholds, setting.path))


def _origin(thresholds: Thresholds, path: Path | None) -> str:
    if path is None:
        return DEFAULT
    if path[0] == PRESET:
        return f"preset {path[1]}"
    document = thresholds.document
    return f"{document.file}:{document.key_place(path).line}"


def written_form(value: object) -> str:
    """A value as a user would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, IdentifySpec):
        return _written_identify(value)
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {written_form(item)}' for key, item in value.items())}}}"
    if isinstance(value, tuple):
        return written_form(value[0]) if len(value) == 1 else f"[{', '.join(map(written_form, value))}]"
    return str(value)


def _written_identify(spec: IdentifySpec) -> str:
    plain = identify(spec)
    labels = {
        "namespace": plain.namespace,
        "pod": plain.pod,
        "join": plain.join,
        "service" if plain.by is By.SERVICE else "workload": plain.workload,
        "strip": written_form(plain.strip) if plain.strip else "",
        "version": plain.version,
        "podLabel": plain.pod_label,
        "role": plain.role,
    }
    written = [f"by: {plain.by}", *(f"{key}: {label}" for key, label in labels.items() if label)]
    written += [f"map: {written_form(dict(plain.map))}"] if plain.map else []
    if plain.by is By.ROLE:
        absent = '""'
        written += [
            f"{key}: {pattern or absent}" for key, pattern in (("canary", plain.canary), ("stable", plain.stable))
        ]
    return f"{{{', '.join(written)}}}"
