"""The first lines of a note: over or not, for how long, of what."""

from __future__ import annotations

from watcher.core.moments import moment, span
from watcher.core.words import Action, Durability, Mode, Outcome
from watcher.incident.escaping import code, plain, table
from watcher.incident.facts import Document, Incident

_OVER: dict[str, str] = {
    Outcome.RESTORED: "The service has recovered",
    Outcome.RESTORED_UNCONFIRMED: "The good version runs; too little traffic came to prove recovery",
    Outcome.DID_NOT_HELP: "**Going back did not help**: the good version runs, and the service is still bad",
    Outcome.FAILED: "**Going back failed**",
    Outcome.SUPERSEDED: "A newer release took its place before the end",
    Outcome.WAITING_FOR_PERSON: "It waits for a person",
}
_DURABLE: dict[str, str] = {
    Durability.DURABLE: "Git and cluster agree",
    Durability.CLUSTER_ONLY: "in the cluster only: its source still holds the bad version",
    Durability.GIT_ONLY: "in Git only: the cluster does not follow yet",
}


def heading(incident: Incident) -> list[str]:
    """Title, the one sentence, and the facts as a table."""
    document, watch = incident.document, incident.watch
    images = ", ".join(code(each) for each in document.get("images") or [])
    target = document.get("target") or {}
    back = ", ".join(code(each) for each in target.get("images") or [])
    rows = [
        ("Decision", f"{code(incident.id)}, {document.get('action')} ({document.get('mode')})"),
        ("Cluster", plain(incident.cluster)),
        ("Workload", code(incident.workload)),
        ("Release", f"{images}, revision {code(document.get('revision') or '?')}, began {moment(incident.began)}"),
        ("Back to", f"{back}, revision {code(target.get('revision') or '?')}" if target else ""),
        ("Change", watch.release.change.value if watch is not None else ""),
        ("Bad since", moment(incident.bad_since) if incident.bad_since is not None else "not known"),
        ("Decided", f"{moment(incident.decided_at)}{_after(incident.decided_at, incident.bad_since)}"),
        ("Ended", f"{moment(incident.ended_at)}{_after(incident.ended_at, incident.bad_since)}"),
        ("Called", _label(document)),
    ]
    day = moment(incident.decided_at)[:10]
    return [
        f"# Post-incident note: {plain(incident.workload)}, {day}",
        "",
        f"{summary(incident)}.",
        "",
        *table(("", ""), [(name, text) for name, text in rows if text]),
    ]


def summary(incident: Incident) -> str:
    """Over or not, for how long, and whether it lasts."""
    document = incident.document
    outcome, durability = str(document.get("outcome") or ""), str(document.get("durability") or "")
    said = [_OVER.get(outcome, "") or _open(document)]
    if incident.bad_since is not None and incident.ended_at is not None and outcome == Outcome.RESTORED:
        said.append(f"it was bad for {span(incident.ended_at - incident.bad_since)}")
    if durability in _DURABLE and document.get("git"):
        said.append(_DURABLE[durability])
    return "; ".join(said)


def _open(document: Document) -> str:
    if document.get("replaced_by"):
        return f"Decision {code(document['replaced_by'])} took the place of this one"
    if document.get("action") == Action.HOLD:
        guard = (document.get("guard") or {}).get("id", "a guard")
        return f"**Not rolled back**: {code(guard)} held"
    if document.get("action") == Action.ROLL_FORWARD:
        return "**Not rolled back**: there is no safe way back, so the way is forward"
    if document.get("mode") == Mode.OBSERVE:
        return "**Nothing was done**: mode is observe"
    if document.get("mode") == Mode.PROPOSE:
        return "**Proposed, and not approved**"
    return "It is still acting"


def _after(at: float | None, since: float | None) -> str:
    return f", {span(at - since)} after it began to be bad" if at is not None and since is not None else ""


def _label(document: Document) -> str:
    label = document.get("label")
    if not label:
        return ""
    note = f": {plain(label['note'])}" if label.get("note") else ""
    return f"{plain(label.get('verdict'))} by {plain(label.get('by'))}{note}"
