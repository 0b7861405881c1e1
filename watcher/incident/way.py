"""Which way back was taken and why, as a note tells it: rungs, guards, persons, commits."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.moments import moment, span
from watcher.core.words import Rung
from watcher.incident.escaping import code, link, plain, table
from watcher.incident.facts import Document, Incident


def way(incident: Incident) -> list[str]:
    """Reason, the ladder with what was skipped, guards that held or were overridden, who approved, and the commits."""
    document = incident.document
    why_mode = (
        f" It went no farther than {document.get('mode')}: {plain(document['why_mode'])}."
        if document.get("why_mode")
        else ""
    )
    lines = ["## Which way, and why", "", f"{plain(document.get('reason'), 1200)}{why_mode}", ""]
    rows = [
        (code(each.get("rung")), _taken(each, document), plain(each.get("failed") or each.get("reason")))
        for each in document.get("rungs") or []
    ]
    lines += [*table(("rung", "", "why"), rows), ""]
    lines += [
        f"- Guard {code(each.get('id'))} held: {plain(each.get('reason'))}" for each in document.get("guards") or []
    ]
    lines += list(_persons(document))
    lines += list(_commits(document))
    return lines if lines[-1] else lines[:-1]


def _taken(rung: Document, decision: Document) -> str:
    if not rung.get("taken"):
        along = rung.get("rung") == Rung.GIT and (decision.get("git") or {}).get("revision")
        untaken = "not taken" if rung.get("mode", "none") == "none" else "in reserve"
        return "done, along with the one above" if along else untaken
    took = f" in {span(rung['took_s'])}" if rung.get("took_s") is not None else ""
    return f"failed{took}" if rung.get("failed") else f"done{took}" if took else "taken"


def _persons(document: Document) -> Iterator[str]:
    approval, asked = document.get("approval"), document.get("request")
    if approval:
        yield f"- Approved by {plain(approval.get('by'))} ({plain(approval.get('way'))}), {moment(approval.get('at'))}"
    if asked:
        who, why = f"{plain(asked.get('by'))} ({plain(asked.get('way'))})", plain(asked.get("reason"))
        yield f"- At the command of {who}, {moment(asked.get('at'))}: {why}"
    for each in document.get("overridden") or []:
        yield f"- Guard {code(each.get('id'))} was overridden by that person: {plain(each.get('reason'))}"


def _commits(document: Document) -> Iterator[str]:
    git = document.get("git") or {}
    for each in git.get("commits") or []:
        who, what = plain(each.get("author"), 80), plain(each.get("subject"), 120)
        yield f"- Brought by {code(str(each.get('sha'))[:12])} {what} ({who})"
    if git.get("revision"):
        where = f"{code(git.get('branch'))} of {code(git.get('repo'))}"
        yield f"- Taken back by {code(str(git['revision'])[:12])} on {where}"
    if git.get("failed"):
        yield f"- Not reverted in Git: {plain(git['failed'])}"
    if git.get("link"):
        yield f"- Pull request: {link(str(git['link']))}"
