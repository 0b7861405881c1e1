"""What is left to do after an incident, and what is to be asked: one line each, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from watcher.core.state import Revert
from watcher.core.words import Action, Durability, Mode, Outcome, Rung
from watcher.incident.escaping import code, link, plain
from watcher.incident.facts import Incident

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
    decision = incident.decision
    if decision is None or decision.flag is None:
        return
    switched = any(each.rung is Rung.FLAG and each.at is not None and not each.failed for each in decision.rungs)
    if switched:
        again = code(f"watcher flags restore {decision.id}")
        yield f"Flag: {code(decision.flag.flag)} was switched off. Put it back once the cause is mended: {again}."


def _data(incident: Incident) -> Iterator[str]:
    sight = incident.decision.migrations if incident.decision is not None else None
    if sight is None:
        return
    for note in sight.notes:
        down = ", and its down migration is part of the way back" if note.down is not None else ""
        yield f"Data: migration {code(note.name)} ({note.safety.value}: {plain(note.reason)}) lay in the range{down}."
    for each in sight.unnoted:
        yield f"Data: {plain(each)}; nobody has noted whether the version before works with it."


def _rest(incident: Incident) -> Iterator[str]:
    watch = incident.watch
    acted = incident.document.get("action") in (Action.ROLL_BACK, Action.FLAG_OFF)
    if watch is not None and watch.rollback is not None and acted:
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
