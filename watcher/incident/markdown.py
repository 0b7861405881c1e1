"""The post-incident note as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable
from shlex import quote

from watcher.core.moments import moment
from watcher.core.sentence import percent
from watcher.core.state import Finding
from watcher.incident.escaping import block, code, plain, table
from watcher.incident.facts import Incident
from watcher.incident.heading import heading
from watcher.incident.panels import allowed_by
from watcher.incident.remaining import questions, remaining
from watcher.incident.way import way

NONE = "\N{EN DASH}"

MARGIN = 900.0
"""Seconds before the release from which on a recording is asked for: what was usual is needed too."""

AFTERWARDS = 120.0
"""Seconds after the end that belong to a recording."""


def markdown(incident: Incident, picture: str = "", alternative: str = "") -> str:
    """The note.  `picture` is the address of the SVG beside it, empty where there is none; `alternative` says the same.

    Made of the log alone: the same log gives the same text.
    """
    parts = [
        heading(incident),
        _broke(incident),
        _evidence(incident, picture, alternative),
        way(incident),
        _timeline(incident),
        _told(incident),
        _listed("What is left to do", remaining(incident), "Nothing that the log knows of.", box="[ ] "),
        _causes(incident),
        _replay(incident),
        _listed("Open questions", questions(incident), "None.", box="[ ] "),
        [f"Written by watcher from its decision log, decision {code(incident.id)}. Times are UTC."],
    ]
    return "\n\n".join("\n".join(part) for part in parts if part) + "\n"


def _broke(incident: Incident) -> list[str]:
    said = [each.get("sentence") for each in incident.document.get("verdicts") or [] if each.get("verdict") == "breach"]
    return ["## What broke", "", *(f"- {plain(each)}." for each in said or [incident.document.get("reason")] if each)]


def _evidence(incident: Incident, picture: str, alternative: str) -> list[str]:
    lines = ["## Evidence", ""]
    if picture:
        lines += [f"![{plain(alternative, 1500)}]({picture})", ""]
    elif incident.watch is None:
        lines += ["The log keeps no records of this release any more, so there is no picture.", ""]
    findings = incident.decision.findings if incident.decision is not None else ()
    rows = [
        (
            code(each.check),
            each.lane.value if each.lane is not None else NONE,
            each.verdict.value if each.verdict is not None else "undecided",
            _tally(each.new.total, each.new.bad),
            _tally(each.old.total, each.old.bad),
            _allowed(each),
            moment(each.since),
        )
        for each in findings
    ]
    head = ("check", "lane", "verdict", "new version", "old version", "allowed", "since")
    return [*lines, *table(head, rows)] if rows or picture else lines[:-1]


def _allowed(finding: Finding) -> str:
    bound = allowed_by(finding)
    return percent(bound) if bound is not None and finding.new.total > 0 else NONE


def _tally(total: float, bad: float) -> str:
    return f"{bad:,.0f} of {total:,.0f} ({percent(bad / total)})" if total > 0 else NONE


def _timeline(incident: Incident) -> list[str]:
    since = incident.bad_since
    rows = [(moment(each.at)[11:], _offset(each.at, since), plain(each.text)) for each in incident.timeline]
    if not rows:
        return []
    lines = ["## Timeline", "", *table(("UTC", "since it was bad", "what"), rows)]
    if incident.left_out:
        lines += ["", f"{incident.left_out} more in between: {code(f'watcher decisions show {incident.id}')}"]
    return lines


def _offset(at: float, since: float | None) -> str:
    if since is None:
        return ""
    left = round(at) - round(since)
    minutes, rest = divmod(abs(left), 60)
    return f"{'-' if left < 0 else '+'}{minutes}:{rest:02d}"


def _told(incident: Incident) -> list[str]:
    rows = [
        (moment(each.at)[11:], code(each.channel), plain(each.title), each.result.replace("_", " ") or "still waits")
        for each in incident.notified
    ]
    nobody = ["Nobody, by this log; Events on the workload may have been read."]
    return ["## Who was told", "", *(table(("UTC", "channel", "what", "result"), rows) or nobody)]


def _causes(incident: Incident) -> list[str]:
    causes = incident.document.get("causes") or []
    if not causes:
        return []
    return ["## Likely causes", "", *(f"{number}. {plain(each)}" for number, each in enumerate(causes, start=1))]


def _replay(incident: Incident) -> list[str]:
    begin = (incident.began if incident.began is not None else incident.decided_at) - MARGIN
    end = (incident.ended_at if incident.ended_at is not None else incident.decided_at) + AFTERWARDS
    name = f"incidents/{incident.id}"
    times = f"--from {_rfc(begin)} --to {_rfc(end)}"
    return [
        "## Replay it",
        "",
        "From Prometheus and the cluster, while they still remember; then change the thresholds file in it and look",
        "what else would have been decided:",
        "",
        *block(f"watcher record {quote(incident.workload)} {times} {name}", f"watcher replay {name}"),
    ]


def _rfc(at: float) -> str:
    return moment(math.floor(at)).replace(" ", "T")


def _listed(title: str, lines: Iterable[str], otherwise: str, box: str = "") -> list[str]:
    found = [f"- {box}{each}" for each in lines]
    return [f"## {title}", "", *(found or [otherwise])]
