"""The last steps: prove that it is over, and write it down."""

from __future__ import annotations

from datetime import UTC, datetime
from shlex import quote

from watcher.runbook.commands import Command, Step
from watcher.runbook.facts import Facts
from watcher.runbook.queries import RANGE

BEFORE = 900.0
"""Seconds before the release that a recording begins."""


def verifying(facts: Facts) -> Step:
    """Over is what the numbers say, not what the rollout says."""
    selected = (f"--selector={facts.details.selector}",) if facts.details.selector else ()
    images = (
        "custom-columns=NAME:.metadata.name,READY:.status.containerStatuses[*].ready,IMAGE:.spec.containers[*].image"
    )
    texts = [
        (
            "No pod of the bad version is left, all are ready, and the queries of the step before are within bounds "
            f"for {RANGE} "
            "**after the last bad pod was gone**. Old pods that are bad too, or a second service that began to "
            "suffer at that "
            "time, speak for a dependency: going back did not help then, and going back further will not either."
        ),
    ]
    if facts.view.manager is not None:
        texts.append(
            "Git and cluster say the same: the application is Synced at your revert, and stays so for ten minutes."
        )
    return Step(
        "verify",
        "Verify before you declare it over",
        tuple(texts),
        (Command("Its pods and their images", facts.call("get", "pods", f"--output={images}", *selected), reads=True),),
    )


def filing(facts: Facts) -> Step:
    """The note, and the hold is lifted."""
    newest, workload = facts.view.newest(), str(facts.view.workload)
    lift = facts.call("annotate", f"{facts.kind}/{facts.name}", "watcher.dev/hold-", "watcher.dev/approve-")
    commands = [Command("Lift the hold", lift)]
    if facts.view.decision:
        commands.append(
            Command("The note that watcher wrote", f"watcher decisions note {quote(facts.view.decision)}", reads=True)
        )
    if newest is not None:
        begin, end = _time(newest.created - BEFORE), '"$(date -u +%Y-%m-%dT%H:%M:%SZ)"'
        record = f"watcher record {quote(workload)} --from {begin} --to {end} {quote(f'incident-{facts.name}')}"
        commands.append(
            Command("A recording, while Prometheus and the cluster remember", record, reads=True, needs="watcher")
        )
    texts = (
        (
            "Write down: what broke and since when, how it was found, which release and commit, what you did at "
            "which time, what "
            "is left to do (Git, flag, data, the tag that must not come back), and what would have found it sooner."
        ),
        (
            "Release what is mended under a new tag: the bad one may still be cached, quarantined, or in somebody's "
            "branch."
        ),
    )
    return Step("file", "File the note", texts, tuple(commands))


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
