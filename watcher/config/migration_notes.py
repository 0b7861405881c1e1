"""Migration notes: what a reviewer has written of one database migration, in a YAML file of its own."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, StrictBool

from watcher.config.document import Document
from watcher.config.problems import ConfigError
from watcher.config.schema import without_null
from watcher.config.spec import Globs, Spec, described, one_or_many
from watcher.config.validation import fitted
from watcher.config.values import Duration
from watcher.core.migrations import Down, MigrationNote, Safety, When

LARGEST = 64 * 1024
"""Bytes of one note."""

SHORTEST, LONGEST = 10.0, 6 * 3600.0
"""Seconds that a down migration may be given."""

REQUIRED = {
    "name": "the migration's name, unlike that of any other",
    "forward": "the file of the migration, or in words what it does",
    "rollbackSafe": "safe, unsafe or after-down",
    "reason": "why the version before it works on the schema after it, or does not",
    "reviewer": "who has looked at it",
}
"""Keys that a note must have, and what to write there."""

_OF_ONE_LINE = re.compile(r"[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?")
_JOB = re.compile(r"[a-z0-9]([-a-z0-9.]{0,250}[a-z0-9])?")
_LONGEST_TEXT = {"name": 100, "reviewer": 200}
_LONGEST_REASON, _MOST_ARGS, _LONGEST_ARG = 1000, 50, 500
_DOWN = Down("")

Args = Annotated[tuple[str, ...], BeforeValidator(one_or_many)]


class DownSpec(Spec):
    """How the migration is taken back: by a Job made of a CronJob that stands in the workload's namespace."""

    model_config = ConfigDict(json_schema_extra={"required": ["job"]})

    job: str | None = described(
        "CronJob (suspended) whose template the Job is made of.", examples=["shop-migrate-down"]
    )
    image: str | None = described("Image of its first container; without it the CronJob's own.")
    args: Args | None = described("Arguments of its first container; without them the CronJob's own.")
    when: Literal["before", "after"] | None = described(
        "Whether it runs before the earlier version comes back, or once it is there.", str(_DOWN.when)
    )
    automatic: StrictBool | None = described(
        "Whether it may run without a person's approval: only where nothing else reads what it takes away.",
        default=False,
    )
    deadline: Duration | None = described("After this time it has failed.", str(Duration(_DOWN.deadline)))


class NoteSpec(Spec):
    """What a reviewer says of one database migration."""

    model_config = ConfigDict(json_schema_extra={"required": list(REQUIRED)})

    name: str | None = described("Name of the migration, unlike that of any other.", examples=["3f2a-drop-price"])
    forward: Globs | None = described("The migration's file, or several; in words where there is none.")
    rollback_safe: Literal["safe", "unsafe", "after-down"] | None = described(
        "safe: the version before it works on the schema after it. unsafe: it does not, or data are lost."
        " after-down: it does once `down` has run."
    )
    reason: str | None = described("Why that is so, for the person who reads it at night.")
    down: DownSpec | None = described("How it is taken back; only with after-down.")
    reviewer: str | None = described("Who has looked at it.", examples=["ann@example.com"])


@dataclass(frozen=True, slots=True)
class WrittenNote:
    """A note, and the migration files that it is about."""

    note: MigrationNote
    forward: tuple[str, ...]


def note(content: bytes, file: str, where: str = "") -> WrittenNote:
    """Read a note; `file` is what problems call it, `where` what people are told of it (empty: the same).

    Raises ConfigError with all its problems.
    """
    document = Document(content[: LARGEST + 1], file, "name: NAME")
    if len(content) > LARGEST:
        document.report((), f"the note is larger than {LARGEST >> 10} KiB", "keep to what a reviewer has to say")
    spec = fitted(document, NoteSpec)
    _report(document, spec)
    document.report_ambiguous()
    if document.problems:
        raise ConfigError(document.problems)
    return _compiled(spec, where or file)


def schema() -> dict[str, Any]:
    """The JSON Schema of a note (draft 2020-12)."""
    found: dict[str, Any] = without_null(NoteSpec.model_json_schema(by_alias=True))
    title = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Migration note of watcher"}
    return title | found


def schema_text() -> str:
    """The schema as it is committed."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _report(document: Document, spec: NoteSpec) -> None:
    for key, what in REQUIRED.items():
        if not document.has((key,)):
            document.report((), f"{key} is missing", f"add {key}: {what}")
    for key, most in _LONGEST_TEXT.items():
        value = getattr(spec, key)
        if value is not None and (not _OF_ONE_LINE.fullmatch(value) or len(value) > most):
            document.report((key,), f"{key} is no single line of at most {most} characters", "write a short text")
    if spec.reason is not None and not spec.reason.strip():
        document.report(("reason",), "reason is empty", "say why the version before it works, or does not")
    elif spec.reason is not None and len(spec.reason) > _LONGEST_REASON:
        what = f"reason has more than {_LONGEST_REASON} characters"
        document.report(("reason",), what, "say it shortly: it is kept in every record of a decision")
    if spec.rollback_safe == "after-down" and not document.has(("down",)):
        what = "rollbackSafe is after-down and down is missing"
        document.report(("rollbackSafe",), what, "add down: {job: CRONJOB}, or write safe or unsafe")
    if spec.down is not None:
        _report_down(document, spec, spec.down)


def _report_down(document: Document, spec: NoteSpec, down: DownSpec) -> None:
    if spec.rollback_safe in ("safe", "unsafe"):
        what = f"down would never run: rollbackSafe is {spec.rollback_safe}"
        document.report(("down",), what, "remove it, or write rollbackSafe: after-down", at_key=True)
    if not document.has(("down", "job")):
        document.report(("down",), "down lacks job", "add job: the name of a CronJob in the workload's namespace")
    elif down.job is not None and not _JOB.fullmatch(down.job):
        document.report(("down", "job"), f"{down.job[:60]!r} is no name of a CronJob", "write it as kubectl shows it")
    if down.image is not None and not re.fullmatch(r"[^\s\x00-\x1f]{1,500}", down.image):
        document.report(("down", "image"), "this is no image", "write it as in a pod template")
    if len(down.args or ()) > _MOST_ARGS or any(len(each) > _LONGEST_ARG for each in down.args or ()):
        what = f"args are more than {_MOST_ARGS}, or one is longer than {_LONGEST_ARG} characters"
        document.report(("down", "args"), what, "put them into the CronJob")
    if down.deadline is not None and not SHORTEST <= down.deadline <= LONGEST:
        what = f"a deadline of {down.deadline} is out of range"
        document.report(("down", "deadline"), what, f"write {Duration(SHORTEST)} to {Duration(LONGEST)}")


def _compiled(spec: NoteSpec, where: str) -> WrittenNote:
    found = MigrationNote(
        name=spec.name or "",
        safety=Safety(spec.rollback_safe or Safety.UNSAFE),
        reason=" ".join((spec.reason or "").split()),
        reviewer=spec.reviewer or "",
        where=where,
        down=_down(spec.down) if spec.down is not None else None,
    )
    return WrittenNote(found, spec.forward or ())


def _down(spec: DownSpec) -> Down:
    return Down(
        job=spec.job or "",
        image=spec.image or "",
        args=spec.args or (),
        when=When(spec.when or _DOWN.when),
        automatic=bool(spec.automatic),
        deadline=float(spec.deadline if spec.deadline is not None else _DOWN.deadline),
    )
