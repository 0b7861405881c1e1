"""What a revert says of itself: its commit's message, and the text of its pull request."""

from __future__ import annotations

import re
from collections.abc import Sequence

from watcher.core.gitops import CommitNote
from watcher.core.orders import RevertOrder

DECISION = "Watcher-Decision"
"""Trailer with the id of the decision by which a commit was made."""

WORKLOAD = "Watcher-Workload"
REVERTS = "Reverts"

_SKIPS_CHECKS = re.compile(r"\[(?:skip|no) ?(?:ci|actions)\]|\[(?:ci|actions) skip\]|\*\*\*NO_CI\*\*\*", re.IGNORECASE)
"""What forges and servers take for the wish that no check runs; a subject that is quoted may have it."""

LONGEST_SUBJECT = 100


def of_commit(order: RevertOrder, notes: Sequence[CommitNote]) -> str:
    """The whole message: subject, body and trailers."""
    trailers = [f"{DECISION}: {order.decision}", f"{WORKLOAD}: {order.workload}"]
    trailers += [f"{REVERTS}: {sha}" for sha in order.commits]
    return "\n\n".join([subject(order, notes), _body(order, notes), "\n".join(trailers)]) + "\n"


def of_pull_request(order: RevertOrder, notes: Sequence[CommitNote], why: str) -> str:
    """The text that a person reads who is to merge it; `why` tells why it was not pushed."""
    return "\n\n".join(
        part
        for part in (
            _body(order, notes),
            _line(f"This needs a person: {why}.") if why else "",
            f"Once it is merged, watcher sees to it that the cluster follows. Decision {order.decision}.",
        )
        if part
    )


def subject(order: RevertOrder, notes: Sequence[CommitNote]) -> str:
    """One line, as `git revert` writes it."""
    if len(order.commits) > 1:
        return f"Revert {len(order.commits)} commits of {order.application.name}"
    said = next((each.subject for each in notes if each.sha in order.commits), "")
    return f'Revert "{_line(said)[:LONGEST_SUBJECT] or order.commits[0][:12]}"'


def _body(order: RevertOrder, notes: Sequence[CommitNote]) -> str:
    told = [_line(f"- {note.sha[:12]} {note.subject} ({note.author})") for note in notes if note.sha in order.commits]
    goes_back = f"{order.workload}, which {order.application} keeps as Git says, goes back to {order.good[:12]}."
    taken_back = "\n".join(["Taken back, newest first:", *(told or [f"- {sha}" for sha in order.commits])])
    return "\n\n".join([goes_back, _line(order.reason), taken_back])


def _line(text: str) -> str:
    """One line of text that asks nobody to skip anything."""
    return " ".join(_SKIPS_CHECKS.sub("", text).split())
