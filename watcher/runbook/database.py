"""The database: whether the version before works on the schema as it is now.  Before anything changes the version."""

from __future__ import annotations

from collections.abc import Iterator

from watcher.core.model import Revision
from watcher.runbook.commands import Command, Step
from watcher.runbook.facts import Facts

ANNOTATION = "watcher.dev/migrations"


def database(facts: Facts) -> Step:
    """All releases between the target and the current one count."""
    names = list(dict.fromkeys(each.migrations for each in _between(facts) if each.migrations))
    texts = [
        (
            "**Never go back over a change of the schema that the version before cannot live with.** All releases "
            "between the "
            "target and the running one count. `rollbackSafe: safe`: go on. `after-down`: run the down migration "
            "first (or "
            "after, as its note says). `unsafe`, or nobody knows: do not touch the application, and go forward."
        )
    ]
    if not names:
        texts.append(
            f"No revision in the range names notes ({ANNOTATION}). Ask whoever released it, and look for migrations "
            "among "
            "the commits of the step below, and for Jobs that ran with the release."
        )
    return Step("database", "The database, before the version is changed", tuple(texts), tuple(_commands(facts, names)))


def _between(facts: Facts) -> Iterator[Revision]:
    target = facts.target
    for each in facts.view.revisions:
        if target is None or each.number > target.number:
            yield each


def _commands(facts: Facts, names: list[str]) -> Iterator[Command]:
    for name in names:
        shown = facts.call("get", "configmap", name, "--output=yaml")
        yield Command(f"The notes of the release: ConfigMap {name}", shown, reads=True)
    if names:
        job = facts.call("create", "job", "--from=cronjob/NAME", f"{facts.name[:40]}-down-by-hand")
        text = "Where a note says after-down: its Job, with the CronJob that the note names in place of NAME"
        yield Command(text, f"# {job}", reads=True)
    jobs = facts.call("get", "jobs", "--sort-by=.metadata.creationTimestamp")
    yield Command("Jobs that ran lately", jobs, reads=True)
