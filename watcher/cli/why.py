"""`watcher why`: why a workload was, or was not, rolled back."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from watcher.cli.output import Format, Output, for_programs
from watcher.cli.printing import show_facts
from watcher.cli.reading import Server, Store, asking, named, present
from watcher.core.deciding.freezes import frozen_line
from watcher.core.deciding.kept import kept_lines
from watcher.core.moments import moment
from watcher.core.telling.facts import Facts, facts


def why(
    workload: Annotated[str, typer.Argument(help="Kind/namespace/name, as in Deployment/shop/checkout.")],
    server: Server = "",
    store: Store = None,
    output: Output = Format.TABLE,
) -> None:
    """Tell why a workload was, or was not, rolled back.

    Exit code 0: here is the answer, also that there is no such workload; 2: that is no name of a workload; 5: the
    daemon or the log cannot be reached.
    """
    with asking(server, store) as answers:
        found = answers.why(named(workload))
    if output is not Format.TABLE:
        typer.echo(for_programs(found, output))
        return
    typer.echo(f"{found.get('workload')}: {found.get('why')}\n")
    show_facts([*_release(found), *_checks(found), *_more(found, present())])


def _release(found: dict[str, Any]) -> Facts:
    release = found.get("release")
    if not release:
        return []
    images = ", ".join(release.get("images") or [])
    ended = f"watched until {moment(release['ended'])}" if release.get("ended") is not None else "under watch"
    text = f"revision {release.get('revision')}, {images}, began {moment(release.get('began'))}, {ended}"
    verdict = release.get("verdict") or "undecided"
    return [("Release", text), ("Verdict", verdict), ("Never undone", release.get("never_undo") or "")]


def _checks(found: dict[str, Any]) -> Facts:
    return [
        ("Checks", "\n".join(map(_check, found.get("checks") or []))),
        ("Problems", "\n".join(found.get("problems") or [])),
    ]


def _check(finding: dict[str, Any]) -> str:
    """Its sentence, which mostly begins with the name of the check."""
    name, sentence = f"{finding.get('check')}: ", str(finding.get("sentence") or "")
    return sentence if sentence.startswith(name) else name + sentence


def _more(found: dict[str, Any], now: float) -> Facts:
    """The decision, the mode, and names that are near when the name is not known."""
    decision = found.get("decision")
    about = [("Decision", str(decision.get("id"))), *facts(decision, now)] if decision else []
    known = [_known(each) for each in found.get("known_good") or []]
    return [
        ("Mode", found.get("mode") or ""),
        ("Kept by", "\n".join(kept_lines(found["kept"])) if found.get("kept") else ""),
        ("Way back", _way(found.get("way_back") or {})),
        ("Held", found.get("held") or ""),
        ("Frozen", "\n".join(map(frozen_line, found.get("frozen") or []))),
        ("Known good", ", ".join(known)),
        ("Bad", "\n".join(map(_bad, found.get("quarantined") or []))),
        ("Refused", _refused(found.get("refused") or {})),
        ("Did you mean", ", ".join(found.get("near") or [])),
        *about,
    ]


def _way(way: dict[str, Any]) -> str:
    """What would lead back from the next release, as far as that is known before it."""
    if not way:
        return ""
    return f"{way['rung']} ({way.get('mode')}): {way.get('why')}" if way.get("rung") else f"none: {way.get('why')}"


def _known(entry: dict[str, Any]) -> str:
    revoked = f", revoked: {entry['revoked']}" if entry.get("revoked") else ""
    by = f", says {entry['by']}" if entry.get("by") else ""
    return f"{entry.get('revision')} ({entry.get('provenance')}{by}{revoked})"


def _bad(entry: dict[str, Any]) -> str:
    return f"{entry.get('revision')}, {moment(entry.get('since'))}: {entry.get('reason')}"


def _refused(command: dict[str, Any]) -> str:
    """The last command of a person that was not carried out."""
    if not command:
        return ""
    return f"a rollback that {command.get('by')} commanded {moment(command.get('at'))}: {command.get('why')}"
