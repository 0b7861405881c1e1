"""One decision in the order in which somebody who was woken by it asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from watcher.core.moments import ago, moment, span
from watcher.core.words import Action, Durability, Mode, Outcome, Rung

Document = dict[str, Any]
Facts = list[tuple[str, str]]

_ENDINGS: dict[str, str] = {
    Outcome.RESTORED: "Yes: the service has recovered",
    Outcome.RESTORED_UNCONFIRMED: "Yes as far as can be told: the good version runs, too little traffic to prove it",
    Outcome.SUPERSEDED: "For this decision: a newer release took its place",
    Outcome.DID_NOT_HELP: "No: going back worked, the metrics are still bad",
    Outcome.FAILED: "No: going back failed",
    Outcome.WAITING_FOR_PERSON: "No: it waits for a person",
}
_DURABILITY: dict[str, str] = {
    Durability.DURABLE: "durable",
    Durability.CLUSTER_ONLY: "in the cluster only, its source still holds the bad version",
    Durability.GIT_ONLY: "in Git only, the cluster does not follow yet",
}
_UNFINISHED: dict[str, str] = {
    Mode.OBSERVE: "No: mode is observe, so nothing was done",
    Mode.PROPOSE: "No: it is proposed, and waits for a person",
}


def facts(decision: Document, now: float, others: Iterable[str] = ()) -> Facts:
    """Names and texts, in order; `now` in Unix seconds.  `others` are workloads that are suspected at the same time."""
    found = [
        ("Over?", _over(decision)),
        ("You must", decision.get("remedy") or "do nothing"),
        ("Waits", _waits(decision)),
        ("Approved", _approved(decision)),
        ("Commanded", _commanded(decision)),
        ("Passed", "\n".join(_passed(decision))),
        ("Acting?", _acting(decision)),
        ("Evidence", _evidence(decision)),
        ("Changed", _changed(decision)),
        ("Git", "\n".join(_git(decision.get("git") or {}))),
        ("Flag", _flag(decision.get("flag") or {}, decision.get("flag_restores") or [])),
        ("Database", "\n".join(_database(decision))),
        ("Causes", "\n".join(decision.get("causes") or [])),
        ("Also", _also(decision, others)),
        ("Guards", "\n".join(_guards(decision))),
        ("Rungs", "\n".join(map(_rung, decision.get("rungs") or []))),
        ("Data", _age(decision, now)),
        ("Label", _label(decision)),
        ("Record", decision.get("problem", "")),
    ]
    return [(name, text) for name, text in found if text]


def is_over(decision: Document) -> bool:
    """Whether nobody needs to look at it any more."""
    if not is_breach(decision) or decision.get("replaced_by"):
        return True
    return decision.get("outcome") in (Outcome.RESTORED, Outcome.RESTORED_UNCONFIRMED, Outcome.SUPERSEDED)


def is_breach(decision: Document) -> bool:
    """Whether something had to be done at all."""
    return decision.get("action") not in (None, Action.NONE)


def is_acting(decision: Document) -> bool:
    """Whether a way back is under way."""
    going_back = decision.get("action") in (Action.ROLL_BACK, Action.FLAG_OFF)
    return going_back and decision.get("mode") == Mode.ACT and not decision.get("outcome")


def _over(decision: Document) -> str:
    durability = _DURABILITY.get(decision.get("durability") or "", "")
    parts = [_ending(decision), durability, _since(decision)]
    return ", ".join(part for part in parts if part)


def _ending(decision: Document) -> str:
    outcome = str(decision.get("outcome") or "")
    if decision.get("replaced_by"):
        return f"For this decision: {decision['replaced_by']} took its place"
    if outcome:
        return _ENDINGS.get(outcome, outcome)
    if not is_breach(decision):
        return "There was nothing to do"
    if is_acting(decision):
        return "No: it is still acting"
    if decision.get("action") == Action.HOLD:
        return "No: a guard holds"
    if decision.get("action") == Action.ROLL_FORWARD:
        return "No: there is no safe way back, roll forward"
    return _UNFINISHED.get(decision.get("mode") or "", "No")


def _waits(decision: Document) -> str:
    """Until when it waits for a person, and each command that approves it."""
    waiting = decision.get("waiting")
    if not waiting:
        return ""
    end = f", at the latest until {moment(waiting['until'])}" if waiting.get("until") is not None else ""
    ways = "\nor: ".join(waiting.get("approve") or [])
    return f"for a person's approval, as long as the fault lasts{end}\n{ways}"


def _approved(decision: Document) -> str:
    approval = decision.get("approval")
    return f"by {approval.get('by')} ({approval.get('way')}), {moment(approval.get('at'))}" if approval else ""


def _commanded(decision: Document) -> str:
    request = decision.get("request")
    if not request:
        return ""
    return f"by {request.get('by')} ({request.get('way')}), {moment(request.get('at'))}: {request.get('reason')}"


def _passed(decision: Document) -> Iterator[str]:
    """Guards that the person let it pass."""
    for guard in decision.get("overridden") or []:
        yield f"{guard.get('id')}: {guard.get('reason')}"


def _label(decision: Document) -> str:
    label = decision.get("label")
    if not label:
        return ""
    note = f": {label['note']}" if label.get("note") else ""
    return f"{label.get('verdict')}, says {label.get('by')}, {moment(label.get('at'))}{note}"


def _since(decision: Document) -> str:
    bad, restored = decision.get("first_bad_at"), decision.get("restored_at")
    if restored is not None:
        took = f" after {span(restored - bad)}" if bad is not None else ""
        return f"since {moment(restored)}{took}"
    return f"bad since {moment(bad)}" if bad is not None else ""


def _acting(decision: Document) -> str:
    if not is_acting(decision):
        return "no"
    kind, _, place = str(decision.get("workload")).partition("/")
    namespace, _, name = place.partition("/")
    hold = f"kubectl -n {namespace} annotate {kind.lower()} {name} watcher.dev/hold='REASON'"
    rung = decision.get("rung") or "the next rung"
    return f"yes, {rung} is under way ({decision.get('phase') or 'acting'}); to stop it: {hold}"


def _evidence(decision: Document) -> str:
    sentences = [each.get("sentence") for each in decision.get("verdicts") or [] if each.get("verdict") == "breach"]
    return "\n".join(each for each in sentences if each) or decision.get("reason") or ""


def _changed(decision: Document) -> str:
    images = ", ".join(decision.get("images") or [])
    parts = [
        str(decision.get("workload") or ""),
        f"revision {decision['revision']}" if decision.get("revision") else f"release {decision.get('release')}",
        images,
    ]
    return ", ".join(part for part in parts if part) + _target(decision)


def _git(git: Document) -> Iterator[str]:
    """Whose commits brought it, and what has become of their revert."""
    for commit in git.get("commits") or []:
        yield f"{str(commit.get('sha'))[:12]} {commit.get('subject')} ({commit.get('author')})"
    if git.get("repo"):
        by = f", kept by {git['application']}" if git.get("application") else ""
        yield f"{git.get('branch')} of {git['repo']}{by}"
    if git.get("revision"):
        yield f"reverted by {str(git['revision'])[:12]}"
    if git.get("link"):
        yield f"pull request {git['link']}"
    if git.get("failed"):
        yield f"not reverted: {git['failed']}"


def _flag(flag: Document, restores: Iterable[Document]) -> str:
    """How it stood, how it stands, and how it comes on again."""
    if not flag:
        return ""
    after = f" -> {flag['after']}" if flag.get("after") else ""
    off = f"\noff since {moment(flag['switched_at'])}; {flag['restore']}" if flag.get("restore") else ""
    asked = (
        f"\nput back to {each.get('state')}, asked for by {each.get('by')}, {moment(each.get('at'))} "
        f"({each.get('reason')}): {each.get('result') or 'nobody knows what came of it'}"
        for each in restores
    )
    return f"{flag.get('name')}: {flag.get('before')}{after}{off}{''.join(asked)}"


def _database(decision: Document) -> Iterator[str]:
    """Which migrations lie in between, and what became of those that were taken back."""
    sight = decision.get("migrations") or {}
    for note in sight.get("notes") or []:
        yield f"{note.get('name')}: {note.get('safety')}, says {note.get('reviewer')} in {note.get('where')}"
    for what in sight.get("unnoted") or []:
        yield f"without a note: {what}"
    if sight.get("problem"):
        yield f"not known: {sight['problem']}"
    for down in decision.get("downs") or []:
        ended = "done" if down.get("ended_at") is not None else "under way" if down.get("ordered_at") else "to be run"
        last = str(down.get("logs") or "").strip().rpartition("\n")[2]
        logs = f" ({last})" if last else ""
        yield f"down migration {down.get('note')}: {'failed: ' + down['failed'] if down.get('failed') else ended}{logs}"


def _target(decision: Document) -> str:
    target = decision.get("target")
    if not target:
        return ""
    known = [*(target.get("images") or []), target.get("provenance")]
    details = ", ".join(str(each) for each in known if each)
    would = "else " if decision.get("rung") == Rung.FLAG else ""
    return f"\n{would}back to revision {target.get('revision')}" + (f" ({details})" if details else "")


def _also(decision: Document, others: Iterable[str]) -> str:
    """What else burns."""
    siblings = decision.get("siblings") or []
    same = [f"released by the same change, and suspected: {', '.join(siblings)}"] if siblings else []
    apart = sorted(set(others) - set(siblings))
    return "\n".join([*same, *([f"suspected too: {', '.join(apart)}"] if apart else [])])


def _guards(decision: Document) -> Iterator[str]:
    only = [decision["guard"]] if decision.get("guard") else []
    for guard in decision.get("guards") or only:
        yield f"{guard.get('id')}: {guard.get('reason') or 'no reason was recorded'}"


def _rung(rung: Document) -> str:
    took = f", took {span(rung['took_s'])}" if rung.get("took_s") is not None else ""
    failed = f", failed: {rung['failed']}" if rung.get("failed") else ""
    reason = f": {rung['reason']}" if rung.get("reason") else ""
    untaken = "skipped" if rung.get("mode", "none") == "none" else "in reserve"
    return f"{rung.get('rung')} {'taken' if rung.get('taken') else untaken}{took}{failed}{reason}"


def _age(decision: Document, now: float) -> str:
    at = decision.get("decided_at", decision.get("at"))
    return f"decided {moment(at)}, {ago(at, now)}; mode {decision.get('mode')}" + _why_mode(decision)


def _why_mode(decision: Document) -> str:
    return f" ({decision['why_mode']})" if decision.get("why_mode") else ""
