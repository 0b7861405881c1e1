"""Rules across the keys of a freeze window."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

from watcher.config import cron
from watcher.config.freezes import moment
from watcher.config.problems import choose
from watcher.config.rules_services import report_match
from watcher.config.rules_sources import NAME, NAME_REMEDY

if TYPE_CHECKING:
    from watcher.config.document import Document, Path
    from watcher.config.models import ThresholdsSpec
    from watcher.config.models_freezes import FreezeSpec

LONGEST_REASON = 200
"""Characters: it is shown in every sentence about a hold."""

LOOKED_AT = 50
"""Windows that follow each other that are looked at for a gap between two."""

_CRON = 'write minute, hour, day of month, month and day of week, as in "0 18 * * FRI"'
_TIME = "write it as 2026-12-20T18:00; timeZone says where"
_EITHER = "write start and for, or from and until"


def report_freezes(document: Document, spec: ThresholdsSpec) -> None:
    """Report what is wrong with the windows."""
    for name, window in (spec.freezes or {}).items():
        path: Path = ("freezes", name)
        if not NAME.match(name):
            document.report(path, f"{name} cannot name a window", NAME_REMEDY, at_key=True)
        place = _zone(document, path, window)
        _report_keys(document, path)
        _report_start(document, path, window, place)
        _report_dates(document, path, window, place)
        _report_rest(document, path, window)


def _zone(document: Document, path: Path, window: FreezeSpec) -> ZoneInfo:
    place = cron.zone(window.time_zone or "UTC")
    if place is not None:
        return place
    remedy = choose(window.time_zone or "", sorted(available_timezones()))
    remedy = remedy if remedy.startswith("did you mean") else "write an IANA name such as Europe/Berlin"
    document.report((*path, "timeZone"), f"the time zone {window.time_zone!r:.60} is not known here", remedy)
    return ZoneInfo("UTC")


def _report_keys(document: Document, path: Path) -> None:
    again = [key for key in ("start", "for") if document.has((*path, key))]
    once = [key for key in ("from", "until") if document.has((*path, key))]
    if again and once:
        what = f"the window {path[-1]} is one that comes again ({again[0]}) and a single one ({once[0]})"
        document.report(path, what, f"{_EITHER}, or make a window of each", at_key=True)
    elif not again and not once:
        document.report(path, f"the window {path[-1]} does not say when it is open", _EITHER, at_key=True)
    else:
        for missing in {"start", "for"} - set(again) if again else {"from", "until"} - set(once):
            document.report(path, f"the window {path[-1]} lacks {missing}", _EITHER, at_key=True)


def _report_start(document: Document, path: Path, window: FreezeSpec, place: ZoneInfo) -> None:
    if window.lasts is not None and window.lasts <= 0:
        document.report((*path, "for"), "the window has no length", "write a duration such as 10h")
    if window.start is None:
        return
    fault = cron.fault(window.start)
    if fault:
        document.report((*path, "start"), f"start {window.start!r:.80} is no cron expression: {fault}", _CRON)
    elif window.lasts is not None and _never_closes(window.start, window.lasts, place):
        what = f"the window never closes: it opens again within {window.lasts}"
        document.report((*path, "for"), what, "write a shorter time; mode: observe keeps from acting for good")


def _never_closes(start: str, lasts: float, place: ZoneInfo) -> bool:
    dues = islice(cron.dues(start, place, datetime(2026, 1, 1, tzinfo=UTC)), LOOKED_AT)
    return all(later - earlier <= lasts for earlier, later in pairwise(dues))


def _report_dates(document: Document, path: Path, window: FreezeSpec, place: ZoneInfo) -> None:
    times = {key: moment(text, place) for key, text in (("from", window.begin), ("until", window.until)) if text}
    for key, time in times.items():
        if time is None:
            written = window.begin if key == "from" else window.until
            document.report((*path, key), f"{key} {written!r:.60} is not a date with a time", _TIME)
    begin, end = times.get("from"), times.get("until")
    if begin is not None and end is not None and end.timestamp() <= begin.timestamp():
        document.report((*path, "until"), f"until {window.until} is not after from {window.begin}", "write a later one")


def _report_rest(document: Document, path: Path, window: FreezeSpec) -> None:
    if window.match is not None:
        report_match(document, (*path, "match"), window.match)
        if window.match.exclude is not None:
            report_match(document, (*path, "match", "not"), window.match.exclude)
    nothing = window.exceptions is not None and not window.exceptions.rungs
    if nothing and not document.spoilt((*path, "except")):
        document.report((*path, "except"), "except names nothing", "write rungs: [flag, abort], or remove the key")
    if window.reason is not None and len(window.reason) > LONGEST_REASON:
        what = f"the reason has {len(window.reason)} characters"
        document.report((*path, "reason"), what, f"write {LONGEST_REASON} at the most")
