"""The syntax of `freezes`: times in which nothing is written."""

from __future__ import annotations

from typing import Literal

from watcher.config.models_match import MatchSpec
from watcher.config.spec import Spec, described
from watcher.config.values import Duration

RungName = Literal["flag", "abort", "git", "bridge", "undo", "sync"]


class ExceptSpec(Spec):
    """What may be done all the same."""

    rungs: tuple[RungName, ...] | None = described("Ways back that may be taken while the window is open.")


class FreezeSpec(Spec):
    """A window in which nothing is written: one that comes again (start, for), or a single one (from, until)."""

    start: str | None = described(
        "When it opens: a cron expression of five fields, in timeZone.", examples=["0 18 * * FRI", "0 22 * * *"]
    )
    lasts: Duration | None = described("How long it stays open.", alias="for", examples=["62h", "10h"])
    begin: str | None = described("When a single window opens, in timeZone.", None, "from", ["2026-12-20T18:00"])
    until: str | None = described("When a single window closes, in timeZone.", examples=["2027-01-04T08:00"])
    time_zone: str | None = described("IANA name of the time zone.", "UTC", examples=["Europe/Berlin"])
    match: MatchSpec | None = described("For which workloads; default: all.")
    exceptions: ExceptSpec | None = described("What may be done all the same.", alias="except")
    reason: str | None = described("Why, shown wherever the window holds something.")
