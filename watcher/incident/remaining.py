"""What is left to do after an incident, and what is to be asked: one line each, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from watcher.core.state import Revert
from watcher.core.words import Action, Durability, Mode, Outcome, Rung
from watcher.incident.escaping import code, link, plain
from watcher.incident.facts import Document, Incident

_BACK = (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED, Outcome.DID_NOT_HELP)
_BAD_ENDS = (Outcome.DID_NOT_HELP, Outcome.FAILED)


def remaining(incident: Incident) -> tuple[str, ...]:
    """Everything that a person has to do, most urgent first."""
    return tuple(
        dict.fromkeys((*_first(incident), *_git(incident), *_flag(incident), *_data(incident), *_rest(incident)))
    )


def _first(incident: Incident) -> Iterator[str]:
    remedy = str(incident.document.get("remedy") or "")
    if remedy:
        yield plain(remedy)
    if incident.document.get("outcome") in _BAD_ENDS:
        yield f"The service may still be bad: {code(f'watcher why {quote(incident.workload)}')} tells how it stands."


def _git(incident: Incident) -> Iterator[str]:
    git, revert = incident.document.get("git") or {}, _revert(incident)
    durability = incident.document.get("durability")
    if durability == Durability.DURABLE:
        return
    if revert is not None and revert.link and not revert.revision:
        yield f"Git: merge {link(revert.link)}; until then the branch holds the bad version."
    elif git.get("repo"):
        where = f"{code(git.get('branch'))} of {code(git['repo'])}"
        yield f"Git: {where} still holds the bad version; revert it, or the next sync brings it back."
    elif incident.document.get("outcome") in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED):
        yield (
            "Source: put the good version into what deploys this workload (chart, manifest, pipeline): the next apply "
            "of the bad one brings it back."
        )


def _revert(incident: Incident) -> Revert | None:
    watch = incident.watch
    if watch is None:
        return None
    return watch.rollback.revert if watch.rollback is not None else watch.revert


def _flag(incident: Incident) -> Iterator[str]:
    flag = incident.document.get("flag") or {}
    if flag.get("switched_at") is not None:
        was = f" (it was {code(flag['before'], 200)})" if flag.get("before") else ""
        again = code(flag.get("restore"))
        yield f"Flag: {code(flag.get('name'))} was switched off{was}. Put it back once the cause is mended: {again}."


def _data(incident: Incident) -> Iterator[str]:
    sight = incident.document.get("migrations") or {}
    for note in sight.get("notes") or []:
        said = f"{code(note.get('name'))} ({plain(note.get('safety'))}: {plain(note.get('reason'))})"
        yield f"Data: migration {said} lay in the range; see {code(note.get('where'))}."
    for each in sight.get("unnoted") or []:
        yield f"Data: {plain(each)}; nobody has noted whether the version before works with it."
    if sight.get("problem"):
        yield f"Data: which migrations lay in the range is not known: {plain(sight['problem'])}"
    for down in incident.document.get("downs") or []:
        yield f"Data: {_down(down)}. What it wrote: {code(f'watcher decisions show {incident.id}')}."


def _down(down: Document) -> str:
    job = f" by Job {code(down['job'])}" if down.get("job") else ""
    name = f"the down migration of {code(down.get('note'))}"
    if down.get("failed"):
        return f"{name}{job} **failed**: {plain(down['failed'])}"
    return (
        f"{name} was run{job}; the next release has to run the migration again"
        if down.get("ended_at")
        else (f"{name} was not run to its end{job}")
    )


def _rest(incident: Incident) -> Iterator[str]:
    watch = incident.watch
    back = watch is not None and watch.rollback is not None and watch.rollback.rung is not Rung.FLAG
    if watch is not None and back and incident.document.get("outcome") in _BACK:
        images = ", ".join(code(each) for each in watch.release.images)
        which = f"{images} (revision {code(watch.release.revision)})"
        yield f"Quarantine: {which} is taken for bad, its return is an alarm. Release what is mended under another tag."
    for each in incident.residue:
        yield f"Residue: {plain(each)}"


def questions(incident: Incident) -> tuple[str, ...]:
    """What the log cannot know."""
    label = code(f"watcher decisions label {incident.id} right")
    asked = [
        "What was the cause, and which test or review would have shown it before the release?",
        "Who was affected, and how: does the share of bad requests tell all of it?",
        f"Was the decision right? Say so, for the report counts with it: {label} (or `wrong`).",
    ]
    if incident.document.get("action") == Action.HOLD or incident.document.get("mode") != Mode.ACT:
        asked.append("It was not undone by itself. Should it have been, and what kept it?")
    if incident.document.get("outcome") in _BAD_ENDS:
        asked.append("The way back did not end it. Which step of the runbook was missing?")
    if incident.bad_since is not None and incident.decided_at - incident.bad_since > 300:
        asked.append("It took more than five minutes to be sure. Is there a check, or a bound, that tells sooner?")
    return tuple(asked)
