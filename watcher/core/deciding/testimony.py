"""A person's word on a revision: good, so that it may be gone back to, or bad, so that it may not."""

from __future__ import annotations

from dataclasses import replace

from watcher.core.deciding import commanded, ledger
from watcher.core.deciding.commanded import Version
from watcher.core.model import Word
from watcher.core.sentence import seconds
from watcher.core.state import Heard, KnownGood, WorkloadState
from watcher.core.turn import Turn
from watcher.core.words import Provenance


def take(turn: Turn) -> None:
    """Take up what a person has said since the last step."""
    word = turn.observation.word
    if word is None:
        return
    version = commanded.find(turn.state, turn.view, word.revision)
    objection = _objection(turn, word, version)
    if version is None or objection:
        _answer(turn, word, objection, accepted=False)
        turn.move("word_refused")
    elif word.good:
        turn.state = _good(turn, word, version)
        _answer(turn, word, _so_good(turn, version), accepted=True)
        _note(turn, word, version)
        turn.move("called_good")
    else:
        turn.state = _bad(turn, word, version)
        text = f"revision {version.revision} counts as bad: it is gone back to no more, and its return is an alarm"
        _answer(turn, word, text, accepted=True)
        _note(turn, word, version)
        turn.move("called_bad")


def heard(state: WorkloadState | None, word: Word) -> Heard | None:
    """What became of this word, after the step that took it up; None: it could not be taken up."""
    found = state.heard if state is not None else None
    return found if found is not None and found.word == word else None


def _answer(turn: Turn, word: Word, text: str, *, accepted: bool) -> None:
    turn.state = replace(turn.state, heard=Heard(word, text, accepted))


def _note(turn: Turn, word: Word, version: Version) -> None:
    """Keep it with the newest release too, where it is about its version."""
    watch = turn.state.watch
    if watch is not None and watch.release.template_id == version.template_id:
        turn.update(replace(watch, said=word))


def _objection(turn: Turn, word: Word, version: Version | None) -> str:
    watch = turn.state.watch
    if version is None:
        known = ", ".join(f"{each.name} ({each.number})" for each in turn.view.revisions)
        return f"neither the cluster nor the ledger knows a revision {word.revision}; there is {known or 'none'}"
    if word.good and watch is not None and watch.release.template_id == version.template_id:
        if watch.carrying_out:
            return f"revision {version.revision} is being rolled back just now"
        if watch.breached_at is not None and watch.release.number == turn.view.current:
            return f"revision {version.revision} stands at breach just now: hold it, if it is not to be rolled back"
    return ""


def _good(turn: Turn, word: Word, version: Version) -> WorkloadState:
    state = ledger.release_from_quarantine(turn.state, version.template_id, by_person=True)
    if version.template_id == state.mark.template_id:
        state = ledger.learn(state, Provenance.PASSED, turn.view, turn.observation.surroundings, turn.now)
    found = (each for each in state.known_good if each.template_id == version.template_id)
    new = KnownGood(version.template_id, version.revision, version.images, Provenance.PASSED, turn.now)
    kept = next(found, replace(new, last_ran=_last_ran(turn, version)))
    entry = replace(kept, provenance=Provenance.PASSED, since=turn.now, revoked="", by=_by(word))
    others = tuple(each for each in state.known_good if each.template_id != entry.template_id)
    return replace(state, known_good=(*others, entry)[-ledger.KEPT :])


def _last_ran(turn: Turn, version: Version) -> float:
    """When a revision that the ledger does not hold was replaced, Unix seconds, as the revisions after it tell."""
    own = turn.view.with_template(version.template_id)
    later = [each.created for each in turn.view.revisions if own is not None and each.number > own.number]
    created = own.created if own is not None else turn.now
    return max(created, min(later, default=created))


def _so_good(turn: Turn, version: Version) -> str:
    entry = next(each for each in turn.state.known_good if each.template_id == version.template_id)
    rules = turn.policy.known_good
    if ledger.expired(entry, rules, turn.now) and entry.last_ran is not None:
        ago = seconds(turn.now - entry.last_ran)
        return f"revision {version.revision} is known good, but last ran {ago} ago: it may not be gone back to any more"
    return f"revision {version.revision} is known good, and may be gone back to"


def _bad(turn: Turn, word: Word, version: Version) -> WorkloadState:
    watch = turn.state.watch  # what the release of an earlier one brought is not known any more
    own = watch is not None and watch.release.template_id == version.template_id
    origins = watch.release.origins if watch is not None and own else ()
    reason = f"{_by(word)} called it bad"
    state = ledger.quarantine_template(turn.state, version.template_id, version.revision, reason, turn.now, origins)
    last = replace(state.quarantined[-1], by=word.by)
    return replace(state, quarantined=(*state.quarantined[:-1], last))


def _by(word: Word) -> str:
    return f"{word.by} ({word.reason})" if word.reason else word.by
