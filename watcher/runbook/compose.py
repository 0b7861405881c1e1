"""The runbook of one workload: a pure function of what was seen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from watcher.core.deciding.kept import kept_body
from watcher.runbook.aborting import aborting
from watcher.runbook.commands import Step
from watcher.runbook.confirming import confirming, taking_over
from watcher.runbook.database import database
from watcher.runbook.ending import filing, verifying
from watcher.runbook.facts import Facts
from watcher.runbook.flags import flag_off
from watcher.runbook.git import through_git
from watcher.runbook.undoing import undoing


@dataclass(frozen=True, slots=True)
class Runbook:
    """What a person does, step by step."""

    facts: Facts
    steps: tuple[Step, ...]

    def body(self) -> dict[str, Any]:
        """For programs."""
        view, target = self.facts.view, self.facts.target
        return {
            "workload": str(view.workload),
            "at": self.facts.now,
            "current": view.current,
            "target": target.number if target is not None else None,
            "revisions": [
                {
                    "number": each.number,
                    "name": each.name,
                    "images": list(each.images),
                    "created": each.created,
                    "ran_s": self.facts.ran(each),
                    "ready": each.ready,
                    "commit": each.commit,
                    "flag": each.flag,
                    "migrations": each.migrations,
                }
                for each in view.revisions
            ],
            "kept": kept_body(view),
            "unseen": list(self.facts.unseen),
            "steps": [asdict(each) for each in self.steps],
        }


def runbook(facts: Facts) -> Runbook:
    """Its steps, in the order in which they are tried; the database is a gate before anything changes the version."""
    return Runbook(
        facts,
        (
            taking_over(facts),
            confirming(facts),
            flag_off(facts),
            database(facts),
            aborting(facts),
            through_git(facts),
            undoing(facts),
            verifying(facts),
            filing(facts),
        ),
    )
